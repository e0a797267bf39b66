package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.text.Trees;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** An action or a command that a user asked a unit to run. */
final class TaskState {

    final String id;
    final UnitName unit;
    /** The action's name; {@code juju-exec} for a command. */
    final String action;
    final ObjectNode params;
    /** The arguments of a command; empty for an action. */
    final List<String> command;
    String status = "pending";
    String message = "";
    ObjectNode results = Trees.object();
    final List<String> log = new ArrayList<>();
    final Instant enqueued;
    Optional<Instant> started = Optional.empty();
    Optional<Instant> completed = Optional.empty();

    TaskState(String id, UnitName unit, String action, ObjectNode params, List<String> command, Instant now) {
        this.id = id;
        this.unit = unit;
        this.action = action;
        this.params = params;
        this.command = List.copyOf(command);
        this.enqueued = now;
    }

    boolean isOver() {
        return completed.isPresent();
    }

    JsonNode toJson() {
        ObjectNode json = Trees.object();
        json.put("id", id);
        json.put("unit", unit.toString());
        json.put("action", action);
        json.set("params", params);
        json.set("command", Trees.texts(command));
        json.put("status", status);
        json.put("message", message);
        json.set("results", results);
        json.set("log", Trees.texts(log));
        json.put("enqueued", enqueued.toString());
        started.ifPresent(time -> json.put("started", time.toString()));
        completed.ifPresent(time -> json.put("completed", time.toString()));
        return json;
    }

    static TaskState of(JsonNode json) {
        List<String> command = new ArrayList<>();
        json.path("command").forEach(argument -> command.add(argument.asText()));
        TaskState task = new TaskState(
                json.path("id").asText(),
                UnitName.of(json.path("unit").asText()),
                json.path("action").asText(),
                (ObjectNode) json.path("params"),
                command,
                Instant.parse(json.path("enqueued").asText()));
        task.status = json.path("status").asText();
        task.message = json.path("message").asText();
        task.results = (ObjectNode) json.path("results");
        json.path("log").forEach(line -> task.log.add(line.asText()));
        task.started = Optional.ofNullable(json.get("started")).map(time -> Instant.parse(time.asText()));
        task.completed = Optional.ofNullable(json.get("completed")).map(time -> Instant.parse(time.asText()));
        return task;
    }
}
