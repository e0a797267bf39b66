package io.canal.charm;

import java.time.Duration;

/** What is left of the time that a hook may wait. */
final class Patience {

    private static final long STEP_MILLIS = 20;
    private static final Duration LONGEST_CALL = Duration.ofSeconds(2);

    private final Machine.Time time;
    private final long until;

    Patience(Machine.Time time, Duration whole) {
        this.time = time;
        this.until = time.nanos() + whole.toNanos();
    }

    /** Waits for a moment; false where the time is up. */
    boolean pause() {
        if (time.nanos() >= until) {
            return false;
        }
        time.pause(STEP_MILLIS);
        return true;
    }

    /** How long a call may take that is made now. */
    Duration forOneCall() {
        Duration left = Duration.ofNanos(Math.max(until - time.nanos(), 0)).plusMillis(STEP_MILLIS);
        return left.compareTo(LONGEST_CALL) < 0 ? left : LONGEST_CALL;
    }
}
