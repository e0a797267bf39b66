package io.canal.lab;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waiting for what only asking can tell. */
public final class Pause {

    private static final int BETWEEN_MILLIS = 20;

    private Pause() {}

    /** Ends before its time only where the thread is interrupted. */
    public static void ofMillis(long millis) {
        long end = System.nanoTime() + millis * 1_000_000;
        // A thread that somebody has woken before does not park at first.
        for (long left = end - System.nanoTime(); left > 0 && !Thread.currentThread().isInterrupted(); left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** Asks every 20 ms; false where it did not come true in time. */
    public static boolean until(Duration longest, BooleanSupplier comesTrue) {
        long end = System.nanoTime() + longest.toNanos();
        while (!comesTrue.getAsBoolean()) {
            if (System.nanoTime() - end >= 0) {
                return false;
            }
            ofMillis(BETWEEN_MILLIS);
        }
        return true;
    }
}
