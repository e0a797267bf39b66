package io.canal.agent;

import io.canal.reconcile.Clock;
import io.canal.reconcile.Repair;
import io.canal.reconcile.Repair.Was;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/**
 * Tells of what was put back after somebody else had changed it: a line for what was done to things of one kind, and counts.
 *
 * <p>A fight with another program must not fill the log: of each kind there are so many lines a minute, and then one for the rest.
 * Belongs to the apply loop's thread, but for the counts.
 */
final class RepairLog {

    static final int LINES = 5;
    static final Duration WITHIN = Duration.ofMinutes(1);
    /** So many things are named in a line. */
    private static final int NAMED = 3;

    private final Clock clock;
    private final Consumer<String> lines;
    private final Map<String, LongAdder> counts = new ConcurrentSkipListMap<>();
    private final Map<String, Window> windows = new TreeMap<>();

    /** What was told of the things of one label since its beginning. */
    private static final class Window {
        private final long since;
        private int told;
        private int untold;
        private String last = "";

        Window(long since) {
            this.since = since;
        }
    }

    private record Group(Repair.Kind kind, Was was) {}

    /** @param lines takes each line */
    RepairLog(Clock clock, Consumer<String> lines) {
        this.clock = clock;
        this.lines = lines;
    }

    /** The repairs of one pass; also called where there are none, so that what was kept back is told in time. */
    void tell(List<Repair> repairs) {
        tellTheRest();
        if (repairs.isEmpty()) {
            return;
        }
        Map<Group, List<Repair>> groups = new LinkedHashMap<>();
        for (Repair repair : repairs) {
            counts.computeIfAbsent(repair.kind().label(), _ -> new LongAdder()).increment();
            groups.computeIfAbsent(new Group(repair.kind(), repair.was()), _ -> new ArrayList<>()).add(repair);
        }
        groups.values().forEach(this::tellGroup);
    }

    /** How many things were put back, by label; may be asked from any thread. */
    Map<String, LongAdder> counts() {
        return counts;
    }

    private void tellGroup(List<Repair> group) {
        Window window = windows.computeIfAbsent(group.getFirst().kind().label(), _ -> new Window(clock.nanos()));
        if (window.told < LINES) {
            window.told++;
            lines.accept(sentence(group));
        } else {
            window.untold += group.size();
            window.last = sentence(group);
        }
    }

    /** Ends what began long enough ago. */
    private void tellTheRest() {
        windows.entrySet().removeIf(entry -> {
            Window window = entry.getValue();
            if (clock.since(window.since).compareTo(WITHIN) < 0) {
                return false;
            }
            if (window.untold > 0) {
                lines.accept("put back " + window.untold + " more of kind " + entry.getKey() + " that somebody changes again and again; the last time: " + window.last);
            }
            return true;
        });
    }

    /** What was done to things of one kind. */
    static String sentence(List<Repair> group) {
        Repair first = group.getFirst();
        String done = first.was() == Was.ADDED ? "removed " : "put back ";
        if (group.size() == 1) {
            return done + first.what() + ": somebody had " + switch (first.was()) {
                case REMOVED -> "removed it";
                case CHANGED -> "changed it (" + first.detail() + ")";
                case ADDED -> "added it";
            };
        }
        String named = String.join(", ", group.stream().limit(NAMED).map(Repair::what).toList());
        return done + group.size() + " " + first.kind().many() + ": somebody had " + switch (first.was()) {
            case REMOVED -> "removed";
            case CHANGED -> "changed";
            case ADDED -> "added";
        } + " them (" + named + (group.size() > NAMED ? ", …" : "") + ")";
    }
}
