package io.canal.policy.reference;

/**
 * A packet on its way through one node.
 *
 * @param in the interface it comes in by; empty where the node sends it itself
 * @param out the interface it goes out by; empty where it is for the node itself
 * @param arriving the packet as it came in
 * @param flow the packet behind the translation of its destination; the same as {@code arriving} where there is none
 * @param state what connection tracking says of it
 */
public record Passage(String in, String out, Flow arriving, Flow flow, State state) {

    /** What connection tracking says of a packet. */
    public enum State {
        /** The first of a connection. */
        NEW,
        /** Of a connection that both sides take part in, or an answer. */
        ESTABLISHED,
        /** Part of no connection that is known, and beginning none. */
        INVALID
    }

    public Passage {
        if (in.isEmpty() && out.isEmpty()) {
            throw new IllegalArgumentException("a packet comes in by an interface or goes out by one; within a node that is lo");
        }
    }

    /** The first packet of a connection, to where it says. */
    public static Passage of(String in, String out, Flow flow) {
        return new Passage(in, out, flow, flow, State.NEW);
    }

    boolean isTranslated() {
        return !arriving.equals(flow);
    }
}
