package io.canal.lease;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** How long is waited, in nanoseconds: for an answer never just as long as others do who wait for the same. */
final class Pauses {

    private static final Duration FIRST_RETRY = Duration.ofMillis(200);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(5);

    private Pauses() {}

    /** Between three quarters and five quarters of it. */
    static long jittered(Duration pause, RandomGenerator random) {
        return pause.toNanos() * 3 / 4 + random.nextLong(pause.toNanos() / 2 + 1);
    }

    /** After so many failures in a row, one or more. */
    static long backoff(int failures, RandomGenerator random) {
        long pause = FIRST_RETRY.toNanos() << Math.min(failures - 1, 10);
        return jittered(Duration.ofNanos(Math.min(pause, LONGEST_RETRY.toNanos())), random);
    }

    /** After somebody else was faster, and before that so many failures in a row. */
    static long afterLosing(int failures, RandomGenerator random) {
        return random.nextLong(FIRST_RETRY.toNanos() / 10 << Math.min(failures, 5));
    }

    /** A third of how long it lives, be that longer or shorter than it should be: the shorter of both. */
    static long untilRenewal(Duration left, Duration wanted) {
        return (left.compareTo(wanted) < 0 ? left : wanted).toNanos() / 3;
    }
}
