package io.canal.reconcile.testing;

import io.canal.reconcile.Clock;
import java.time.Duration;
import java.time.Instant;

/** A clock that stands still until the test moves it. */
public final class Seconds implements Clock {

    private volatile long seconds = 1_000;

    /** So much later. */
    public synchronized void pass(long more) {
        seconds += more;
    }

    @Override
    public long nanos() {
        return Duration.ofSeconds(seconds).toNanos();
    }

    @Override
    public Instant now() {
        return Instant.EPOCH;
    }
}
