package io.canal.policy.calc;

import io.canal.model.calico.Kind;
import io.canal.model.calico.ResourceKey;
import java.util.Comparator;

/** Which endpoint or network set. */
record ItemKey(Kind kind, String namespace, String name) implements Comparable<ItemKey> {

    private static final Comparator<ItemKey> ORDER = Comparator.comparing(ItemKey::kind).thenComparing(ItemKey::namespace).thenComparing(ItemKey::name);

    static ItemKey of(ResourceKey key) {
        return new ItemKey(key.kind(), key.namespace(), key.name());
    }

    // Written out: what a record has by itself is slow in a young process, and these are the keys of large tables.
    @Override
    public boolean equals(Object other) {
        return other instanceof ItemKey that && kind == that.kind && name.equals(that.name) && namespace.equals(that.namespace);
    }

    @Override
    public int hashCode() {
        return (name.hashCode() * 31 + namespace.hashCode()) * 31 + kind.ordinal();
    }

    @Override
    public int compareTo(ItemKey other) {
        return ORDER.compare(this, other);
    }
}
