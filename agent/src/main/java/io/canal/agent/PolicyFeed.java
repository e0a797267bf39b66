package io.canal.agent;

import io.canal.agent.Conditions.Weight;
import io.canal.model.Decoded;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Problem;
import io.canal.model.calico.ResourceKey;
import io.canal.reconcile.ApplyLoop;
import io.canal.store.Feed;
import io.canal.store.Store;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * Brings Calico's data from etcd into the tables of policy. A value that cannot be read damages its own row only: what it said before
 * stays in force, also after a start, and the value is named in the status.
 */
final class PolicyFeed implements Feed.Listener {

    private static final String PART = "policy";
    private static final int MOST = 5;
    /** From so many values on two threads read. */
    private static final int MANY = 32;
    // Not Comparator.comparing, whose lambda can be serialized: the JVM makes such ones at each start.
    private static final Comparator<ResourceKey> BY_PATH = (a, b) -> a.path().compareTo(b.path());

    private final ApplyLoop loop;
    private final PolicyTables tables;
    private final PolicyMemory memory;
    private final Conditions conditions;
    private volatile boolean heard;
    /** The etcd that told last, and how far it was; 0 before the first. */
    private long cluster;
    private long revision;
    private SortedMap<ResourceKey, String> problems = new TreeMap<>(BY_PATH);
    private volatile Set<ResourceKey> doubted = Set.of();
    /** The write by which each key has the value that was read last. */
    private Map<ResourceKey, Long> revisions = new HashMap<>();
    /** How far in etcd each write to the tables goes that is not in the kernel yet, by the loop's revision. */
    private final NavigableMap<Long, Long> underWay = new ConcurrentSkipListMap<>();
    private volatile long enforced;

    /** @param memory keeps what comes for a start without etcd */
    PolicyFeed(ApplyLoop loop, PolicyTables tables, PolicyMemory memory, Conditions conditions) {
        this.memory = memory;
        this.loop = loop;
        this.tables = tables;
        this.conditions = conditions;
    }

    @Override
    public void listed(Store.Listing listing) {
        Feed.Intake intake = listing(listing.clusterId(), listing.revision());
        intake.take(listing.entries());
        intake.complete();
    }

    @Override
    public Feed.Intake listing(long clusterId, long ofRevision) {
        return new Intake(clusterId, ofRevision);
    }

    /** @param decoded empty where it was not written since it was read */
    private record Value(ResourceKey key, Store.Entry entry, Optional<Decoded<PolicyObject>> decoded) {}

    /** Reads what is new in a listing; what has not been written since it was read is not read again. */
    private final class Intake implements Feed.Intake {

        private final long clusterId;
        private final long ofRevision;
        private final boolean another;
        /** Whether all of it is written down, and not only what is new. */
        private final boolean whole;
        private final Map<ResourceKey, PolicyObject> good = new HashMap<>();
        private final Set<ResourceKey> bad = new HashSet<>();
        /** Not written since they were read. */
        private final Set<ResourceKey> kept = new HashSet<>();
        private final Map<ResourceKey, Long> written = new HashMap<>();
        private final Map<ResourceKey, Store.Entry> flawed = new HashMap<>();
        private final SortedMap<ResourceKey, String> itsProblems = new TreeMap<>(BY_PATH);
        private final List<Store.Entry> news = new ArrayList<>();
        private final Shared shared = new Shared();
        /** Of who reads the other half of each part at the same time. */
        private final Shared sharedToo = new Shared();

        Intake(long clusterId, long ofRevision) {
            this.clusterId = clusterId;
            this.ofRevision = ofRevision;
            another = cluster != 0 && (clusterId != cluster || ofRevision < revision);
            whole = another || memory.stale();
            if (whole) {
                memory.begin();
            }
        }

        @Override
        public void take(List<Store.Entry> part) {
            Map<ResourceKey, PolicyObject> now = new HashMap<>();
            int half = part.size() < MANY ? part.size() : part.size() / 2;
            CompletableFuture<List<Value>> rest = half == part.size() ? CompletableFuture.completedFuture(List.of())
                    : CompletableFuture.supplyAsync(() -> values(part.subList(half, part.size()), sharedToo));
            values(part.subList(0, half), shared).forEach(value -> take(value, now));
            rest.join().forEach(value -> take(value, now));
            good.putAll(now);
            if (cluster == 0) {
                loop.write(() -> tables.expect(now));
            }
            if (whole) {
                memory.add(news);
                news.clear();
            }
        }

        /** Reads what is new; changes nothing but {@code words}. */
        private List<Value> values(List<Store.Entry> part, Shared words) {
            List<Value> values = new ArrayList<>(part.size());
            for (Store.Entry entry : part) {
                key(entry.key(), words).ifPresent(key -> {
                    Long before = revisions.get(key);
                    boolean known = !another && before != null && before == entry.modRevision() && !problems.containsKey(key);
                    values.add(new Value(key, entry, known ? Optional.empty() : Optional.of(PolicyObject.decode(key, entry.value(), words))));
                });
            }
            return values;
        }

        private void take(Value value, Map<ResourceKey, PolicyObject> now) {
            ResourceKey key = value.key;
            Store.Entry entry = value.entry;
            written.put(key, entry.modRevision());
            if (value.decoded.isEmpty()) {
                kept.add(key);
                if (whole) {
                    news.add(entry);
                }
                return;
            }
            Optional<PolicyObject> object = judge(key, value.decoded.get(), itsProblems);
            if (object.filter(read -> read.flaw().isEmpty()).isPresent()) {
                now.put(key, object.get());
                news.add(entry);
            } else {
                object.ifPresentOrElse(read -> good.put(key, read), () -> bad.add(key));
                flawed.put(key, entry);
            }
        }

        @Override
        public void complete() {
            heard = true;
            cluster = clusterId;
            revision = ofRevision;
            rememberFlawed();
            if (whole) {
                memory.add(news);
                memory.complete();
            } else {
                List<Feed.Change> changes = new ArrayList<>();
                news.forEach(entry -> changes.add(new Feed.Change.Put(entry)));
                revisions.keySet().stream().filter(key -> !written.containsKey(key)).forEach(key -> changes.add(new Feed.Change.Deleted(key.path())));
                memory.changed(changes);
            }
            revisions = written;
            problems = itsProblems;
            handed(loop.write(() -> tables.listed(good, bad, kept, another)));
            tell();
        }

        /** What was good before stays, in force and on disk. */
        private void rememberFlawed() {
            Map<String, String> before = flawed.isEmpty() ? Map.of() : memory.recall();
            flawed.forEach((key, entry) -> {
                String value = before.get(key.path());
                if (value != null && PolicyObject.decode(key, value, shared) instanceof Good<PolicyObject>(PolicyObject object) && object.flaw().isEmpty()) {
                    good.put(key, object);
                    news.add(new Store.Entry(key.path(), value, 0, 0, 0));
                } else if (good.containsKey(key)) {
                    news.add(entry);
                }
            });
        }
    }

    @Override
    public void changed(long upTo, List<Feed.Change> changes) {
        revision = Math.max(revision, upTo);
        List<Feed.Change> kept = new ArrayList<>();
        Map<ResourceKey, Optional<PolicyObject>> changed = new LinkedHashMap<>();
        Set<ResourceKey> bad = new HashSet<>();
        Shared shared = new Shared();
        for (Feed.Change change : changes) {
            key(change.key(), shared).ifPresent(key -> {
                switch (change) {
                    case Feed.Change.Put(Store.Entry entry) -> {
                        revisions.put(key, entry.modRevision());
                        read(key, entry.value(), shared, problems).ifPresentOrElse(object -> {
                            if (object.flaw().isEmpty()) {
                                kept.add(change);
                            }
                            bad.remove(key);
                            // Of several versions in one batch the last good one is in force.
                            changed.merge(key, Optional.of(object), PolicyTables::later);
                        }, () -> bad.add(key));
                    }
                    case Feed.Change.Deleted _ -> {
                        revisions.remove(key);
                        problems.remove(key);
                        kept.add(change);
                        bad.remove(key);
                        changed.put(key, Optional.empty());
                    }
                }
            });
        }
        if (!changed.isEmpty() || !bad.isEmpty()) {
            handed(loop.write(() -> tables.changed(changed, bad)));
            // Who waits for the kernel does not wait for the disk.
            memory.changed(kept);
        } else if (underWay.isEmpty()) {
            enforced = revision;
        } else {
            handed(loop.write(() -> { }));
        }
        tell();
    }

    private void handed(long write) {
        underWay.put(write, revision);
        // The pass may be over before it was noted what it is waited for.
        if (loop.applied().revision() >= write) {
            loop.write(() -> { });
        }
    }

    /** A pass has brought the tables, as they were at this revision of the loop, into the kernel; told on the loop's thread. */
    void applied(long write) {
        if (tables.isSettled()) {
            NavigableMap<Long, Long> done = underWay.headMap(write, true);
            if (!done.isEmpty()) {
                enforced = done.lastEntry().getValue();
                done.clear();
            }
        }
    }

    /** The revision of etcd up to which policies are in the kernel; 0 before the first. */
    long enforced() {
        return enforced;
    }

    @Override
    public boolean wantsListing() {
        return memory.hasLost();
    }

    @Override
    public void lost(String reason) {
        // The next listing brings what was missed.
    }

    /** etcd has not answered since the start: what it had last counts until it does. */
    void recall() {
        if (!heard) {
            Map<ResourceKey, PolicyObject> good = remembered(memory);
            loop.write(() -> tables.recalled(good));
        }
    }

    static Map<ResourceKey, PolicyObject> remembered(PolicyMemory memory) {
        Map<ResourceKey, PolicyObject> good = new HashMap<>();
        Shared shared = new Shared();
        memory.recall().forEach((path, value) -> key(path, shared).ifPresent(key -> {
            if (PolicyObject.decode(key, value, shared) instanceof Good<PolicyObject>(PolicyObject object)) {
                good.put(key, object);
            }
        }));
        return good;
    }

    private static Optional<ResourceKey> key(String path, Shared shared) {
        return ResourceKey.parse(path, shared::word).filter(key -> PolicyObject.KINDS.contains(key.kind()));
    }

    private static Optional<PolicyObject> read(ResourceKey key, String value, Shared shared, Map<ResourceKey, String> problems) {
        return judge(key, PolicyObject.decode(key, value, shared), problems);
    }

    private static Optional<PolicyObject> judge(ResourceKey key, Decoded<PolicyObject> decoded, Map<ResourceKey, String> problems) {
        return switch (decoded) {
            case Good<PolicyObject>(PolicyObject object) -> {
                problems.remove(key);
                object.flaw().ifPresent(flaw -> problems.put(key, flaw.sentence() + "; a version before it stays in force, and where there is none this opens nothing."));
                object.note(key).ifPresent(note -> problems.put(key, note.sentence() + "; that field is passed over, and the rest of it holds."));
                yield Optional.of(object);
            }
            case Bad<PolicyObject>(Problem problem) -> {
                problems.put(key, problem.sentence() + "; what it said before stays in force.");
                yield Optional.empty();
            }
        };
    }

    /** The keys whose values in etcd are not as they must be; may be asked on any thread. */
    Set<ResourceKey> doubted() {
        return doubted;
    }

    private void tell() {
        doubted = Set.copyOf(problems.keySet());
        List<String> sentences = new ArrayList<>();
        for (String problem : problems.values()) {
            if (sentences.size() == MOST) {
                sentences.add("There are " + (problems.size() - MOST) + " more values of Calico's that cannot be read.");
                break;
            }
            sentences.add(problem);
        }
        conditions.set(PART, Weight.NOTE, sentences);
    }
}
