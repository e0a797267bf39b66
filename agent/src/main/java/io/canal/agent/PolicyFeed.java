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
 * stays in force, and the value is named in the status.
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
    private final SortedMap<ResourceKey, Problem> problems = new TreeMap<>(java.util.Comparator.comparing(ResourceKey::path));

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
        cluster = listing.clusterId();
        revision = listing.revision();
        problems.clear();
        Map<ResourceKey, PolicyObject> good = new HashMap<>();
        Set<ResourceKey> bad = new HashSet<>();
        for (Store.Entry entry : listing.entries()) {
            key(entry.key()).ifPresent(key -> {
                Optional<PolicyObject> object = read(key, entry.value());
                object.ifPresentOrElse(read -> good.put(key, read), () -> bad.add(key));
            });
        }
        memory.listed(listing.entries().stream().filter(entry -> key(entry.key()).isPresent()).toList());
        loop.write(() -> tables.listed(good, bad, another));
        tell();
    }

    @Override
    public void changed(long upTo, List<Feed.Change> changes) {
        revision = Math.max(revision, upTo);
        Map<ResourceKey, Optional<PolicyObject>> changed = new LinkedHashMap<>();
        for (Feed.Change change : changes) {
            key(change.key()).ifPresent(key -> {
                switch (change) {
                    case Feed.Change.Put(Store.Entry entry) -> read(key, entry.value()).ifPresent(object -> changed.put(key, Optional.of(object)));
                    case Feed.Change.Deleted _ -> {
                        problems.remove(key);
                        changed.put(key, Optional.empty());
                    }
                }
            });
        }
        memory.changed(changes.stream().filter(change -> key(change.key()).isPresent()).toList());
        if (!changed.isEmpty()) {
            loop.write(() -> tables.changed(changed));
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
                yield Optional.of(object);
            }
            case Bad<PolicyObject>(Problem problem) -> {
                problems.put(key, problem);
                yield Optional.empty();
            }
        };
    }

    private void tell() {
        List<String> sentences = new ArrayList<>();
        for (Problem problem : problems.values()) {
            if (sentences.size() == MOST) {
                sentences.add("There are " + (problems.size() - MOST) + " more values of Calico's that cannot be read.");
                break;
            }
            sentences.add(problem.sentence() + "; what it said before stays in force.");
        }
        conditions.set(PART, Weight.NOTE, sentences);
    }
}
