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
    private final Conditions conditions;
    private final SortedMap<ResourceKey, Problem> problems = new TreeMap<>(java.util.Comparator.comparing(ResourceKey::path));

    PolicyFeed(ApplyLoop loop, PolicyTables tables, Conditions conditions) {
        this.loop = loop;
        this.tables = tables;
        this.conditions = conditions;
    }

    @Override
    public void listed(Store.Listing listing) {
        problems.clear();
        Map<ResourceKey, PolicyObject> good = new HashMap<>();
        Set<ResourceKey> bad = new HashSet<>();
        for (Store.Entry entry : listing.entries()) {
            key(entry.key()).ifPresent(key -> {
                Optional<PolicyObject> object = read(key, entry.value());
                object.ifPresentOrElse(read -> good.put(key, read), () -> bad.add(key));
            });
        }
        loop.write(() -> tables.listed(good, bad));
        tell();
    }

    @Override
    public void changed(long revision, List<Feed.Change> changes) {
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
        if (!changed.isEmpty()) {
            loop.write(() -> tables.changed(changed));
        }
        tell();
    }

    @Override
    public void lost(String reason) {
        // The keeper of our subnet says that etcd is away.
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
