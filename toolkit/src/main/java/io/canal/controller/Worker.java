package io.canal.controller;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The thread of one machine: as long as it is wanted it runs, one after another, the hooks that are due there. */
final class Worker {

    /** A unit and the hook that it is to run. */
    private record Due(UnitName unit, Hook hook) {}

    /** Failed hooks become due by time alone. */
    private static final Duration LOOK_AGAIN = Duration.ofMillis(500);
    private static final Duration RECONNECT = Duration.ofSeconds(2);

    private final Machine machine;
    private final LiveState live;
    private final Thread thread;
    private volatile boolean stopped;
    private volatile boolean busy = true;
    private Optional<UnitName> last = Optional.empty();

    private Worker(Machine machine, LiveState live) {
        this.machine = machine;
        this.live = live;
        this.thread = Thread.ofVirtual().name("machine " + machine.id()).unstarted(this::work);
    }

    static Worker start(Machine machine, LiveState live) {
        Worker worker = new Worker(machine, live);
        worker.thread.start();
        return worker;
    }

    Machine machine() {
        return machine;
    }

    /** Whether it runs a hook, or is about to. */
    boolean isBusy() {
        return busy && thread.isAlive();
    }

    /** Lets it end after the hook that it runs. */
    void stop() {
        stopped = true;
        live.wake();
    }

    /** Waits for its end; after the given time the hook that it runs is killed. */
    void join(Instant patience) throws InterruptedException {
        Duration left = Duration.between(Instant.now(), patience);
        if (left.isNegative() || !thread.join(left)) {
            // Not by an interrupt: that would close the model's files under the thread's hands.
            machine.close();
            thread.join();
        }
    }

    private void work() {
        try {
            while (!stopped) {
                if (!machine.connect()) {
                    busy = !machine.isGivenUp();
                    live.wake();
                    pause(RECONNECT);
                    continue;
                }
                Optional<Due> due = live.readOrAwait(this::next, LOOK_AGAIN);
                if (due.isPresent() && !stopped) {
                    last = Optional.of(due.get().unit());
                    machine.run(due.get().unit(), due.get().hook());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            busy = false;
            live.wake();
        }
    }

    /** The next hook on this machine; its units take turns, as they do with Juju's machine lock. */
    private Optional<Due> next(ModelState state) {
        List<UnitState> units = state.units.values().stream()
                .filter(unit -> unit.machine.equals(machine.id()))
                .toList();
        int first = 0;
        for (int i = 0; i < units.size(); i++) {
            if (last.isPresent() && units.get(i).name.compareTo(last.get()) <= 0) {
                first = i + 1;
            }
        }
        Instant now = Instant.now();
        for (int i = 0; i < units.size(); i++) {
            UnitState unit = units.get((first + i) % units.size());
            Optional<Hook> hook = Resolver.next(state, unit, now);
            if (hook.isPresent()) {
                busy = true;
                return Optional.of(new Due(unit.name, hook.get()));
            }
        }
        if (busy) {
            busy = false;
            // Only whoever was busy tells of it: two that wake each other with nothing to do would never rest.
            live.wake();
        }
        return Optional.empty();
    }

    private void pause(Duration wait) throws InterruptedException {
        Instant until = Instant.now().plus(wait);
        while (!stopped && Instant.now().isBefore(until)) {
            live.await(Duration.between(Instant.now(), until));
        }
    }
}
