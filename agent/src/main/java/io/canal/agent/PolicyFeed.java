package io.canal.agent;

import io.canal.agent.Conditions.Weight;
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
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Brings Calico's data from etcd into the tables of policy. A value that cannot be read damages its own row only: what it said before
 * stays in force, also after a start, and the value is named in the status.
 */
final class PolicyFeed implements Feed.Listener {

    private static final String PART = "policy";
    private static final int MOST = 5;

    private final ApplyLoop loop;
    private final PolicyTables tables;
    private final PolicyMemory memory;
    private final Conditions conditions;
    private volatile boolean heard;
    /** The etcd that told last, and how far it was; 0 before the first. */
    private long cluster;
    private long revision;
    private final SortedMap<ResourceKey, String> problems = new TreeMap<>(Comparator.comparing(ResourceKey::path));

    /** @param memory keeps what comes for a start without etcd */
    PolicyFeed(ApplyLoop loop, PolicyTables tables, PolicyMemory memory, Conditions conditions) {
        this.memory = memory;
        this.loop = loop;
        this.tables = tables;
        this.conditions = conditions;
    }

    @Override
    public void listed(Store.Listing listing) {
        heard = true;
        boolean another = cluster != 0 && (listing.clusterId() != cluster || listing.revision() < revision);
        if (another) {
            memory.lost();
        }
        cluster = listing.clusterId();
        revision = listing.revision();
        problems.clear();
        Map<ResourceKey, PolicyObject> good = new HashMap<>();
        Set<ResourceKey> bad = new HashSet<>();
        Map<ResourceKey, Store.Entry> flawed = new HashMap<>();
        List<Store.Entry> kept = new ArrayList<>();
        for (Store.Entry entry : listing.entries()) {
            key(entry.key()).ifPresent(key -> {
                Optional<PolicyObject> object = read(key, entry.value());
                if (object.isPresent()) {
                    good.put(key, object.get());
                } else {
                    bad.add(key);
                }
                if (object.isPresent() && object.get().flaw().isEmpty()) {
                    kept.add(entry);
                } else {
                    flawed.put(key, entry);
                }
            });
        }
        Map<String, String> before = flawed.isEmpty() ? Map.of() : memory.recall();
        flawed.forEach((key, entry) -> {
            String value = before.get(key.path());
            if (value != null && PolicyObject.decode(key, value) instanceof Good<PolicyObject>(PolicyObject object) && object.flaw().isEmpty()) {
                good.put(key, object);
                kept.add(new Store.Entry(key.path(), value, 0, 0, 0));
            } else if (good.containsKey(key)) {
                kept.add(entry);
            }
        });
        memory.listed(kept);
        loop.write(() -> tables.listed(good, bad, another));
        tell();
    }

    @Override
    public void changed(long upTo, List<Feed.Change> changes) {
        revision = Math.max(revision, upTo);
        List<Feed.Change> kept = new ArrayList<>();
        Map<ResourceKey, Optional<PolicyObject>> changed = new LinkedHashMap<>();
        Set<ResourceKey> bad = new HashSet<>();
        for (Feed.Change change : changes) {
            key(change.key()).ifPresent(key -> {
                switch (change) {
                    case Feed.Change.Put(Store.Entry entry) -> read(key, entry.value()).ifPresentOrElse(object -> {
                        if (object.flaw().isEmpty()) {
                            kept.add(change);
                        }
                        bad.remove(key);
                        changed.put(key, Optional.of(object));
                    }, () -> bad.add(key));
                    case Feed.Change.Deleted _ -> {
                        problems.remove(key);
                        kept.add(change);
                        bad.remove(key);
                        changed.put(key, Optional.empty());
                    }
                }
            });
        }
        if (!changed.isEmpty() || !bad.isEmpty()) {
            memory.changed(kept);
            loop.write(() -> tables.changed(changed, bad));
        }
        tell();
    }

    @Override
    public void lost(String reason) {
        memory.lost();
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
        memory.recall().forEach((path, value) -> key(path).ifPresent(key -> {
            if (PolicyObject.decode(key, value) instanceof Good<PolicyObject>(PolicyObject object)) {
                good.put(key, object);
            }
        }));
        return good;
    }

    private static Optional<ResourceKey> key(String path) {
        return ResourceKey.parse(path).filter(key -> PolicyObject.KINDS.contains(key.kind()));
    }

    private Optional<PolicyObject> read(ResourceKey key, String value) {
        return switch (PolicyObject.decode(key, value)) {
            case Good<PolicyObject>(PolicyObject object) -> {
                problems.remove(key);
                object.flaw().ifPresent(flaw -> problems.put(key, flaw.sentence() + "; a version before it stays in force, and where there is none this opens nothing."));
                yield Optional.of(object);
            }
            case Bad<PolicyObject>(Problem problem) -> {
                problems.put(key, problem.sentence() + "; what it said before stays in force.");
                yield Optional.empty();
            }
        };
    }

    private void tell() {
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
