package io.canal.controller;

import io.canal.controller.text.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The state of an open model: one lock around it, every change on disk before the lock is let go, logs beside it. */
final class LiveState {

    private static final DateTimeFormatter CLOCK =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

    private final StateFolder folder;
    private final ModelState state;
    private final Watcher watcher;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    LiveState(StateFolder folder, ModelState state, Watcher watcher) {
        this.folder = folder;
        this.state = state;
        this.watcher = watcher;
    }

    ModelState copy() {
        return read(ModelState::copy);
    }

    /** Looks at the state; what comes out must not hold on to it. */
    <T> T read(Function<ModelState, T> reader) {
        lock.lock();
        try {
            return reader.apply(state);
        } finally {
            lock.unlock();
        }
    }

    void change(Consumer<ModelState> change) throws IOException {
        changeAndTell(same -> {
            change.accept(same);
            return true;
        });
    }

    <T> T changeAndTell(Function<ModelState, T> change) throws IOException {
        lock.lock();
        try {
            Map<UnitName, Status> workloads = new HashMap<>();
            Map<UnitName, Status> agents = new HashMap<>();
            state.units.values().forEach(unit -> {
                workloads.put(unit.name, ModelView.workload(unit));
                agents.put(unit.name, unit.agent);
            });
            T told = change.apply(state);
            folder.save(state);
            for (UnitState unit : state.units.values()) {
                logStatus(unit.name, "workload", workloads.get(unit.name), ModelView.workload(unit));
                logStatus(unit.name, "juju-unit", agents.get(unit.name), unit.agent);
            }
            changed.signalAll();
            return told;
        } finally {
            lock.unlock();
        }
    }

    private void logStatus(UnitName unit, String type, @Nullable Status before, Status after)
            throws IOException {
        if (!after.equals(before)) {
            folder.logStatus(Trees.object()
                    .put("time", Instant.now().toString())
                    .put("unit", unit.toString())
                    .put("type", type)
                    .put("status", after.status())
                    .put("message", after.message()));
        }
    }

    /** Waits until the state changes, or not longer than told. */
    void await(Duration longest) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            // Whoever waits looks again at everything, so a wake-up for nothing does no harm.
            changed.await(Math.max(1, longest.toMillis()), TimeUnit.MILLISECONDS);
        } finally {
            lock.unlock();
        }
    }

    /** Looks at the state and, when that gives nothing, waits for a change under the same lock, so that none is missed. */
    <T> Optional<T> readOrAwait(Function<ModelState, Optional<T>> reader, Duration longest)
            throws InterruptedException {
        lock.lockInterruptibly();
        try {
            Optional<T> found = reader.apply(state);
            if (found.isEmpty()) {
                changed.await(Math.max(1, longest.toMillis()), TimeUnit.MILLISECONDS);
            }
            return found;
        } finally {
            lock.unlock();
        }
    }

    /** Wakes those that wait. */
    void wake() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Writes a line to the model's log, as {@code juju debug-log} shows it, and tells the watcher. */
    void log(UnitName unit, String hook, String level, String message) {
        lock.lock();
        try {
            folder.log(unit.tag() + ": " + CLOCK.format(Instant.now()) + " " + level + " unit." + unit + "." + hook + " " + message);
            watcher.log(unit.toString(), level, message);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lock.unlock();
        }
    }

    /** Tells the watcher something, one thread at a time. */
    void tell(Consumer<Watcher> news) {
        lock.lock();
        try {
            news.accept(watcher);
        } finally {
            lock.unlock();
        }
    }
}
