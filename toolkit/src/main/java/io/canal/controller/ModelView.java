package io.canal.controller;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A model as it was at one moment, for reading. */
public final class ModelView {

    /** A unit and how it is. */
    public record Unit(
            String name,
            String application,
            String machine,
            Optional<String> principal,
            boolean leader,
            boolean dying,
            Status workload,
            Status agent,
            List<String> ports) {}

    private final ModelState state;
    private final Instant taken;
    private final CharmStore charms;

    ModelView(ModelState state, Instant taken, CharmStore charms) {
        this.state = state;
        this.taken = taken;
        this.charms = charms;
    }

    /** The model in a folder as some command left it or is just changing it; empty when there is none. */
    public static Optional<ModelView> read(Path folder) throws IOException {
        Optional<ModelState> state = StateFolder.load(folder);
        if (state.isEmpty()) {
            return Optional.empty();
        }
        Instant written = Files.getLastModifiedTime(folder.resolve("model.json")).toInstant();
        return Optional.of(new ModelView(state.get(), written, new CharmStore(folder.resolve("charms"))));
    }

    ModelState state() {
        return state;
    }

    CharmStore charms() {
        return charms;
    }

    /** When the model was so. */
    public Instant taken() {
        return taken;
    }

    public String name() {
        return state.name;
    }

    /** The names of the applications. */
    public List<String> applications() {
        return List.copyOf(state.applications.keySet());
    }

    /** The ids of the machines. */
    public List<String> machines() {
        return List.copyOf(state.machines.keySet());
    }

    /** A machine and the way to it. */
    public Optional<MachineSpec> machine(String id) {
        return Optional.ofNullable(state.machines.get(id)).map(machine -> machine.spec);
    }

    /** What came of a task, as far as it is known. */
    public Optional<TaskResult> task(String id) {
        return state.task(id).map(TaskResult::of);
    }

    /** All units, by application and number. */
    public List<Unit> units() {
        return state.units.values().stream().map(this::unit).toList();
    }

    public Optional<Unit> unit(String name) {
        return UnitName.parse(name).map(state.units::get).map(this::unit);
    }

    private Unit unit(UnitState unit) {
        return new Unit(
                unit.name.toString(),
                unit.name.application(),
                unit.machine,
                unit.principal.map(UnitName::toString),
                state.isLeader(unit.name),
                unit.dying,
                workload(unit),
                unit.agent,
                unit.ports.keySet().stream().map(PortRange::toString).toList());
    }

    /** The status that people see: a failed hook hides what the charm said last. */
    static Status workload(UnitState unit) {
        return unit.failed
                .map(failure -> new Status(
                        "error",
                        "hook failed: \"" + failure.hook().name() + "\"",
                        unit.workload.since()))
                .orElse(unit.workload);
    }

    /** What the leader set, else the worst status of the units. */
    static Status applicationStatus(ModelState state, ApplicationState application, Map<UnitName, Status> instead) {
        if (application.status.isPresent()) {
            return application.status.get();
        }
        Status worst = new Status("unknown", "", application.added);
        int severity = -1;
        for (UnitState unit : state.unitsOf(application.name)) {
            Status status = instead.getOrDefault(unit.name, workload(unit));
            if (severity(status.status()) > severity) {
                severity = severity(status.status());
                worst = status;
            }
        }
        return worst;
    }

    private static int severity(String status) {
        return switch (status) {
            case "error" -> 7;
            case "blocked" -> 6;
            case "waiting" -> 5;
            case "maintenance" -> 4;
            case "active" -> 3;
            case "terminated" -> 2;
            default -> 1;
        };
    }
}
