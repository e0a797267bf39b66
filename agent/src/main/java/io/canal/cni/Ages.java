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

    /** More than the clock is moved at once by those who keep it right; in the long run they slow or hasten it by one in five hundred. */
    private static final Duration JUMP = Duration.ofSeconds(2);

    private static final int SLEW = 500;

    private final Clock clock;
    // All below are guarded by this.
    private Instant now;
    private long nanos;
    private long steadySince;
    private boolean jumped;

    Ages(Clock clock) {
        this.clock = clock;
        this.now = clock.now();
        this.nanos = clock.nanos();
        this.steadySince = nanos;
    }

    /** Whether it was at least so long ago, surely. */
    synchronized boolean isOlder(Instant time, Duration span) {
        Instant then = now;
        long thenNanos = nanos;
        now = clock.now();
        nanos = clock.nanos();
        Duration set = Duration.between(then, now).minusNanos(nanos - thenNanos).abs();
        if (set.compareTo(JUMP.plusNanos((nanos - thenNanos) / SLEW)) > 0) {
            jumped = true;
            steadySince = nanos;
        }
        boolean steady = nanos - steadySince >= span.toNanos();
        if (time.isAfter(now)) {
            // Of before the clock was set back.
            return steady;
        }
        return time.isBefore(now.minus(span)) && (steady || !jumped);
    }
}
