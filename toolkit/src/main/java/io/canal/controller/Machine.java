package io.canal.controller;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.charm.Charm;
import io.canal.controller.hooktool.ToolException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One machine of an open model: the session to it, and the life of a hook there from its begin to its commit. */
final class Machine implements AutoCloseable {

    private static final int ATTEMPTS = 3;

    private final String id;
    private final LiveState live;
    private final CharmStore charms;
    private final Path resources;
    private final UnitProgram program;
    /** Units whose folder and tools have been looked after in this session. */
    private final Set<UnitName> prepared = new HashSet<>();
    private volatile @Nullable HostSession session;
    private volatile int refusals;
    /** We ended the session ourselves, and the hook that ran with it. */
    private volatile boolean closed;

    Machine(String id, LiveState live, CharmStore charms, Path resources, UnitProgram program) {
        this.id = id;
        this.live = live;
        this.charms = charms;
        this.resources = resources;
        this.program = program;
    }

    String id() {
        return id;
    }

    /** Makes sure of the session. False when the machine cannot be reached: its status says why. */
    boolean connect() throws IOException, InterruptedException {
        HostSession open = session;
        if (open != null && open.isOpen()) {
            return true;
        }
        MachineSpec spec = live.read(state -> state.machine(id).spec);
        try {
            HostSession fresh = HostSession.open(spec.endpoint(), program, this::nudged);
            HostSession.Hello hello = fresh.hello();
            prepared.clear();
            session = fresh;
            closed = false;
            refusals = 0;
            live.change(state -> {
                MachineState machine = state.machine(id);
                machine.bootId = hello.bootId();
                machine.hostname = hello.hostname();
                machine.arch = hello.arch();
                machine.base = hello.base();
                machine.hardware = hello.hardware();
                machine.addresses = hello.addresses();
                status(machine, "started", "");
            });
            return true;
        } catch (IOException e) {
            refusals++;
            live.change(state -> status(state.machine(id), "down", String.valueOf(e.getMessage())));
            return false;
        }
    }

    /** A unit's agent says that its charm would report something new: update-status runs as soon as it may. */
    private void nudged(String tag) {
        try {
            live.change(state -> state.units.values().stream()
                    .filter(unit -> unit.name.tag().equals(tag) && unit.machine.equals(id) && unit.started && !unit.dying)
                    .forEach(unit -> unit.nudged = true));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether it could not be reached several times in a row: one does not wait for it any longer. */
    boolean isGivenUp() {
        return refusals >= ATTEMPTS;
    }

    private static void status(MachineState machine, String status, String message) {
        if (!machine.status.status().equals(status) || !machine.status.message().equals(message)) {
            machine.status = new Status(status, message, Instant.now());
        }
    }

    /** Runs a hook and commits what came of it. Nothing is committed when the host went away meanwhile. */
    void run(UnitName unit, Hook hook) throws IOException, InterruptedException {
        HostSession host = session;
        if (host == null) {
            return;
        }
        UnitRunner runner = new UnitRunner(host, program, charms, resources);
        Instant begin = Instant.now();
        String name = live.read(state -> state.task(hook.task()).map(task -> task.action).orElseGet(hook::name));
        int code = -1;
        live.tell(watcher -> watcher.hookStarted(unit.toString(), name));
        try {
            bringCharm(runner, unit, hook);
            ModelState seen = live.changeAndTell(state -> {
                Commit.begun(state, state.unit(unit), hook, begin);
                return state.copy();
            });
            Charm charm = charms.get(seen.unit(unit).charmOnHost);
            UnitRunner.Outcome outcome = runner.run(seen, unit, hook, charm, new Effects(runner, unit, name, hook, charm));
            code = outcome.code();
            commit(runner, seen, unit, hook, outcome);
        } catch (IOException e) {
            live.log(unit, name, "ERROR", "not run to its end: " + e.getMessage());
            interrupted(unit, hook, e);
            host.close();
            session = null;
        } finally {
            int end = code;
            live.tell(watcher -> watcher.hookEnded(unit.toString(), name, Duration.between(begin, Instant.now()), end));
        }
    }

    private void bringCharm(UnitRunner runner, UnitName unit, Hook hook) throws IOException, InterruptedException {
        if (!prepared.contains(unit)) {
            runner.prepare(unit);
            prepared.add(unit);
        }
        boolean expands = hook.kind() == Hook.Kind.INSTALL || hook.kind() == Hook.Kind.UPGRADE_CHARM;
        String wanted = live.read(state -> state.application(unit.application()).digest);
        String there = live.read(state -> state.unit(unit).charmOnHost);
        if (wanted.equals(there) || !expands && !there.isEmpty()) {
            return;
        }
        Charm charm = charms.get(wanted);
        Optional<Charm> before = there.isEmpty() ? Optional.empty() : Optional.of(charms.get(there));
        live.tell(watcher -> watcher.step("putting charm " + charm.name() + " on " + id));
        runner.putCharm(unit, charm, before);
        live.change(state -> state.unit(unit).charmOnHost = wanted);
    }

    private void commit(UnitRunner runner, ModelState seen, UnitName name, Hook hook, UnitRunner.Outcome outcome)
            throws IOException, InterruptedException {
        boolean keeps = outcome.success() || hook.kind() == Hook.Kind.EXEC;
        Optional<String> refusal = keeps ? outcome.context().writes().refusal(name) : Optional.empty();
        if (refusal.isPresent()) {
            live.log(name, hook.name(), "ERROR", refusal.get());
        }
        if (hook.kind() == Hook.Kind.REMOVE && outcome.success() && refusal.isEmpty()) {
            runner.erase(name);
        }
        live.change(state -> {
            Instant now = Instant.now();
            UnitState unit = state.unit(name);
            // A command's writes are kept even when it fails; those of hooks and actions are not.
            if (keeps && refusal.isEmpty()) {
                Commit.writes(state, unit, outcome.context().writes());
            }
            if (hook.kind().isTask()) {
                state.task(hook.task()).ifPresent(task -> {
                    end(task, outcome, now);
                    refusal.ifPresent(text -> uncommitted(task, text));
                });
                unit.agent = new Status("idle", "", now);
            } else if (outcome.success() && refusal.isEmpty()) {
                Commit.succeeded(state, seen, unit, hook, now);
            } else {
                Commit.failed(unit, hook, now);
            }
        });
    }

    private static void end(TaskState task, UnitRunner.Outcome outcome, Instant now) {
        task.completed = Optional.of(now);
        if (!outcome.success() && outcome.code() == 0) {
            task.status = "error";
            task.message = outcome.reason();
            return;
        }
        ObjectNode results = task.results;
        results.setAll(outcome.context().results());
        results.put("return-code", outcome.code());
        results.setAll(outcome.output());
        Optional<String> failure = outcome.context().failure();
        boolean command = !task.command.isEmpty();
        task.status = failure.isPresent() || !outcome.success() && !command ? "failed" : "completed";
        task.message = failure.orElse(command ? "" : outcome.reason());
    }

    /** It ran, but what it wrote was refused: told as Juju tells it, on the task's standard error. */
    private static void uncommitted(TaskState task, String text) {
        String before = task.results.path("stderr").asText("");
        task.results.put("stderr", before + text + "\n");
        if (task.command.isEmpty()) {
            task.results.put("return-code", 1);
            task.status = "failed";
            task.message = "committing requested changes failed";
        }
    }

    private void interrupted(UnitName unit, Hook hook, IOException why) throws IOException {
        live.change(state -> {
            Instant now = Instant.now();
            UnitState same = state.units.get(unit);
            if (same != null) {
                same.agent = new Status("idle", "", now);
                same.wantsUpdateStatus |= hook.kind() == Hook.Kind.UPDATE_STATUS;
            }
            state.task(hook.task()).ifPresent(task -> {
                task.status = closed ? "aborted" : "failed";
                task.message = closed ? "" : String.valueOf(why.getMessage());
                task.completed = Optional.of(now);
            });
        });
    }

    /** What a hook's tools do at once. */
    private final class Effects implements RunContext.Live {

        private final UnitRunner runner;
        private final UnitName unit;
        private final String hookName;
        private final Hook hook;
        private final Charm charm;

        Effects(UnitRunner runner, UnitName unit, String hookName, Hook hook, Charm charm) {
            this.runner = runner;
            this.unit = unit;
            this.hookName = hookName;
            this.hook = hook;
            this.charm = charm;
        }

        private void change(java.util.function.Consumer<ModelState> change) {
            try {
                live.change(change);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void setUnitStatus(String status, String message) {
            change(state -> {
                UnitState same = state.unit(unit);
                Status before = same.workload;
                boolean equal = before.status().equals(status) && before.message().equals(message);
                same.workload = new Status(status, message, equal ? before.since() : Instant.now());
            });
        }

        @Override
        public void setApplicationStatus(String status, String message) {
            change(state -> state.application(unit.application()).status =
                    Optional.of(new Status(status, message, Instant.now())));
        }

        @Override
        public void setApplicationVersion(String version) {
            change(state -> state.application(unit.application()).version = version);
        }

        @Override
        public void log(String level, String message) {
            live.log(unit, hookName, level, message);
        }

        @Override
        public String resource(String name) throws ToolException {
            String filename = charm.resources().get(name);
            String digest = live.read(state -> state.application(unit.application()).resources.getOrDefault(name, ""));
            if (filename == null || digest.isEmpty()) {
                throw UnitRunner.noResource("resource \"" + name + "\" not found");
            }
            try {
                return runner.putResource(unit, filename, digest);
            } catch (IOException e) {
                throw UnitRunner.noResource(String.valueOf(e.getMessage()));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw UnitRunner.noResource("interrupted");
            }
        }

        @Override
        public void logAction(String message) {
            String line = ActionLog.line(Instant.now(), message);
            change(state -> state.task(hook.task()).ifPresent(task -> task.log.add(line)));
            live.tell(watcher -> watcher.taskLog(hook.task(), message));
        }
    }

    @Override
    public void close() {
        closed = true;
        HostSession open = session;
        session = null;
        if (open != null) {
            open.close();
        }
    }
}
