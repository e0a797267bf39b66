package io.canal.ruleset;

/** A layer at a hook: the kernel chain of an iptables table, a base chain of ours in nftables. */
public record HookPoint(Layer layer, Hook hook) implements Comparable<HookPoint> {

    public HookPoint {
        boolean exists = switch (layer) {
            case RAW -> hook == Hook.PREROUTING || hook == Hook.OUTPUT;
            case NAT -> hook != Hook.FORWARD;
            case FILTER -> hook == Hook.INPUT || hook == Hook.FORWARD || hook == Hook.OUTPUT;
            case MANGLE -> true;
        };
        if (!exists) {
            throw new IllegalArgumentException("table " + layer.text() + " has no chain " + hook);
        }
    }

    // Written out: lambdas of Comparator.comparing can be serialized, and the JVM makes such ones at each start.
    @Override
    public int compareTo(HookPoint other) {
        int byLayer = layer.compareTo(other.layer);
        return byLayer != 0 ? byLayer : hook.compareTo(other.hook);
    }

    @Override
    public String toString() {
        return layer.text() + " " + hook;
    }
}
