package io.canal.reconcile;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The current facts of one kind, by key, and which of them changed since the calculators last looked.
 *
 * <p>Tables belong to the {@link ApplyLoop}'s thread: sources write through {@link ApplyLoop#write}, calculators read in a pass.
 * An empty table is not the same as an unknown one: {@link #inSync} says whether the source has delivered all that there is.
 */
public final class Table<K, V> {

    private final String name;
    private final Map<K, V> rows = new HashMap<>();
    private Set<K> changed = new HashSet<>();
    private boolean inSync;

    public Table(String name) {
        this.name = name;
    }

    public String name() {
        return name;
    }

    public void put(K key, V value) {
        V before = rows.put(key, value);
        if (!value.equals(before)) {
            changed.add(key);
        }
    }

    public void remove(K key) {
        if (rows.remove(key) != null) {
            changed.add(key);
        }
    }

    /** A whole listing: these rows are, and no others. The table is in sync after it. */
    public void replace(Map<K, V> all) {
        Set<K> others = new HashSet<>(rows.keySet());
        others.removeAll(all.keySet());
        others.forEach(this::remove);
        all.forEach(this::put);
        inSync = true;
    }

    public @Nullable V get(K key) {
        return rows.get(key);
    }

    public Map<K, V> rows() {
        return Collections.unmodifiableMap(rows);
    }

    /** Whether the source has delivered all that there is. */
    public boolean inSync() {
        return inSync;
    }

    public void inSync(boolean now) {
        inSync = now;
    }

    /** The keys whose row was set, changed or removed since the last call; the set is handed over. */
    public Set<K> takeChanged() {
        Set<K> taken = changed;
        changed = new HashSet<>();
        return taken;
    }
}
