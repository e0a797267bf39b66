package io.canal.controller;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/** Runs hooks on all machines at once, on each machine one at a time, until somebody says that it is enough. */
final class Engine implements AutoCloseable {

    /** Between two looks at a unit that is neither active nor blocked. */
    private static final Duration FIRST_LOOK = Duration.ofSeconds(1);
    private static final Duration LAST_LOOK = Duration.ofSeconds(8);
    /** How long nothing is said of what is waited for, and between two times that it is. */
    private static final Duration QUIET = Duration.ofSeconds(3);
    /** Between two looks at the whole. */
    private static final Duration TICK = Duration.ofMillis(250);
    /** How long a hook that runs when the time is over may go on before it is killed. */
    private static final Duration GRACE = Duration.ofSeconds(20);
    private static final Duration NO_GRACE = Duration.ofMillis(1);
    private static final Set<String> AT_REST = Set.of("active", "blocked", "unknown", "terminated");

    private final LiveState live;
    private final CharmStore charms;
    private final Path resources;
    private final UnitProgram program;
    private final Map<String, Machine> machines = new ConcurrentHashMap<>();

    Engine(LiveState live, CharmStore charms, Path resources, UnitProgram program) {
        this.live = live;
        this.charms = charms;
        this.resources = resources;
        this.program = program;
    }

    private Machine machine(String id) {
        return machines.computeIfAbsent(id, name -> new Machine(name, live, charms, resources, program));
    }

    /** Ends the connection to a machine that is no longer used. */
    void forget(String id) {
        Machine machine = machines.remove(id);
        if (machine != null) {
            machine.close();
        }
    }

    /**
     * Runs what is due on every machine that has units, until all are at rest or the deadline has passed.
     *
     * @param patience until then units that say that they wait for something are waited for
     */
    Settled settle(Instant deadline, Instant patience) throws InterruptedException, IOException {
        Map<UnitName, Look> looks = new HashMap<>();
        Instant[] tell = {Instant.now().plus(QUIET)};
        String[] told = {""};
        with(state -> true, deadline, GRACE, workers -> {
            Instant now = Instant.now();
            boolean busy = workers.stream().anyMatch(Worker::isBusy);
            List<UnitName> restless = live.read(state -> restless(state, now));
            restless = restless.stream().filter(unit -> !isGivenUp(unit)).toList();
            boolean patient = now.isBefore(patience);
            if (!busy && (restless.isEmpty() || !patient && live.read(state -> Resolver.due(state, now)).stream().allMatch(this::isGivenUp))) {
                return true;
            }
            if (!now.isBefore(tell[0])) {
                tell[0] = now.plus(QUIET);
                String reasons = String.join("; ", live.read(Engine::settled).reasons());
                if (!reasons.isEmpty() && !reasons.equals(told[0])) {
                    told[0] = reasons;
                    live.tell(watcher -> watcher.waiting(reasons));
                }
            }
            if (!busy && patient) {
                look(looks, restless, now);
            }
            return false;
        });
        return live.read(Engine::settled);
    }

    /** Runs what is due where it can run, and what follows from it; it does not wait for units that say that they are not at rest. */
    Settled finishDue(Instant deadline) throws InterruptedException, IOException {
        with(state -> true, deadline, GRACE, workers -> workers.stream().noneMatch(Worker::isBusy)
                && live.read(state -> Resolver.due(state, Instant.now())).stream().allMatch(this::isGivenUp));
        return live.read(Engine::settled);
    }

    /** Units that still have something to do, or that do not say that they are at rest. */
    private static List<UnitName> restless(ModelState state, Instant now) {
        return state.units.values().stream()
                .filter(unit -> !AT_REST.contains(ModelView.workload(unit).status()) || !Resolver.isQuiet(state, unit, now))
                .map(unit -> unit.name)
                .toList();
    }

    private boolean isGivenUp(UnitName unit) {
        String id = live.read(state -> state.unit(unit).machine);
        return machine(id).isGivenUp();
    }

    /** When a unit was asked for its status last, and how long to wait before it is asked again. */
    private record Look(Instant last, Duration pause) {}

    /** A unit that waits for something outside is asked again: Juju's timer does that, and nothing else tells us. */
    private void look(Map<UnitName, Look> looks, List<UnitName> restless, Instant now) throws IOException {
        List<UnitName> due = restless.stream()
                .filter(unit -> {
                    Look look = looks.computeIfAbsent(unit, first -> new Look(now, FIRST_LOOK));
                    return !look.last().plus(look.pause()).isAfter(now);
                })
                .toList();
        if (due.isEmpty()) {
            return;
        }
        for (UnitName unit : due) {
            Duration pause = looks.getOrDefault(unit, new Look(now, FIRST_LOOK)).pause().multipliedBy(2);
            looks.put(unit, new Look(now, pause.compareTo(LAST_LOOK) > 0 ? LAST_LOOK : pause));
        }
        live.change(state -> due.stream()
                .map(state.units::get)
                .filter(unit -> unit != null && unit.started && !unit.dying)
                .forEach(unit -> unit.wantsUpdateStatus = true));
    }

    private static Settled settled(ModelState state) {
        Instant now = Instant.now();
        List<String> reasons = new ArrayList<>();
        List<String> blocked = new ArrayList<>();
        for (MachineState machine : state.machines.values()) {
            if (machine.status.status().equals("down")) {
                reasons.add("machine " + machine.spec.id() + ": " + machine.status.message());
            }
        }
        for (UnitState unit : state.units.values()) {
            Status status = ModelView.workload(unit);
            String text = unit.name + " is " + status.status() + (status.message().isEmpty() ? "" : ": " + status.message());
            if (!AT_REST.contains(status.status())) {
                reasons.add(text);
            } else if (!Resolver.isQuiet(state, unit, now)) {
                reasons.add(unit.name + " still has hooks to run: "
                        + Resolver.next(state, unit, now).map(Hook::name).orElse("a failed one again"));
            } else if (status.status().equals("blocked")) {
                blocked.add(text);
            }
        }
        return new Settled(reasons, blocked);
    }

    /** Runs tasks to their end; those that are not over at the deadline are stopped: aborted. */
    void finish(List<String> tasks, Instant deadline) throws InterruptedException, IOException {
        Set<String> hosts = live.read(state -> {
            Set<String> found = new TreeSet<>();
            tasks.forEach(id -> state.task(id).map(task -> state.unit(task.unit)).ifPresent(unit -> found.add(unit.machine)));
            return found;
        });
        Predicate<ModelState> over = state -> tasks.stream().allMatch(id -> state.task(id).filter(TaskState::isOver).isPresent());
        with(hosts::contains, deadline, NO_GRACE, workers -> live.read(over::test)
                || workers.stream().anyMatch(worker -> worker.machine().isGivenUp()));
    }

    private static boolean isOver(Instant deadline) {
        return !Instant.now().isBefore(deadline);
    }

    private interface Finish {
        boolean isReached(List<Worker> workers) throws IOException;
    }

    private void with(Predicate<String> chosen, Instant deadline, Duration grace, Finish finish) throws InterruptedException, IOException {
        List<Worker> workers = new ArrayList<>();
        try {
            for (;;) {
                Set<String> wanted = live.read(state -> {
                    Set<String> used = new TreeSet<>();
                    state.units.values().forEach(unit -> used.add(unit.machine));
                    used.removeIf(chosen.negate());
                    return used;
                });
                workers.forEach(worker -> wanted.remove(worker.machine().id()));
                wanted.forEach(id -> workers.add(Worker.start(machine(id), live)));
                if (finish.isReached(workers)) {
                    return;
                }
                Duration left = Duration.between(Instant.now(), deadline);
                if (left.isNegative() || left.isZero()) {
                    return;
                }
                live.await(left.compareTo(TICK) > 0 ? TICK : left);
            }
        } finally {
            Instant patience = Instant.now().plus(isOver(deadline) ? grace : GRACE);
            workers.forEach(Worker::stop);
            for (Worker worker : workers) {
                worker.join(patience);
            }
        }
    }

    @Override
    public void close() {
        machines.values().forEach(Machine::close);
    }
}
