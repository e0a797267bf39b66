package io.canal.ruleset;

import java.util.Comparator;

/** A chain of ours: chains of one name in two layers are two chains. The name is as in iptables, at most 28 characters. */
public record ChainName(Layer layer, String name) implements Comparable<ChainName> {

    private static final Comparator<ChainName> ORDER = Comparator.comparing(ChainName::layer).thenComparing(ChainName::name);

    public ChainName {
        // XT_EXTENSION_MAXNAMELEN is 29 with the NUL. Characters: what no parser of either tool takes for syntax.
        if (name.isEmpty() || name.length() > 28 || !name.chars().allMatch(ChainName::allowed)) {
            throw new IllegalArgumentException("\"" + name + "\" cannot be a chain's name: 1 to 28 of A-Z a-z 0-9 . _ / -");
        }
    }

    public static ChainName filter(String name) {
        return new ChainName(Layer.FILTER, name);
    }

    public static ChainName nat(String name) {
        return new ChainName(Layer.NAT, name);
    }

    @Override
    public int compareTo(ChainName other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return layer.text() + " " + name;
    }

    private static boolean allowed(int c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '/';
    }
}
