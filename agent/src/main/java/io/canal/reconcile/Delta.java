package io.canal.reconcile;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What should be beside what is, by key, and the difference between the two, kept up to date with each call.
 *
 * <p>This is the one primitive of reconciliation: a calculator says what is wanted, a dump or an event of the kernel says what was
 * seen, and the reconciler applies the difference and then says that it did ({@link #saw}, {@link #gone}). The cost of a call
 * does not depend on the number of keys. Not thread-safe: it belongs to the thread that applies.
 *
 * <p>What was as it should be and is seen otherwise, although the wish is still the same, was changed by somebody else; when it is as it
 * should be again, that is one of the {@link #takeRepairs repairs}.
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
    /** What others changed, as it was seen last. */
    private final Map<K, Found<V>> disturbed = new HashMap<>();
    private final List<Mended<K, V>> mended = new ArrayList<>();
    private boolean listed;

    private record Found<V>(@Nullable V value) {}

    private record Mended<K, V>(K key, @Nullable V found, @Nullable V now) {}

    /** The object should be so. */
    public void want(K key, V value) {
        V before = wanted.put(key, value);
        outlive(key, before);
        if (!value.equals(before)) {
            disturbed.remove(key);
        }
        compare(key);
    }

    /** The object should not be. */
    public void unwant(K key) {
        V before = wanted.remove(key);
        outlive(key, before);
        if (before != null) {
            disturbed.remove(key);
        }
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
        notice(key, seen.put(key, value), value);
        compare(key);
    }

    /** The object was seen to be absent, or was removed. */
    public void gone(K key) {
        notice(key, seen.remove(key), null);
        compare(key);
    }

    /** The object went with another that it hangs on, or may have: nobody changed it of its own. */
    public void lost(K key) {
        seen.remove(key);
        disturbed.remove(key);
        compare(key);
    }

    /** What was found changed up to now has a cause that is told elsewhere. */
    public void excuse() {
        disturbed.clear();
    }

    /** As {@link #excuse()}, for one object; gives whether it was found changed. */
    public boolean excuse(K key) {
        return disturbed.remove(key) != null;
    }

    /**
     * What others changed and is as it should be again, since the last call.
     *
     * @param what how an object is called
     * @param how how what is said of an object is put
     */
    public List<Repair> takeRepairs(Repair.Kind kind, Function<K, String> what, Function<V, String> how) {
        if (mended.isEmpty()) {
            return List.of();
        }
        List<Repair> repairs = new ArrayList<>(mended.size());
        for (Mended<K, V> each : mended) {
            String name = what.apply(each.key);
            V found = each.found;
            V now = each.now;
            if (found == null) {
                repairs.add(Repair.removed(kind, name));
            } else if (now == null) {
                repairs.add(Repair.added(kind, name));
            } else {
                repairs.add(Repair.changed(kind, name, how.apply(found), how.apply(now)));
            }
        }
        mended.clear();
        return repairs;
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

    private void notice(K key, @Nullable V before, @Nullable V now) {
        V want = wanted.get(key);
        if (Objects.equals(want, now)) {
            Found<V> found = disturbed.remove(key);
            if (found != null) {
                mended.add(new Mended<>(key, found.value, now));
            }
        } else if (disturbed.containsKey(key) || listed && Objects.equals(want, before)) {
            disturbed.put(key, new Found<>(now));
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
