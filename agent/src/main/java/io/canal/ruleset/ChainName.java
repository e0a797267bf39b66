package io.canal.ruleset;

import java.util.regex.Pattern;

/** A chain of ours: chains of one name in two layers are two chains. The name is as in iptables, at most 28 characters. */
public record ChainName(Layer layer, String name) implements Comparable<ChainName> {

    private static final Pattern OF_ONE_OBJECT = Pattern.compile("(?:(?:raw|mangle|nat|filter)-)?cali-(?:p[io]|pr[io]|g[io]|[tf][wh]|[tf]hfw)-.*");

    public ChainName {
        // XT_EXTENSION_MAXNAMELEN is 29 with the NUL. Characters: what no parser of either tool takes for syntax.
        if (name.isEmpty() || name.length() > 28 || !allowed(name)) {
            throw new IllegalArgumentException("\"" + name + "\" cannot be a chain's name: 1 to 28 of A-Z a-z 0-9 . _ / -");
        }
    }

    public static ChainName filter(String name) {
        return new ChainName(Layer.FILTER, name);
    }

    public static ChainName nat(String name) {
        return new ChainName(Layer.NAT, name);
    }

    /**
     * Whether a chain is one object's, a policy's, a profile's, a group's or an endpoint's, so that others need not suffer where it cannot be made.
     *
     * @param name with or without the layer before it
     */
    public static boolean isOfOneObject(String name) {
        return OF_ONE_OBJECT.matcher(name).matches();
    }

    // Written out: what a record has by itself is slow in a young process, and these are the keys of large tables.
    @Override
    public boolean equals(Object other) {
        return other instanceof ChainName that && layer == that.layer && name.equals(that.name);
    }

    @Override
    public int hashCode() {
        return name.hashCode() * 31 + layer.ordinal();
    }

    // Written out as well: lambdas of Comparator.comparing can be serialized, and the JVM makes such ones at each start.
    @Override
    public int compareTo(ChainName other) {
        int byLayer = layer.compareTo(other.layer);
        return byLayer != 0 ? byLayer : name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return layer.text() + " " + name;
    }

    private static boolean allowed(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (!(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '/')) {
                return false;
            }
        }
        return true;
    }
}
