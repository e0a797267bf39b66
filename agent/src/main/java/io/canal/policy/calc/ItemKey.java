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

    @Override
    public int compareTo(ItemKey other) {
        return ORDER.compare(this, other);
    }
}
