package io.canal.agent;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

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

    private record Condition(Weight weight, String sentence) {

        String withoutNumbers() {
            return NUMBER.matcher(sentence).replaceAll("#");
        }
    }

    private static final Logger log = LoggerFactory.getLogger(Conditions.class);
    private static final Duration MOMENT = Duration.ofSeconds(1);
    /** A number that counts something: it stands alone, and is no part of a name, a key or an address. */
    private static final Pattern NUMBER = Pattern.compile("(?<![\\w.:/-])[0-9]+(?:\\.[0-9]+)?(?![\\w:/-]|\\.\\w)");

    private final Runnable onChange;
    private final BiConsumer<Weight, String> journal;
    private final Consumer<Runnable> later;
    private final Map<String, List<Condition>> byPart = new TreeMap<>();
    /** What a look is to find still there, by part and without numbers; guarded as the conditions are. */
    private final Map<String, Set<String>> waiting = new HashMap<>();

    /**
     * Without any condition.
     *
     * @param onChange told after a change, on the thread that made it
     */
    Conditions(Runnable onChange) {
        this(onChange, (weight, sentence) -> log.atLevel(weight == Weight.BLOCKED ? Level.WARN : Level.INFO).log("{}", sentence), Conditions::inAMoment);
    }

    /**
     * As {@link #Conditions(Runnable)}.
     *
     * @param journal told what is new
     * @param later runs what is given a moment later
     */
    Conditions(Runnable onChange, BiConsumer<Weight, String> journal, Consumer<Runnable> later) {
        this.onChange = onChange;
        this.journal = journal;
        this.later = later;
    }

    private static void inAMoment(Runnable look) {
        Thread.ofVirtual().name("journal").start(() -> {
            try {
                Thread.sleep(MOMENT);
                look.run();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        });
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
            Set<String> fresh = fresh(part, weight, before, now);
            if (!fresh.isEmpty()) {
                waiting.computeIfAbsent(part, _ -> new HashSet<>()).addAll(fresh);
                later.accept(() -> journal(part, weight, fresh));
            }
        }
        onChange.run();
    }

    /** What was over within a moment stood between two changes that belong together; what counts on meanwhile is told as it is then. */
    private void journal(String part, Weight weight, Set<String> fresh) {
        List<Condition> now;
        synchronized (byPart) {
            now = byPart.getOrDefault(part, List.of());
            waiting.getOrDefault(part, Set.of()).removeAll(fresh);
        }
        now.stream().filter(condition -> condition.weight() == weight && fresh.contains(condition.withoutNumbers()))
                .forEach(condition -> journal.accept(weight, condition.sentence()));
    }

    /**
     * What the journal is to have, without numbers: what is new, and waits for no look yet. What the agent waits for tells itself when
     * it goes on; what only counts on is not new.
     */
    private Set<String> fresh(String part, Weight weight, List<Condition> before, List<Condition> now) {
        if (weight == Weight.NOT_READY) {
            return Set.of();
        }
        Set<String> fresh = now.stream().filter(condition -> condition.weight() == weight).map(Condition::withoutNumbers).collect(Collectors.toSet());
        before.stream().filter(condition -> condition.weight() != Weight.NOT_READY).map(Condition::withoutNumbers).forEach(fresh::remove);
        fresh.removeAll(waiting.getOrDefault(part, Set.of()));
        return fresh;
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
