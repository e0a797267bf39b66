package io.canal.reconcile;

import java.time.Duration;
import java.time.Instant;

/** The time, passed in wherever time matters, so that tests and the simulation can move it. */
public interface Clock {

    /** Nanoseconds of a clock that only runs forward; for measuring spans and deadlines. */
    long nanos();

    /** The time of day, for records that people and other nodes read. */
    Instant now();

    /** How long the machine has slept since it booted, which {@link #nanos} leaves out: for times that outlive a process. */
    default Duration slept() {
        return Duration.ZERO;
    }

    /** This clock with {@link #nanos} that go on while the machine sleeps: for what others count on meanwhile, as the time that a lease lives. */
    default Clock throughSleep() {
        Clock awake = this;
        return new Clock() {
            @Override
            public long nanos() {
                return awake.nanos() + awake.slept().toNanos();
            }

            @Override
            public Instant now() {
                return awake.now();
            }

            @Override
            public Clock throughSleep() {
                return this;
            }
        };
    }

    /** The machine's clocks. */
    static Clock system() {
        return SystemClock.INSTANCE;
    }

    /** The time that has passed since {@code nanos} was read from this clock. */
    default Duration since(long nanos) {
        return Duration.ofNanos(nanos() - nanos);
    }
}
