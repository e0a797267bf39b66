package io.canal.policy.calc;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Labelled things by their labels, so that what a selector selects is found among few. A label is indexed from the first selector on
 * that asks for it: things have many labels, and selectors ask for few.
 */
final class LabelIndex<T> {

    private final Map<T, Map<String, String>> all = new LinkedHashMap<>();
    private final Map<String, Map<String, Set<T>>> byLabel = new HashMap<>();

    void add(T thing, Map<String, String> labels) {
        all.put(thing, labels);
        byLabel.forEach((label, values) -> add(values, labels.get(label), thing));
    }

    /** @param labels those that it was added with */
    void remove(T thing, Map<String, String> labels) {
        all.remove(thing);
        byLabel.forEach((label, values) -> {
            String value = labels.get(label);
            if (value != null) {
                values.computeIfPresent(value, (_, things) -> things.remove(thing) && things.isEmpty() ? null : things);
            }
        });
    }

    /** All that can fulfil the requirements, and maybe more: those that fulfil the one that the fewest do. */
    Collection<T> candidates(Collection<Requirement> requirements) {
        int fewest = all.size();
        List<Set<T>> best = List.of(all());
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
        return Collections.unmodifiableSet(all.keySet());
    }

    /** Sets without a common member: a thing has one value of a label. */
    private List<Set<T>> fulfilling(Requirement requirement) {
        Map<String, Set<T>> values = byLabel.computeIfAbsent(requirement.label(), this::indexed);
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

    private Map<String, Set<T>> indexed(String label) {
        Map<String, Set<T>> values = new HashMap<>();
        all.forEach((thing, labels) -> add(values, labels.get(label), thing));
        return values;
    }

    private static <T> void add(Map<String, Set<T>> values, @Nullable String value, T thing) {
        if (value != null) {
            values.computeIfAbsent(value, _ -> new LinkedHashSet<>()).add(thing);
        }
    }
}
