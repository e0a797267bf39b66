package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.text.Trees;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Everything that a model remembers. It is changed in memory under the model's lock and written as one document, so that
 * what is on disk is always a state that the model was in.
 */
final class ModelState {

    /** The version of the document. */
    private static final int FORMAT = 1;
    /** Older tasks are forgotten. */
    private static final int TASKS_KEPT = 200;

    final String name;
    final String uuid;
    int nextRelation;
    int nextTask;
    /** The next revision number of each charm, by its name. */
    final Map<String, Integer> revisions = new TreeMap<>();
    final Map<String, MachineState> machines = new TreeMap<>();
    final Map<String, ApplicationState> applications = new TreeMap<>();
    final Map<UnitName, UnitState> units = new TreeMap<>();
    final Map<Integer, RelationState> relations = new TreeMap<>();
    final List<TaskState> tasks = new ArrayList<>();

    ModelState(String name, String uuid) {
        this.name = name;
        this.uuid = uuid;
    }

    /** A copy that no later change touches. */
    ModelState copy() {
        return of(toJson().deepCopy());
    }

    /** A unit that is known to be there. */
    UnitState unit(UnitName name) {
        return there(units.get(name), "unit " + name);
    }

    /** An application that is known to be there. */
    ApplicationState application(String name) {
        return there(applications.get(name), "application " + name);
    }

    /** A machine that is known to be there. */
    MachineState machine(String id) {
        return there(machines.get(id), "machine " + id);
    }

    /** A relation that is known to be there. */
    RelationState relation(int id) {
        return there(relations.get(id), "relation " + id);
    }

    private static <T> T there(@Nullable T thing, String what) {
        if (thing == null) {
            throw new IllegalStateException("the model has no " + what);
        }
        return thing;
    }

    List<UnitState> unitsOf(String application) {
        return units.values().stream().filter(unit -> unit.name.application().equals(application)).toList();
    }

    List<RelationState> relationsOf(String application) {
        return relations.values().stream().filter(relation -> relation.concerns(application)).toList();
    }

    /** The leader is the unit with the lowest number among those that are not going away. */
    Optional<UnitName> leader(String application) {
        return unitsOf(application).stream().filter(unit -> !unit.dying).map(unit -> unit.name).findFirst();
    }

    boolean isLeader(UnitName unit) {
        return leader(unit.application()).filter(unit::equals).isPresent();
    }

    /** The units that take part in a relation now, as others see them: created, not broken, not going away. */
    List<UnitName> members(RelationState relation) {
        if (relation.dying) {
            return List.of();
        }
        return units.values().stream()
                .filter(unit -> !unit.dying && relation.concerns(unit.name.application()))
                .filter(unit -> unit.isIn(relation.id))
                .map(unit -> unit.name)
                .toList();
    }

    /** The members that a unit sees: those of the other side, or its peers. */
    List<UnitName> remotes(RelationState relation, UnitName unit) {
        String remote = relation.remote(unit.application()).application();
        return members(relation).stream()
                .filter(member -> member.application().equals(remote) && !member.equals(unit))
                .toList();
    }

    Optional<TaskState> task(String id) {
        return tasks.stream().filter(task -> task.id.equals(id)).findFirst();
    }

    TaskState addTask(TaskState task) {
        tasks.add(task);
        while (tasks.size() > TASKS_KEPT && tasks.getFirst().isOver()) {
            tasks.removeFirst();
        }
        return task;
    }

    ObjectNode toJson() {
        ObjectNode json = Trees.object();
        json.put("format", FORMAT);
        json.put("name", name);
        json.put("uuid", uuid);
        json.put("next-relation", nextRelation);
        json.put("next-task", nextTask);
        ObjectNode numbers = json.putObject("revisions");
        revisions.forEach(numbers::put);
        machines.values().forEach(machine -> json.withArray("machines").add(machine.toJson()));
        applications.values().forEach(application -> json.withArray("applications").add(application.toJson()));
        units.values().forEach(unit -> json.withArray("units").add(unit.toJson()));
        relations.values().forEach(relation -> json.withArray("relations").add(relation.toJson()));
        tasks.forEach(task -> json.withArray("tasks").add(task.toJson()));
        return json;
    }

    static ModelState of(JsonNode json) {
        int format = json.path("format").asInt();
        if (format != FORMAT) {
            throw new IllegalArgumentException("format is " + format + ", expected " + FORMAT);
        }
        ModelState state = new ModelState(json.path("name").asText(), json.path("uuid").asText());
        state.nextRelation = json.path("next-relation").asInt();
        state.nextTask = json.path("next-task").asInt();
        json.path("revisions").properties().forEach(field -> state.revisions.put(field.getKey(), field.getValue().asInt()));
        for (JsonNode node : json.path("machines")) {
            MachineState machine = MachineState.of(node);
            state.machines.put(machine.spec.id(), machine);
        }
        for (JsonNode node : json.path("applications")) {
            ApplicationState application = ApplicationState.of(node);
            state.applications.put(application.name, application);
        }
        for (JsonNode node : json.path("units")) {
            UnitState unit = UnitState.of(node);
            state.units.put(unit.name, unit);
        }
        for (JsonNode node : json.path("relations")) {
            RelationState relation = RelationState.of(node);
            state.relations.put(relation.id, relation);
        }
        json.path("tasks").forEach(node -> state.tasks.add(TaskState.of(node)));
        return state;
    }
}
