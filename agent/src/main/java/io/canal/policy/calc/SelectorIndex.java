package io.canal.policy.calc;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Things that select, by what they require, so that those which can select given labels are found among many. */
final class SelectorIndex<T> {

    /** A list of values longer than this is taken as "any value". */
    private static final int MOST_VALUES = 64;

    private final Map<String, Map<String, Set<T>>> byValue = new HashMap<>();
    private final Map<String, Set<T>> byPresence = new HashMap<>();
    private final Set<T> unbound = new LinkedHashSet<>();
    private final Map<T, Requirement> places = new HashMap<>();

    void add(T thing, Collection<Requirement> requirements) {
        Requirement best = null;
        int fewest = Integer.MAX_VALUE;
        for (Requirement requirement : requirements) {
            int crowd = crowd(requirement);
            if (crowd < fewest) {
                fewest = crowd;
                best = requirement;
            }
        }
        if (best == null) {
            unbound.add(thing);
            return;
        }
        places.put(thing, best);
        if (isByPresence(best)) {
            byPresence.computeIfAbsent(best.label(), _ -> new LinkedHashSet<>()).add(thing);
        } else {
            Map<String, Set<T>> values = byValue.computeIfAbsent(best.label(), _ -> new HashMap<>());
            best.values().forEach(value -> values.computeIfAbsent(value, _ -> new LinkedHashSet<>()).add(thing));
        }
    }

    void remove(T thing) {
        Requirement place = places.remove(thing);
        if (place == null) {
            unbound.remove(thing);
        } else if (isByPresence(place)) {
            byPresence.computeIfPresent(place.label(), (_, things) -> things.remove(thing) && things.isEmpty() ? null : things);
        } else {
            byValue.computeIfPresent(place.label(), (_, values) -> {
                place.values().forEach(value -> values.computeIfPresent(value, (_, things) -> things.remove(thing) && things.isEmpty() ? null : things));
                return values.isEmpty() ? null : values;
            });
        }
    }

    /** Tells all that can select these labels, and maybe more; each once. */
    void candidates(Map<String, String> labels, Consumer<T> each) {
        unbound.forEach(each);
        if (byPresence.isEmpty() && byValue.isEmpty()) {
            return;
        }
        for (Map.Entry<String, String> label : labels.entrySet()) {
            tell(byPresence.get(label.getKey()), each);
            Map<String, Set<T>> values = byValue.get(label.getKey());
            if (values != null) {
                tell(values.get(label.getValue()), each);
            }
        }
    }

    private static <T> void tell(@Nullable Set<T> things, Consumer<T> each) {
        if (things != null) {
            things.forEach(each);
        }
    }

    private static boolean isByPresence(Requirement requirement) {
        return requirement.values().isEmpty() || requirement.values().size() > MOST_VALUES;
    }

    /** How many share the place with it; what is by value is better than what is by presence. */
    private int crowd(Requirement requirement) {
        if (isByPresence(requirement)) {
            return Integer.MAX_VALUE / 2 + byPresence.getOrDefault(requirement.label(), Set.of()).size();
        }
        Map<String, Set<T>> values = byValue.getOrDefault(requirement.label(), Map.of());
        int crowd = requirement.values().size() - 1;
        for (String value : requirement.values()) {
            Set<T> others = values.get(value);
            crowd += others == null ? 0 : others.size();
        }
        return crowd;
    }
}
