package io.canal.lease.keeper;

import io.canal.reconcile.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;

/** The machine's clock, which notes how often one keeper looks at it: a thread that does not rest does so all the time. */
final class CountingClock implements Clock {

    /** Looks in a second; one who rests needs some tens. */
    static final int RESTLESS = 700;

    private static final Duration SPAN = Duration.ofMillis(500);

    private final AtomicInteger looks = new AtomicInteger();

    /** How often in a second, as it is now. */
    long looksASecond() throws InterruptedException {
        long start = System.nanoTime();
        int before = looks.get();
        Thread.sleep(SPAN);
        return (looks.get() - before) * 1_000_000_000L / (System.nanoTime() - start);
    }

    @Override
    public long nanos() {
        looks.incrementAndGet();
        return Clock.system().nanos();
    }

    @Override
    public Instant now() {
        return Clock.system().now();
    }
}
