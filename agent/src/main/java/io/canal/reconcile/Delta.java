package io.canal.reconcile;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What should be beside what is, by key, and the difference between the two, kept up to date with each call.
 *
 * <p>This is the one primitive of reconciliation: a calculator says what is wanted, a dump or an event of the kernel says what was
 * seen, and the reconciler applies the difference and then says that it did ({@link #saw}, {@link #gone}). The cost of a call
 * does not depend on the number of keys. Not thread-safe: it belongs to the thread that applies.
 *
 * @param <K> what identifies an object in the kernel, such as a route's destination and table
 * @param <V> everything about the object that we set, compared by {@code equals}
 */
public final class Delta<K, V> {

    private final Map<K, V> wanted = new HashMap<>();
    private final Map<K, V> seen = new HashMap<>();
    // Linked: to walk along a hash table that was full once costs as much as if it still were.
    private final Map<K, V> toSet = new LinkedHashMap<>();
    private final Set<K> toRemove = new LinkedHashSet<>();
    private final Set<K> outlived = new HashSet<>();
    private boolean listed;

    /** The object should be so. */
    public void want(K key, V value) {
        outlive(key, wanted.put(key, value));
        compare(key);
    }

    /** The object should not be. */
    public void unwant(K key) {
        outlive(key, wanted.remove(key));
        compare(key);
    }

    /** These objects should be, and no others. */
    public void wantOnly(Map<K, V> all) {
        Set<K> others = new HashSet<>(wanted.keySet());
        others.removeAll(all.keySet());
        others.forEach(this::unwant);
        all.forEach((key, value) -> {
            if (!value.equals(wanted.get(key))) {
                want(key, value);
            }
        });
    }

    /** The object was seen, or made, so. */
    public void saw(K key, V value) {
        seen.put(key, value);
        compare(key);
    }

    /** The object was seen to be absent, or was removed. */
    public void gone(K key) {
        seen.remove(key);
        compare(key);
    }

    /** A whole listing: these objects are, and no others. */
    public void sawOnly(Map<K, V> all) {
        Set<K> others = new HashSet<>(seen.keySet());
        others.removeAll(all.keySet());
        others.forEach(this::gone);
        all.forEach((key, value) -> {
            if (!value.equals(seen.get(key))) {
                saw(key, value);
            }
        });
        listed = true;
        outlived.retainAll(seen.keySet());
    }

    /** The objects to make or to change, with their wanted value. A view: copy it before the calls that change it. */
    public Map<K, V> toSet() {
        return Collections.unmodifiableMap(toSet);
    }

    /** The objects to remove: seen, and not wanted. A view: copy it before the calls that change it. */
    public Set<K> toRemove() {
        return Collections.unmodifiableSet(toRemove);
    }

    /**
     * Whether what was seen of the object may come from what was wanted before, and is so no more. Where it is not known yet that
     * all wishes have been told, only such an object may lose something: what is there and was never wished for may be needed.
     */
    public boolean isOutlived(K key) {
        return outlived.contains(key);
    }

    /** Whether what is, is what should be. */
    public boolean settled() {
        return toSet.isEmpty() && toRemove.isEmpty();
    }

    public @Nullable V wanted(K key) {
        return wanted.get(key);
    }

    public @Nullable V seen(K key) {
        return seen.get(key);
    }

    public Map<K, V> allWanted() {
        return Collections.unmodifiableMap(wanted);
    }

    public Map<K, V> allSeen() {
        return Collections.unmodifiableMap(seen);
    }

    private void outlive(K key, @Nullable V before) {
        if (before != null && (!listed || seen.containsKey(key)) && !before.equals(wanted.get(key))) {
            outlived.add(key);
        }
    }

    private void compare(K key) {
        V want = wanted.get(key);
        V is = seen.get(key);
        if (listed && is == null || want != null && want.equals(is)) {
            outlived.remove(key);
        }
        if (want != null && !Objects.equals(want, is)) {
            toSet.put(key, want);
        } else {
            toSet.remove(key);
        }
        if (want == null && is != null) {
            toRemove.add(key);
        } else {
            toRemove.remove(key);
        }
    }
}
