package io.canal.cni;

import io.canal.reconcile.Clock;
import java.time.Duration;
import java.time.Instant;

/**
 * Whether something is older than a span, by its time of day, though that may have been set meanwhile.
 *
 * <p>A file's time is of the clock as it was when the file was written. Where the clock is found to have jumped, nothing counts as old
 * until the span has passed: after that every file of before the jump is old, and the times of all others are right. Safe for many
 * threads.
 */
final class Ages {

    /**
     * More than the clock is moved at once by those who keep it right. Where they slow or hasten it, the kernel does so with the clock
     * that nobody sets as well.
     */
    private static final Duration JUMP = Duration.ofSeconds(2);

    /** How far two times may lie apart by such moves alone. */
    private static final Duration SWAY = JUMP.multipliedBy(2);

    private final Clock clock;
    // All below are guarded by this.
    /** The clock as it was when it was last found to have jumped, or first. */
    private Instant then;
    private long thenNanos;
    private boolean jumped;

    Ages(Clock clock) {
        this.clock = clock;
        this.then = clock.now();
        this.thenNanos = clock.nanos();
    }

    /** Whether it was at least so long ago, surely. */
    synchronized boolean isOlder(Instant time, Duration span) {
        Instant now = clock.now();
        long nanos = clock.nanos();
        if (Duration.between(then, now).minusNanos(nanos - thenNanos).abs().compareTo(JUMP) > 0) {
            jumped = true;
            then = now;
            thenNanos = nanos;
        }
        boolean steady = nanos - thenNanos >= span.toNanos();
        if (time.isAfter(now.plus(SWAY))) {
            // Of before the clock was set back.
            return steady;
        }
        return time.isBefore(now.minus(span)) && (steady || !jumped);
    }
}
