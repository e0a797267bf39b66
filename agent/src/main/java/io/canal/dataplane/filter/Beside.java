package io.canal.dataplane.filter;

import io.canal.reconcile.Clock;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Work beside our own rules, in tables of others, which may not let it be done: that is told, and tried again after a pause, and
 * stops nothing else. Belongs to the apply loop's thread.
 */
final class Beside {

    private final Clock clock;
    private final Duration pause;
    private final SortedMap<String, Failure> failures = new TreeMap<>();

    /** @param again when it may be tried again */
    private record Failure(long again, String reason) {}

    /** A piece of it. */
    interface Work {

        void run() throws IOException;
    }

    /** @param pause after a failure */
    Beside(Clock clock, Duration pause) {
        this.clock = clock;
        this.pause = pause;
    }

    /**
     * Does the work, unless it failed a moment ago.
     *
     * @param otherwise what is so where it cannot be done, in words to which the reason is added
     * @return whether it is done
     */
    boolean attempt(String otherwise, Work work) {
        Failure before = failures.get(otherwise);
        if (before != null && before.again() - clock.nanos() > 0) {
            return false;
        }
        failures.remove(otherwise);
        try {
            work.run();
            return true;
        } catch (IOException failure) {
            failures.put(otherwise, new Failure(clock.nanos() + pause.toNanos(), String.valueOf(failure.getMessage())));
            return false;
        }
    }

    /** What stood in the way may be gone. */
    void tryAgain() {
        failures.replaceAll((_, failure) -> new Failure(clock.nanos(), failure.reason()));
    }

    /** It is of no use any more. */
    void drop(String otherwise) {
        failures.remove(otherwise);
    }

    /** What failed last, in sentences. */
    List<String> problems() {
        return failures.entrySet().stream().map(failure -> failure.getKey() + ": " + failure.getValue().reason()).toList();
    }
}
