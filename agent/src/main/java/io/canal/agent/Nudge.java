package io.canal.agent;

import io.canal.model.NodePaths;
import io.canal.reconcile.Clock;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has Juju run the charm's update-status hook when what it would report has changed.
 *
 * <p>At most one call is outstanding, at most one begins in five seconds and none in the first two, and the last change is always told,
 * again where a call failed: Juju holds the machine's lock for each, and the kubelet's charm waits behind it.
 */
final class Nudge implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Nudge.class);
    private static final Duration PAUSE = Duration.ofSeconds(5);
    /** A start soon stands as the life before it stood, and what it says until then is no news; a hook would take processors from it. */
    private static final Duration AFTER_START = Duration.ofSeconds(2);
    /** After failures the pause grows to 16 times. */
    private static final int MOST_DOUBLINGS = 4;
    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private final Function<String, Path> program;
    private final Supplier<String> unit;
    private final Clock clock;
    private final Duration first;
    private final Duration pause;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition change = lock.newCondition();
    private boolean pending;

    /**
     * Begins to listen.
     *
     * @param program juju-exec for a unit, looked for at each call; where it is absent nothing is called
     * @param unit whose charm to nudge; empty for none
     */
    Nudge(Function<String, Path> program, Supplier<String> unit, Clock clock) {
        this(program, unit, clock, AFTER_START, PAUSE);
    }

    /**
     * With other times.
     *
     * @param first before the first call
     * @param pause from the beginning of a call to that of the next
     */
    Nudge(Function<String, Path> program, Supplier<String> unit, Clock clock, Duration first, Duration pause) {
        this.first = first;
        this.program = program;
        this.unit = unit;
        this.clock = clock;
        this.pause = pause;
        this.thread = Thread.ofVirtual().name("nudge").unstarted(this::loop);
        thread.start();
    }

    /** Where juju-exec is: Juju's, else the one among the unit's hook tools that canal's own controller puts there. */
    static Path program(NodePaths paths, String unit) {
        Path juju = paths.at("usr/bin/juju-exec");
        return Files.isExecutable(juju) ? juju : paths.at("var/lib/juju/tools/unit-" + unit.replace('/', '-') + "/juju-exec");
    }

    /** What the charm reports has changed. */
    void changed() {
        lock.lock();
        try {
            pending = true;
            change.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }

    private void loop() {
        int failures = 0;
        try {
            Thread.sleep(first);
            while (true) {
                awaitChange();
                long start = clock.nanos();
                String now = unit.get();
                boolean failed = !now.isEmpty() && Files.isExecutable(program.apply(now)) && !call(now);
                failures = failed ? Math.min(failures + 1, MOST_DOUBLINGS) : 0;
                if (failed) {
                    changed();
                }
                Duration rest = pause.multipliedBy(1L << failures).minus(clock.since(start));
                if (rest.isPositive()) {
                    Thread.sleep(rest);
                }
            }
        } catch (InterruptedException closed) {
            log.debug("no more nudges");
        }
    }

    private void awaitChange() throws InterruptedException {
        lock.lock();
        try {
            while (!pending) {
                change.await();
            }
            pending = false;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the hook ran. */
    private boolean call(String unit) throws InterruptedException {
        Path jujuExec = program.apply(unit);
        // The text is fixed; the charm's folder is known to Juju alone, so a shell in the hook's own context expands it.
        ProcessBuilder builder = new ProcessBuilder(jujuExec.toString(), unit, "JUJU_DISPATCH_PATH=hooks/update-status $JUJU_CHARM_DIR/dispatch")
                .redirectOutput(Redirect.DISCARD)
                .redirectError(Redirect.DISCARD);
        try {
            Process process = builder.start();
            try {
                process.getOutputStream().close();
                if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                    log.warn("{} did not end within {} min", jujuExec, PATIENCE.toMinutes());
                    return false;
                }
                if (process.exitValue() != 0) {
                    log.warn("{} for {} ended with exit code {}", jujuExec, unit, process.exitValue());
                    return false;
                }
                return true;
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException failure) {
            log.warn("{} could not be run: {}", jujuExec, failure.getMessage());
            return false;
        }
    }
}
