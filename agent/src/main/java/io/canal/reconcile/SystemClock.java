package io.canal.reconcile;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;

/** The machine's clocks. */
enum SystemClock implements Clock {
    INSTANCE;

    /** Less is how exactly the two are read. */
    private static final Duration AWAKE = Duration.ofSeconds(1);
    /** As it was read last: it never goes back. */
    private final AtomicLong slept = new AtomicLong();

    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public Instant now() {
        return Instant.now();
    }

    /** The kernel counts sleep into its uptime, and not into the clock that is Java's. */
    @Override
    public Duration slept() {
        try {
            String uptime = Files.readString(Path.of("/proc/uptime"));
            long nanos = new BigDecimal(uptime.substring(0, uptime.indexOf(' '))).movePointRight(9).longValue() - System.nanoTime();
            // A little more is the same sleep, read less exactly.
            return Duration.ofNanos(slept.updateAndGet(known -> nanos - known < AWAKE.toNanos() ? known : nanos));
        } catch (IOException | IndexOutOfBoundsException | NumberFormatException unknown) {
            return Duration.ofNanos(slept.get());
        }
    }
}
