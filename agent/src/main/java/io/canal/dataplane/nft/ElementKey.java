package io.canal.dataplane.nft;

import io.canal.ruleset.nft.Bytes;
import io.canal.ruleset.nft.NftElement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What identifies an element of a set. An interval is one: the kernel has its first key and the first one behind it as two elements,
 * and refuses intervals that overlap, also for a moment in the middle of a batch.
 *
 * @param end the first key behind an interval; empty for a single key, and for an interval up to the last key there is
 */
record ElementKey(String set, Bytes key, Optional<Bytes> end) {

    // As in ChainName.
    /** Of two elements with one key the end comes first: it belongs to the interval before. */
    private static final Comparator<NftElement> ENDS_FIRST = (a, b) -> {
        int byKey = a.key().compareTo(b.key());
        return byKey != 0 ? byKey : Boolean.compare(b.end(), a.end());
    };

    /** The order in which elements of one set are written. */
    static final Comparator<ElementKey> ORDER = (a, b) -> a.key.compareTo(b.key);

    // Written out: what a record has by itself is slow in a young process, and these are the keys of large tables.
    @Override
    public boolean equals(Object other) {
        return other instanceof ElementKey that && key.equals(that.key) && set.equals(that.set) && end.equals(that.end);
    }

    @Override
    public int hashCode() {
        return (key.hashCode() * 31 + set.hashCode()) * 31 + end.hashCode();
    }

    static ElementKey of(String set, Bytes key) {
        return new ElementKey(set, key, Optional.empty());
    }

    /** The elements of one set, in any order, with both ends of each interval together. */
    static List<ElementKey> paired(List<NftElement> elements) {
        List<NftElement> sorted = elements.stream().sorted(ENDS_FIRST).toList();
        List<ElementKey> keys = new ArrayList<>(sorted.size());
        for (int i = 0; i < sorted.size(); i++) {
            NftElement element = sorted.get(i);
            Optional<Bytes> end = i + 1 < sorted.size() && sorted.get(i + 1).end() ? Optional.of(sorted.get(i + 1).key()) : Optional.empty();
            if (!element.end()) {
                keys.add(new ElementKey(element.set(), element.key(), end));
            }
        }
        return keys;
    }
}
