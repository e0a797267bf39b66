package io.canal.policy.calc;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Labelled things by their labels, so that what a selector selects is found among few. */
final class LabelIndex<T> {

    private final Set<T> all = new LinkedHashSet<>();
    private final Map<String, Map<String, Set<T>>> byLabel = new HashMap<>();

    void add(T thing, Map<String, String> labels) {
        all.add(thing);
        labels.forEach((key, value) ->
                byLabel.computeIfAbsent(key, _ -> new HashMap<>()).computeIfAbsent(value, _ -> new LinkedHashSet<>()).add(thing));
    }

    /** @param labels those that it was added with */
    void remove(T thing, Map<String, String> labels) {
        all.remove(thing);
        labels.forEach((key, value) -> byLabel.computeIfPresent(key, (_, values) -> {
            values.computeIfPresent(value, (_, things) -> things.remove(thing) && things.isEmpty() ? null : things);
            return values.isEmpty() ? null : values;
        }));
    }

    /** All that can fulfil the requirements, and maybe more: those that fulfil the one that the fewest do. */
    Collection<T> candidates(Collection<Requirement> requirements) {
        int fewest = all.size();
        List<Set<T>> best = List.of(all);
        for (Requirement requirement : requirements) {
            List<Set<T>> sets = fulfilling(requirement);
            int size = 0;
            for (Set<T> set : sets) {
                size += set.size();
            }
            if (size < fewest) {
                fewest = size;
                best = sets;
            }
        }
        if (best.size() == 1) {
            return best.getFirst();
        }
        List<T> joined = new ArrayList<>(fewest);
        best.forEach(joined::addAll);
        return joined;
    }

    Set<T> all() {
        return all;
    }

    /** Sets without a common member: a thing has one value of a label. */
    private List<Set<T>> fulfilling(Requirement requirement) {
        Map<String, Set<T>> values = byLabel.getOrDefault(requirement.label(), Map.of());
        if (requirement.values().isEmpty()) {
            return List.copyOf(values.values());
        }
        List<Set<T>> sets = new ArrayList<>();
        for (String value : requirement.values()) {
            Set<T> things = values.get(value);
            if (things != null) {
                sets.add(things);
            }
        }
        return sets;
    }
}
