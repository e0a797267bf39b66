package io.canal.reconcile;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that writes to tables, calculates, and applies.
 *
 * <p>Sources hand in writes and get a revision each; the loop performs all that wait, runs every stage in order, and publishes the
 * revision that is now applied, with the failures if there were any. Writes that arrive during a pass go into the next one, so a
 * burst costs one pass. A stage that failed is run again after a pause that doubles from 100 ms to 10 s, and at once when
 * something is written.
 */
public final class ApplyLoop implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(ApplyLoop.class);
    private static final Duration FIRST_RETRY = Duration.ofMillis(100);
    private static final Duration LONGEST_RETRY = Duration.ofSeconds(10);

    private final Clock clock;
    private final Map<String, Stage> stages = new LinkedHashMap<>();
    private final BooleanSupplier mayRemove;
    private final Consumer<Applied> onApplied;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    // All below are guarded by the lock.
    private final ArrayDeque<Runnable> writes = new ArrayDeque<>();
    private final Set<String> distrusted = new HashSet<>();
    private final List<Waiter> waiters = new ArrayList<>();
    private long written;
    private Applied applied = new Applied(0, Map.of());
    private int held;
    private boolean closed;

    private record Waiter(long revision, CompletableFuture<Applied> future) {}

    /**
     * @param stages run in this order in every pass
     * @param mayRemove asked at the start of each pass, on the loop's thread: see {@link Pass#mayRemove}
     * @param onApplied told after each pass, on the loop's thread
     */
    public ApplyLoop(Clock clock, Collection<? extends Stage> stages, BooleanSupplier mayRemove, Consumer<Applied> onApplied) {
        this.clock = clock;
        this.mayRemove = mayRemove;
        this.onApplied = onApplied;
        for (Stage stage : stages) {
            if (this.stages.putIfAbsent(stage.name(), stage) != null) {
                throw new IllegalArgumentException("two stages are named " + stage.name());
            }
        }
        thread = Thread.ofPlatform().name("apply").unstarted(this::loop);
    }

    public void start() {
        thread.start();
    }

    /** Performs {@code change} on the loop's thread before its next pass; returns the write's revision. */
    public long write(Runnable change) {
        lock.lock();
        try {
            writes.add(change);
            work.signalAll();
            return ++written;
        } finally {
            lock.unlock();
        }
    }

    /** Runs {@code writes}, which must not wait for a pass: none begins meanwhile, so all that they write goes into one. */
    public void together(Runnable writes) {
        hold(1);
        try {
            writes.run();
        } finally {
            hold(-1);
        }
    }

    private void hold(int more) {
        lock.lock();
        try {
            held += more;
            if (held == 0) {
                work.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Completes when a pass has seen the write with this revision, whether or not all of its stages succeeded. */
    public CompletionStage<Applied> applied(long revision) {
        lock.lock();
        try {
            if (applied.revision() >= revision) {
                return CompletableFuture.completedStage(applied);
            }
            CompletableFuture<Applied> future = new CompletableFuture<>();
            if (closed) {
                future.completeExceptionally(new IllegalStateException("the apply loop is closed"));
            } else {
                waiters.add(new Waiter(revision, future));
            }
            return future.minimalCompletionStage();
        } finally {
            lock.unlock();
        }
    }

    /** The outcome of the last pass. */
    public Applied applied() {
        lock.lock();
        try {
            return applied;
        } finally {
            lock.unlock();
        }
    }

    /** What this stage owns may have been changed by others: its {@link Stage#distrust} and a pass follow. */
    public void distrust(String stage) {
        lock.lock();
        try {
            if (!stages.containsKey(stage)) {
                throw new IllegalArgumentException("there is no stage " + stage);
            }
            distrusted.add(stage);
            work.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #distrust(String)}, for all stages. */
    public void distrustAll() {
        stages.keySet().forEach(this::distrust);
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            work.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void loop() {
        Duration retry = FIRST_RETRY;
        boolean failed = false;
        while (true) {
            List<Runnable> changes;
            Set<String> suspects;
            long revision;
            lock.lock();
            try {
                long pause = failed ? retry.toNanos() : Long.MAX_VALUE;
                while (!closed && (held > 0 || writes.isEmpty() && distrusted.isEmpty() && pause > 0)) {
                    if (held > 0) {
                        work.await();
                    } else {
                        pause = work.awaitNanos(pause);
                    }
                }
                if (closed) {
                    waiters.forEach(waiter -> waiter.future.completeExceptionally(new IllegalStateException("the apply loop is closed")));
                    waiters.clear();
                    return;
                }
                retry = !failed || !writes.isEmpty() ? FIRST_RETRY : doubled(retry);
                changes = List.copyOf(writes);
                writes.clear();
                suspects = Set.copyOf(distrusted);
                distrusted.clear();
                revision = written;
            } catch (InterruptedException interrupted) {
                return;
            } finally {
                lock.unlock();
            }
            Applied outcome = pass(changes, suspects, revision);
            failed = !outcome.clean();
            publish(outcome);
        }
    }

    private Applied pass(List<Runnable> changes, Set<String> suspects, long revision) {
        long start = clock.nanos();
        Map<String, String> failures = new LinkedHashMap<>();
        for (Runnable change : changes) {
            try {
                change.run();
            } catch (RuntimeException | Error defect) {
                // One bad write must not stop the writes behind it.
                log.error("a write to the tables failed; this is a defect of canal", defect);
                failures.put("tables", String.valueOf(defect.getMessage()));
            }
        }
        Pass pass = new Pass(revision, mayRemove.getAsBoolean());
        for (Stage stage : stages.values()) {
            try {
                if (suspects.contains(stage.name())) {
                    stage.distrust();
                }
                stage.run(pass);
            } catch (StageFailed failure) {
                failures.put(stage.name(), String.valueOf(failure.getMessage()));
                log.warn("{}: {}", stage.name(), failure.getMessage());
                stage.distrust();
            } catch (RuntimeException | Error defect) {
                failures.put(stage.name(), "defect of canal: " + defect);
                log.error("stage {} failed; this is a defect of canal", stage.name(), defect);
                stage.distrust();
            }
        }
        if (log.isDebugEnabled()) {
            log.debug("pass to revision {} took {} us", revision, clock.since(start).toNanos() / 1000);
        }
        return new Applied(revision, failures);
    }

    private void publish(Applied outcome) {
        List<Waiter> done = new ArrayList<>();
        lock.lock();
        try {
            applied = outcome;
            waiters.removeIf(waiter -> waiter.revision <= outcome.revision() && done.add(waiter));
        } finally {
            lock.unlock();
        }
        done.forEach(waiter -> waiter.future.complete(outcome));
        try {
            onApplied.accept(outcome);
        } catch (RuntimeException | Error defect) {
            log.error("telling of a pass failed; this is a defect of canal", defect);
        }
    }

    private static Duration doubled(Duration pause) {
        Duration twice = pause.multipliedBy(2);
        return twice.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : twice;
    }
}
