package io.canal.policy;

import io.canal.model.calico.Kind;
import java.util.Comparator;

/**
 * Which policy.
 *
 * @param kind NetworkPolicy, GlobalNetworkPolicy, or a staged form of them
 * @param namespace empty for a global one
 * @param name as users see it, whatever form the key in etcd has
 */
public record PolicyId(Kind kind, String namespace, String name) implements Comparable<PolicyId> {

    /** Felix's order of policies that have the same order: by the text {@code name/namespace/kind}. */
    private static final Comparator<PolicyId> ORDER = Comparator.comparing(PolicyId::name).thenComparing(PolicyId::namespace).thenComparing(id -> id.kind().title());

    /** Such as {@code NetworkPolicy default/web} or {@code GlobalNetworkPolicy deny}. */
    public String text() {
        return kind.title() + " " + (namespace.isEmpty() ? name : namespace + "/" + name);
    }

    @Override
    public int compareTo(PolicyId other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return text();
    }
}
