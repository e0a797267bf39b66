package io.canal.policy;

import io.canal.model.calico.Kind;

/**
 * Which policy.
 *
 * @param kind NetworkPolicy, GlobalNetworkPolicy, or a staged form of them
 * @param namespace empty for a global one
 * @param name as the key in etcd has it: that is what Felix calls chains by, and orders by
 */
public record PolicyId(Kind kind, String namespace, String name) implements Comparable<PolicyId> {

    /** Such as {@code NetworkPolicy default/web} or {@code GlobalNetworkPolicy deny}. */
    public String text() {
        return kind.title() + " " + (namespace.isEmpty() ? name : namespace + "/" + name);
    }

    /**
     * Felix's order of policies that have the same order: that of the whole text {@code name/namespace/kind}, so that {@code a-x}
     * comes before {@code a}.
     */
    @Override
    public int compareTo(PolicyId other) {
        return sorted().compareTo(other.sorted());
    }

    private String sorted() {
        return name + "/" + namespace + "/" + kind.title();
    }

    // Written out: what a record has by itself is slow in a young process, and these are the keys of large tables.
    @Override
    public boolean equals(Object other) {
        return other instanceof PolicyId that && kind == that.kind && name.equals(that.name) && namespace.equals(that.namespace);
    }

    @Override
    public int hashCode() {
        return (name.hashCode() * 31 + namespace.hashCode()) * 31 + kind.ordinal();
    }

    @Override
    public String toString() {
        return text();
    }
}
