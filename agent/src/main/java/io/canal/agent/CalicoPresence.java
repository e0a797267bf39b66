package io.canal.agent;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sees to it that Calico's objects are in etcd: whenever etcd is back, and until it has succeeded. */
final class CalicoPresence implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(CalicoPresence.class);
    private static final int MOST_DOUBLINGS = 5;

    private final Making making;
    private final Duration pause;
    private final Semaphore returns = new Semaphore(0);
    private final Thread thread;

    /** One attempt to make them; whether all are there now. */
    interface Making {
        boolean attempt();
    }

    /** @param pause after a first failure; it grows to 32 times */
    CalicoPresence(Making making, Duration pause) {
        this.making = making;
        this.pause = pause;
        this.thread = Thread.ofVirtual().name("calico objects").start(this::loop);
    }

    /** Etcd is back, maybe without them. */
    void suspect() {
        returns.release();
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    private void loop() {
        try {
            while (true) {
                returns.acquire();
                int failures = 0;
                returns.drainPermits();
                while (!making.attempt()) {
                    // Another return of etcd ends the pause.
                    if (returns.tryAcquire(pause.multipliedBy(1L << failures).toNanos(), TimeUnit.NANOSECONDS)) {
                        returns.drainPermits();
                    }
                    failures = Math.min(failures + 1, MOST_DOUBLINGS);
                }
            }
        } catch (InterruptedException closed) {
            log.debug("Calico's objects are no longer looked after");
        }
    }
}
