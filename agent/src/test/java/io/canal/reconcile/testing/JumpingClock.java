package io.canal.reconcile.testing;

import io.canal.reconcile.Clock;
import java.time.Duration;
import java.time.Instant;

/** The machine's clocks, of which the test sets the time of day, lets time pass, and has the machine sleep. */
public final class JumpingClock implements Clock {

    private final Instant began = Clock.system().now();
    private final long beganNanos = Clock.system().nanos();
    private volatile Duration passed = Duration.ZERO;
    private volatile Duration slept = Duration.ZERO;
    private volatile Duration set = Duration.ZERO;

    /** All clocks go on. */
    public synchronized void pass(Duration time) {
        passed = passed.plus(time);
    }

    /** The machine sleeps: the time of day goes on, and the clock that nobody sets stands still. */
    public synchronized void sleep(Duration time) {
        slept = slept.plus(time);
    }

    /** Somebody sets the time of day, forward or back. */
    public synchronized void set(Duration by) {
        set = set.plus(by);
    }

    @Override
    public long nanos() {
        return Clock.system().nanos() + passed.toNanos();
    }

    @Override
    public Instant now() {
        // Not the machine's own time of day, which somebody else may set meanwhile.
        return began.plusNanos(Clock.system().nanos() - beganNanos).plus(passed).plus(slept).plus(set);
    }

    @Override
    public Duration slept() {
        return slept;
    }
}
