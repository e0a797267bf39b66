package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.text.Trees;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What the model knows of an application. */
final class ApplicationState {

    final String name;
    String charmName;
    /** Digest of the charm that its units should run. */
    String digest;
    int revision;
    /** Options that a user set; the others have their defaults. */
    Map<String, JsonNode> settings = new TreeMap<>();
    /** Digest of the file that is attached for each resource. */
    Map<String, String> resources = new TreeMap<>();
    int nextUnit;
    String version = "";
    /** What the leader set for the application; else the units' worst is shown. */
    Optional<Status> status = Optional.empty();
    boolean dying;
    Instant added;

    ApplicationState(String name, String charmName, String digest, int revision, Instant now) {
        this.name = name;
        this.charmName = charmName;
        this.digest = digest;
        this.revision = revision;
        this.added = now;
    }

    JsonNode toJson() {
        ObjectNode json = Trees.object();
        json.put("name", name);
        json.put("charm", charmName);
        json.put("digest", digest);
        json.put("revision", revision);
        ObjectNode values = json.putObject("settings");
        settings.forEach(values::set);
        json.set("resources", Trees.texts(resources));
        json.put("next-unit", nextUnit);
        json.put("version", version);
        status.ifPresent(set -> json.set("status", set.toJson()));
        json.put("dying", dying);
        json.put("added", added.toString());
        return json;
    }

    static ApplicationState of(JsonNode json) {
        ApplicationState application = new ApplicationState(
                json.path("name").asText(),
                json.path("charm").asText(),
                json.path("digest").asText(),
                json.path("revision").asInt(),
                Instant.parse(json.path("added").asText()));
        json.path("settings").properties().forEach(field -> application.settings.put(field.getKey(), field.getValue()));
        json.path("resources")
                .properties()
                .forEach(field -> application.resources.put(field.getKey(), field.getValue().asText()));
        application.nextUnit = json.path("next-unit").asInt();
        application.version = json.path("version").asText();
        application.status = Optional.ofNullable(json.get("status")).map(Status::of);
        application.dying = json.path("dying").asBoolean();
        return application;
    }
}
