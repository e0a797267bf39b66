package io.canal.store;

import io.canal.store.Feed.Change;
import io.canal.store.Store.Entry;
import io.canal.store.Store.Listing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * etcd's data model in memory: revisions, transactions, leases, history, compaction. Deterministic: no thread, no lock, no clock of
 * its own; {@link MemoryStore} puts these around it, and the simulation of the lease keepers runs on it alone.
 */
public final class MemoryKv {

    /** A change of one key at one revision. */
    public record Event(long revision, Change change) {}

    private record Expiry(long atNanos, long lease) {}

    private static final class Lease {
        private final Duration ttl;
        private final Set<String> keys = new HashSet<>();
        private long expiresAtNanos;

        Lease(Duration ttl, long expiresAtNanos) {
            this.ttl = ttl;
            this.expiresAtNanos = expiresAtNanos;
        }
    }

    private final TreeMap<String, Entry> entries = new TreeMap<>();
    private final Map<Long, Lease> leases = new HashMap<>();
    private final PriorityQueue<Expiry> expiries = new PriorityQueue<>((a, b) -> Long.compare(a.atNanos, b.atNanos));
    private final ArrayList<Event> history = new ArrayList<>();
    private long clusterId;
    private long revision = 1;
    private long compacted;
    private long lastLease;

    public MemoryKv(long clusterId) {
        this.clusterId = clusterId;
    }

    public long clusterId() {
        return clusterId;
    }

    public long revision() {
        return revision;
    }

    /** Events before this revision are forgotten. */
    public long compacted() {
        return compacted;
    }

    public @Nullable Entry get(String key) {
        return entries.get(key);
    }

    public Listing list(String prefix) {
        List<Entry> found = new ArrayList<>();
        for (Entry entry : entries.tailMap(prefix, true).values()) {
            if (!entry.key().startsWith(prefix)) {
                break;
            }
            found.add(entry);
        }
        return new Listing(clusterId, revision, found);
    }

    /** Carries out a transaction; empty, with nothing done, where a put names a lease that is gone. */
    public Optional<Txn.Result> commit(Txn txn) {
        boolean holds = txn.compares().stream().allMatch(this::holds);
        if (holds) {
            for (Txn.Write write : txn.writes()) {
                if (write instanceof Txn.Write.Put put && put.lease() != 0 && !leases.containsKey(put.lease())) {
                    return Optional.empty();
                }
            }
            write(txn.writes());
        }
        Set<String> seen = new HashSet<>();
        List<Entry> read = new ArrayList<>();
        for (String key : txn.reads()) {
            read(key, seen, read);
        }
        if (!holds) {
            for (Txn.Compare compare : txn.compares()) {
                read(compare.key(), seen, read);
            }
        }
        return Optional.of(new Txn.Result(holds, clusterId, revision, read));
    }

    public long grant(Duration ttl, long nowNanos) {
        long id = ++lastLease << 8 | 0x7f;
        Lease lease = new Lease(ttl, nowNanos + ttl.toNanos());
        leases.put(id, lease);
        expiries.add(new Expiry(lease.expiresAtNanos, id));
        return id;
    }

    public Optional<Duration> keepAlive(long id, long nowNanos) {
        Lease lease = leases.get(id);
        if (lease == null) {
            return Optional.empty();
        }
        lease.expiresAtNanos = nowNanos + lease.ttl.toNanos();
        expiries.add(new Expiry(lease.expiresAtNanos, id));
        return Optional.of(lease.ttl);
    }

    public void revoke(long id) {
        Lease lease = leases.remove(id);
        if (lease != null) {
            write(lease.keys.stream().sorted().<Txn.Write>map(Txn.Write.Delete::new).toList());
        }
    }

    /** Ends the leases whose time is over. */
    public void expire(long nowNanos) {
        for (Expiry next = expiries.peek(); next != null && next.atNanos <= nowNanos; next = expiries.peek()) {
            expiries.poll();
            Lease lease = leases.get(next.lease);
            if (lease != null && lease.expiresAtNanos <= nowNanos) {
                revoke(next.lease);
            }
        }
    }

    /** When {@link #expire} may next have something to do; empty where no lease is alive. */
    public Optional<Long> nextExpiryNanos() {
        return Optional.ofNullable(expiries.peek()).map(Expiry::atNanos);
    }

    /** The events after {@code revision}; empty where they were compacted away. */
    public Optional<List<Event>> since(long since) {
        if (since < compacted) {
            return Optional.empty();
        }
        int from = history.size();
        while (from > 0 && history.get(from - 1).revision > since) {
            from--;
        }
        return Optional.of(List.copyOf(history.subList(from, history.size())));
    }

    /** Forgets the history up to now. */
    public void compact() {
        compacted = revision;
        history.clear();
    }

    /** Becomes another, empty cluster. */
    public void replace(long otherClusterId) {
        clusterId = otherClusterId;
        revision = 1;
        compacted = 0;
        entries.clear();
        leases.clear();
        expiries.clear();
        history.clear();
    }

    private boolean holds(Txn.Compare compare) {
        Entry entry = entries.get(compare.key());
        return switch (compare) {
            case Txn.Compare.Absent ignored -> entry == null;
            case Txn.Compare.ModRevision(String ignored, long modRevision) -> entry != null && entry.modRevision() == modRevision;
        };
    }

    private void write(List<Txn.Write> writes) {
        long next = revision + 1;
        boolean changed = false;
        for (Txn.Write write : writes) {
            switch (write) {
                case Txn.Write.Put(String key, String value, long lease) -> {
                    Entry before = entries.get(key);
                    detach(before);
                    Entry entry = new Entry(key, value, before == null ? next : before.createRevision(), next, lease);
                    entries.put(key, entry);
                    Lease held = leases.get(lease);
                    if (held != null) {
                        held.keys.add(key);
                    }
                    history.add(new Event(next, new Change.Put(entry)));
                    changed = true;
                }
                case Txn.Write.Delete(String key) -> {
                    Entry before = entries.remove(key);
                    if (before != null) {
                        detach(before);
                        history.add(new Event(next, new Change.Deleted(key)));
                        changed = true;
                    }
                }
            }
        }
        if (changed) {
            revision = next;
        }
    }

    private void detach(@Nullable Entry entry) {
        Lease lease = entry == null ? null : leases.get(entry.lease());
        if (lease != null && entry != null) {
            lease.keys.remove(entry.key());
        }
    }

    private void read(String key, Set<String> seen, List<Entry> read) {
        Entry entry = entries.get(key);
        if (entry != null && seen.add(key)) {
            read.add(entry);
        }
    }
}
