package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.charm.Charm;
import io.canal.controller.charm.CharmException;
import io.canal.controller.charm.EndpointSpec;
import io.canal.controller.text.Trees;
import io.canal.ssh.Connection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/**
 * A model that is open for changes: applications, their units on machines, relations between them.
 *
 * <p>A change here only changes what should be; {@link #settle}, {@link #run} and {@link #exec} run the hooks that follow from
 * it. One process has a model open at a time. Not for use by several threads.
 */
public final class Model implements AutoCloseable {

    private final StateFolder folder;
    private final LiveState live;
    private final CharmStore charms;
    private final Path resources;
    private final Engine engine;

    private Model(StateFolder folder, ModelState state, Watcher watcher) throws IOException {
        this.folder = folder;
        this.live = new LiveState(folder, state, watcher);
        this.charms = new CharmStore(folder.charms());
        this.resources = folder.resources();
        this.engine = new Engine(live, charms, resources, UnitProgram.load());
    }

    /**
     * Opens the model in a folder, which is made when absent.
     *
     * @param name what a new model is called
     * @throws ModelBusyException when another command is changing it
     */
    public static Model open(Path folder, String name, Watcher watcher) throws IOException, ModelBusyException {
        StateFolder opened = StateFolder.open(folder, "model " + name);
        try {
            ModelState state = StateFolder.load(folder)
                    .orElseGet(() -> new ModelState(name, UUID.randomUUID().toString()));
            Instant now = Instant.now();
            for (TaskState task : state.tasks) {
                if (!task.isOver()) {
                    task.status = task.status.equals("running") ? "failed" : "cancelled";
                    task.message = "the command that ran it was interrupted";
                    task.completed = Optional.of(now);
                }
            }
            Model model = new Model(opened, state, watcher);
            model.live.change(same -> {});
            Set<String> used = new HashSet<>();
            state.applications.values().forEach(application -> used.add(application.digest));
            state.units.values().forEach(unit -> used.add(unit.charmOnHost));
            model.charms.keepOnly(used);
            return model;
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    /** The model as it is now. */
    public ModelView view() {
        return new ModelView(live.copy(), Instant.now(), charms);
    }

    /** Adds a machine, or changes the way to it. Nothing is done there yet. */
    public void addMachine(MachineSpec spec) throws IOException {
        live.change(state -> {
            MachineState known = state.machines.get(spec.id());
            if (known == null) {
                state.machines.put(spec.id(), new MachineState(spec, Instant.now()));
            } else {
                known.spec = spec;
            }
        });
    }

    /** Forgets a machine on which no unit is left. */
    public void removeMachine(String id) throws IOException, ModelException {
        ModelState state = live.copy();
        requireMachine(state, id);
        List<String> units = state.units.values().stream()
                .filter(unit -> unit.machine.equals(id))
                .map(unit -> unit.name.toString())
                .toList();
        if (!units.isEmpty()) {
            throw new ModelException("machine " + id + " hosts units: " + String.join(", ", units));
        }
        live.change(now -> now.machines.remove(id));
        engine.forget(id);
    }

    /** Takes a charm, a {@code .charm} file or a folder, into the model's store. */
    public Charm charm(Path source) throws IOException, CharmException {
        return charms.add(source);
    }

    /**
     * Adds an application.
     *
     * @param options values as a user writes them
     * @param machines where its units shall be; empty for a subordinate
     */
    public void deploy(String name, Charm charm, Map<String, String> options, List<String> machines)
            throws IOException, ModelException, CharmException {
        ModelState before = live.copy();
        if (!Charm.isApplicationName(name)) {
            throw new ModelException("invalid application name \"" + name + "\"");
        }
        if (before.applications.containsKey(name)) {
            throw new ModelException("application \"" + name + "\" already exists");
        }
        if (charm.isSubordinate() && !machines.isEmpty()) {
            throw new ModelException("cannot use --num-units or --to with subordinate application");
        }
        for (String machine : machines) {
            requireMachine(before, machine);
        }
        Map<String, JsonNode> settings = Settings.of(charm, options);
        live.change(state -> {
            Instant now = Instant.now();
            ApplicationState application =
                    new ApplicationState(name, charm.name(), charm.archive().digest(), revision(state, charm), now);
            application.settings.putAll(settings);
            state.applications.put(name, application);
            for (EndpointSpec endpoint : new TreeMap<>(charm.endpoints()).values()) {
                if (endpoint.role() == EndpointSpec.Role.PEER) {
                    int id = state.nextRelation++;
                    state.relations.put(id, new RelationState(
                            id, List.of(end(application, endpoint)), endpoint.container(), now));
                }
            }
            for (String machine : machines) {
                place(state, application, machine, now);
            }
        });
    }

    private static int revision(ModelState state, Charm charm) {
        int revision = state.revisions.getOrDefault(charm.name(), 0);
        state.revisions.put(charm.name(), revision + 1);
        return revision;
    }

    private static RelationState.End end(ApplicationState application, EndpointSpec endpoint) {
        return new RelationState.End(application.name, endpoint.name(), endpoint.role(), endpoint.interfaceName());
    }

    private static UnitName place(ModelState state, ApplicationState application, String machine, Instant now) {
        UnitName name = new UnitName(application.name, application.nextUnit++);
        state.units.put(name, new UnitState(name, machine, Optional.empty(), now));
        return name;
    }

    private static void requireMachine(ModelState state, String machine) throws ModelException {
        if (!state.machines.containsKey(machine)) {
            throw new ModelException("machine \"" + machine + "\" not found");
        }
    }

    private static ApplicationState application(ModelState state, String name) throws ModelException {
        ApplicationState application = state.applications.get(name);
        if (application == null) {
            throw new ModelException("application \"" + name + "\" not found");
        }
        return application;
    }

    /**
     * Gives an application another charm of the same name.
     *
     * @return false when it has that one already
     */
    public boolean refresh(String name, Charm charm) throws IOException, ModelException {
        ApplicationState application = application(live.copy(), name);
        if (!application.charmName.equals(charm.name())) {
            throw new ModelException("cannot refresh \"" + application.charmName + "\" to \"" + charm.name() + "\"");
        }
        if (application.digest.equals(charm.archive().digest())) {
            return false;
        }
        live.change(state -> {
            ApplicationState same = state.application(name);
            same.digest = charm.archive().digest();
            same.revision = revision(state, charm);
            same.settings.keySet().retainAll(charm.options().keySet());
        });
        return true;
    }

    /** Attaches a file to a resource of an application's charm; its units go through upgrade-charm. */
    public void attach(String name, String resource, Path file) throws IOException, ModelException {
        ApplicationState application = application(live.copy(), name);
        if (!charms.get(application.digest).resources().containsKey(resource)) {
            throw new ModelException("unrecognized resource \"" + resource + "\"");
        }
        Path kept = resources.resolve(UUID.randomUUID().toString());
        Files.copy(file, kept, StandardCopyOption.REPLACE_EXISTING);
        live.change(state -> {
            state.application(name).resources.put(resource, kept.getFileName().toString());
            state.unitsOf(name).forEach(unit -> unit.charmSeen = unit.installed ? "resource" : unit.charmSeen);
        });
    }

    /** Sets options, given as a user writes them. Returns whether a value changed. */
    public boolean configure(String name, Map<String, String> options)
            throws IOException, ModelException, CharmException {
        ApplicationState application = application(live.copy(), name);
        Map<String, JsonNode> settings = Settings.of(charms.get(application.digest), options);
        Map<String, JsonNode> after = new TreeMap<>(application.settings);
        after.putAll(settings);
        if (after.equals(application.settings)) {
            return false;
        }
        live.change(state -> state.application(name).settings.putAll(settings));
        return true;
    }

    /** Gives options their defaults again. Unknown ones are no error, as in Juju. */
    public void reset(String name, List<String> options) throws IOException, ModelException {
        application(live.copy(), name);
        live.change(state -> state.application(name).settings.keySet().removeAll(options));
    }

    /**
     * Relates two endpoints, each {@code application:endpoint} or just {@code application} where only one fits.
     *
     * @return false when they are related already
     */
    public boolean integrate(String one, String other) throws IOException, ModelException {
        Endpoints.Pair pair = Endpoints.match(live.copy(), charms, one, other);
        boolean exists = live.copy().relations.values().stream()
                .anyMatch(relation -> !relation.dying && relation.ends.size() == 2 && relation.ends.containsAll(pair.ends()));
        if (exists) {
            return false;
        }
        live.change(state -> {
            int id = state.nextRelation++;
            state.relations.put(id, new RelationState(id, pair.ends(), pair.container(), Instant.now()));
        });
        return true;
    }

    /** Ends a relation. Subordinates that live by it go. */
    public void removeRelation(String one, String other) throws IOException, ModelException {
        Endpoints.Pair pair = Endpoints.match(live.copy(), charms, one, other);
        int id = live.copy().relations.values().stream()
                .filter(relation -> !relation.dying && relation.ends.size() == 2 && relation.ends.containsAll(pair.ends()))
                .map(relation -> relation.id)
                .findFirst()
                .orElseThrow(() -> new ModelException("relation \"" + one + " " + other + "\" not found"));
        live.change(state -> {
            RelationState relation = state.relation(id);
            relation.dying = true;
            if (relation.container) {
                state.units.values().stream()
                        .filter(unit -> unit.principal.isPresent() && relation.concerns(unit.name.application()))
                        .filter(unit -> relation.concerns(unit.principal.get().application()))
                        .forEach(unit -> unit.dying = true);
            }
            Commit.tidy(state);
        });
    }

    /** Adds a unit of an application on a machine and returns its name. */
    public String addUnit(String name, String machine) throws IOException, ModelException {
        requirePrincipal(name);
        requireMachine(live.copy(), machine);
        return live.changeAndTell(
                state -> place(state, state.application(name), machine, Instant.now()).toString());
    }

    /** Refuses an application that is a subordinate: it is where its principals are. */
    public void requirePrincipal(String name) throws IOException, ModelException {
        if (charms.get(application(live.copy(), name).digest).isSubordinate()) {
            throw new ModelException("cannot add unit to application \"" + name + "\": application is a subordinate"
                    + "; it has one beside each unit of what it is related to, so add a unit of that");
        }
    }

    /** Lets a unit, and its subordinates, go. They are gone once their last hooks have run. */
    public void removeUnit(String name) throws IOException, ModelException {
        UnitState unit = unit(live.copy(), name);
        if (unit.principal.isPresent()) {
            throw new ModelException("unit \"" + name + "\" is a subordinate, to remove use remove-relation. Note: this"
                    + " will remove all units of \"" + unit.name.application() + "\"");
        }
        live.change(state -> state.units.values().stream()
                .filter(one -> one.name.equals(unit.name) || one.principal.filter(unit.name::equals).isPresent())
                .forEach(one -> one.dying = true));
    }

    /** Forgets a unit and its subordinates without their hooks: of a host that is gone. What is on that host stays as it is. */
    public void forceRemoveUnit(String name) throws IOException, ModelException {
        removeUnit(name);
        UnitName gone = unit(live.copy(), name).name;
        live.change(state -> {
            for (UnitState one : List.copyOf(state.units.values())) {
                if (one.name.equals(gone) || one.principal.filter(gone::equals).isPresent()) {
                    Commit.remove(state, one);
                }
            }
            Commit.tidy(state);
        });
    }

    /** Lets an application and all its units go. */
    public void removeApplication(String name) throws IOException, ModelException {
        application(live.copy(), name);
        live.change(state -> {
            state.application(name).dying = true;
            state.relationsOf(name).stream().filter(relation -> !relation.isPeer()).forEach(relation -> relation.dying = true);
            state.units.values().stream()
                    .filter(unit -> unit.name.application().equals(name)
                            || unit.principal.map(UnitName::application).filter(name::equals).isPresent())
                    .forEach(unit -> unit.dying = true);
            Commit.tidy(state);
        });
    }

    private static UnitState unit(ModelState state, String name) throws ModelException {
        return UnitName.parse(name)
                .map(state.units::get)
                .orElseThrow(() -> new ModelException("unit \"" + name + "\" not found"));
    }

    /** Repeats a failed hook at once, or, without {@code retry}, takes it as done. */
    public void resolve(String name, boolean retry) throws IOException, ModelException {
        UnitState unit = unit(live.copy(), name);
        if (unit.failed.isEmpty()) {
            throw new ModelException("resolving unit: unit \"" + name + "\" is not in error state");
        }
        live.change(state -> {
            UnitState same = state.unit(unit.name);
            Hook hook = same.failed.orElseThrow().hook();
            if (retry) {
                same.failed = Optional.of(new UnitState.Failed(hook, 0, Instant.now()));
            } else {
                Commit.succeeded(state, state.copy(), same, hook, Instant.now());
            }
        });
    }

    /** Whether hooks are due. */
    public boolean hasWork() {
        ModelState state = live.copy();
        Instant now = Instant.now();
        return state.units.values().stream().anyMatch(unit -> unit.nudged || !Resolver.isQuiet(state, unit, now));
    }

    /** Asks every started unit for its status anew: its update-status hook runs when the model settles next. */
    public void refreshStatuses() throws IOException {
        live.change(state -> state.units.values().stream()
                .filter(unit -> unit.started && !unit.dying)
                .forEach(unit -> unit.wantsUpdateStatus = true));
    }

    /**
     * Runs the hooks that are due and those that follow from them, and update-status where a unit is neither active nor
     * blocked, until all is settled or the time is over.
     */
    public Settled settle(Duration timeout) throws IOException, InterruptedException {
        return settle(timeout, timeout);
    }

    /** As {@link #settle(Duration)}; units that go on to say that they wait for something are waited for no longer than a patience. */
    public Settled settle(Duration timeout, Duration patience) throws IOException, InterruptedException {
        Instant now = Instant.now();
        return engine.settle(now.plus(timeout), now.plus(patience));
    }

    /** Runs the hooks that are due and those that follow from them, and does not wait for a unit that has not settled after them. */
    public Settled finishDue(Duration timeout) throws IOException, InterruptedException {
        return engine.finishDue(Instant.now().plus(timeout));
    }

    /**
     * Runs an action on one unit.
     *
     * @throws ModelException in Juju's words when there is no such unit or action
     */
    public TaskResult run(String unit, String action, ObjectNode params, Duration timeout)
            throws IOException, InterruptedException, ModelException {
        return runAll(List.of(unit), action, params, timeout).getFirst();
    }

    /** Runs an action on several units, on their machines at once. A task that is not over in time is stopped. */
    public List<TaskResult> runAll(List<String> units, String action, ObjectNode params, Duration timeout)
            throws IOException, InterruptedException, ModelException {
        return await(enqueue(units, action, params), timeout);
    }

    /** The units whose charm has an action. */
    public List<String> unitsWith(String action) throws IOException, ModelException {
        ModelState state = live.copy();
        List<String> units = new ArrayList<>();
        for (UnitState unit : state.units.values()) {
            if (charms.get(state.application(unit.name.application()).digest).actions().containsKey(action)) {
                units.add(unit.name.toString());
            }
        }
        if (units.isEmpty()) {
            throw new ModelException("action \"" + action + "\" not defined for any unit. (not found)");
        }
        return units;
    }

    /** Accepts an action for units and returns the ids of its tasks, for {@link #await}. */
    public List<String> enqueue(List<String> units, String action, ObjectNode params) throws IOException, ModelException {
        ModelState before = live.copy();
        for (String name : units) {
            Charm charm = charms.get(application(before, unit(before, name).name.application()).digest);
            if (charm.actions().isEmpty()) {
                throw new ModelException("no actions defined for charm " + charm.name() + ". (not found)");
            }
            if (!charm.actions().containsKey(action)) {
                throw new ModelException("action \"" + action + "\" not defined for unit \"" + name + "\". (not found)");
            }
        }
        return enqueue(units, action, params, List.of());
    }

    private List<String> enqueue(List<String> units, String action, ObjectNode params, List<String> command)
            throws IOException {
        return live.changeAndTell(state -> {
            List<String> ids = new ArrayList<>();
            // The operation that the tasks belong to has the number before theirs.
            state.nextTask++;
            for (String unit : units) {
                String id = Integer.toString(state.nextTask++);
                ids.add(state.addTask(new TaskState(
                        id, UnitName.of(unit), action, params.deepCopy(), command, Instant.now())).id);
            }
            return ids;
        });
    }

    /** Runs accepted tasks to their end. */
    public List<TaskResult> await(List<String> tasks, Duration timeout) throws IOException, InterruptedException {
        engine.finish(tasks, Instant.now().plus(timeout));
        // What did not begin in time is not to begin some other time.
        ModelState after = live.changeAndTell(state -> {
            tasks.stream().flatMap(id -> state.task(id).stream()).filter(task -> !task.isOver()).forEach(task -> {
                task.status = "cancelled";
                task.completed = Optional.of(Instant.now());
            });
            return state.copy();
        });
        return tasks.stream().flatMap(id -> after.task(id).stream()).map(TaskResult::of).toList();
    }

    /** Runs a command in a hook context of a unit; its words make a line for bash, as with {@code juju exec}. */
    public TaskResult exec(String unit, List<String> command, Duration timeout)
            throws IOException, InterruptedException, ModelException {
        unit(live.copy(), unit);
        if (command.isEmpty()) {
            throw new ModelException("no commands specified");
        }
        return await(enqueue(List.of(unit), "juju-exec", Trees.object(), command), timeout).getFirst();
    }

    /** An SSH connection of its own to a machine. */
    public Connection connect(String machine) throws IOException, ModelException {
        ModelState state = live.copy();
        requireMachine(state, machine);
        return Connection.open(state.machine(machine).spec.endpoint());
    }

    @Override
    public void close() throws IOException {
        engine.close();
        folder.close();
    }
}
