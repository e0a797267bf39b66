package io.canal.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What is not as it should be, or good to know, by the part of the agent that found it. Each part says what holds now; what it said
 * before is replaced. May be used from any thread.
 */
final class Conditions {

    /** How much a condition weighs. */
    enum Weight {
        /** Good to know. */
        NOTE,
        /** The node is not ready, and will be by itself once something else is. */
        NOT_READY,
        /** Only an operator can mend it. */
        BLOCKED
    }

    private record Condition(Weight weight, String sentence) {}

    private final Runnable onChange;
    private final Map<String, List<Condition>> byPart = new TreeMap<>();

    /**
     * Without any condition.
     *
     * @param onChange told after a change, on the thread that made it
     */
    Conditions(Runnable onChange) {
        this.onChange = onChange;
    }

    /** These sentences hold for the part now, and no others of this weight. */
    void set(String part, Weight weight, List<String> sentences) {
        synchronized (byPart) {
            List<Condition> before = byPart.getOrDefault(part, List.of());
            List<Condition> now = new ArrayList<>(before.stream().filter(condition -> condition.weight() != weight).toList());
            sentences.forEach(sentence -> now.add(new Condition(weight, sentence)));
            if (now.equals(before)) {
                return;
            }
            byPart.put(part, now);
        }
        onChange.run();
    }

    /** As {@link #set(String, Weight, List)}, with at most one sentence. */
    void set(String part, Weight weight, Optional<String> sentence) {
        set(part, weight, sentence.map(List::of).orElse(List.of()));
    }

    /** All sentences of a weight. */
    List<String> sentences(Weight weight) {
        synchronized (byPart) {
            return byPart.values().stream().flatMap(List::stream).filter(condition -> condition.weight() == weight).map(Condition::sentence)
                    .distinct().toList();
        }
    }
}
