package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.text.Trees;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** What the model knows of a unit. */
final class UnitState {

    /** A hook that failed and is to be repeated. */
    record Failed(Hook hook, int attempts, Instant retryAt) {}

    final UnitName name;
    final String machine;
    final Optional<UnitName> principal;
    boolean dying;
    Status workload;
    Status agent;
    boolean installed;
    boolean started;
    boolean stopped;
    /** Its leader-elected hook has run since it became leader. */
    boolean leaderSeen;
    /** Fingerprint of the options and addresses that the last config-changed hook saw. */
    String configSeen = "";
    /** Digest of the charm that lies on the host. */
    String charmOnHost = "";
    /** Digest of the charm whose install or upgrade-charm hook has run. */
    String charmSeen = "";
    /** Boot id of the host when start last ran. */
    String bootSeen = "";
    Optional<Failed> failed = Optional.empty();
    boolean wantsUpdateStatus;
    /** Its agent would report something new. That is no work that anybody waits for: an agent may have news again and again. */
    boolean nudged;
    final Map<Integer, Membership> relations = new TreeMap<>();
    final Map<String, String> store = new TreeMap<>();
    final Map<PortRange, TreeSet<String>> ports = new TreeMap<>();

    UnitState(UnitName name, String machine, Optional<UnitName> principal, Instant now) {
        this.name = name;
        this.machine = machine;
        this.principal = principal;
        this.workload = new Status("waiting", "waiting for machine", now);
        this.agent = new Status("allocating", "", now);
    }

    Membership membership(int relation) {
        return relations.computeIfAbsent(relation, id -> new Membership());
    }

    /** Whether it has entered a relation and not left it. */
    boolean isIn(int relation) {
        Membership membership = relations.get(relation);
        return membership != null && membership.created && !membership.broken;
    }

    JsonNode toJson() {
        ObjectNode json = Trees.object();
        json.put("name", name.toString());
        json.put("machine", machine);
        principal.ifPresent(unit -> json.put("principal", unit.toString()));
        json.put("dying", dying);
        json.set("workload", workload.toJson());
        json.set("agent", agent.toJson());
        json.put("installed", installed);
        json.put("started", started);
        json.put("stopped", stopped);
        json.put("leader-seen", leaderSeen);
        json.put("config-seen", configSeen);
        json.put("charm-on-host", charmOnHost);
        json.put("charm-seen", charmSeen);
        json.put("boot-seen", bootSeen);
        failed.ifPresent(failure -> json.putObject("failed")
                .put("attempts", failure.attempts())
                .put("retry-at", failure.retryAt().toString())
                .set("hook", failure.hook().toJson()));
        json.put("wants-update-status", wantsUpdateStatus);
        json.put("nudged", nudged);
        ObjectNode members = json.putObject("relations");
        relations.forEach((id, membership) -> members.set(id.toString(), membership.toJson()));
        json.set("store", Trees.texts(store));
        ObjectNode open = json.putObject("ports");
        ports.forEach((range, endpoints) -> open.set(range.toString(), Trees.texts(endpoints)));
        return json;
    }

    static UnitState of(JsonNode json) {
        UnitState unit = new UnitState(
                UnitName.of(json.path("name").asText()),
                json.path("machine").asText(),
                Optional.ofNullable(json.get("principal")).map(node -> UnitName.of(node.asText())),
                Instant.EPOCH);
        unit.dying = json.path("dying").asBoolean();
        unit.workload = Status.of(json.path("workload"));
        unit.agent = Status.of(json.path("agent"));
        unit.installed = json.path("installed").asBoolean();
        unit.started = json.path("started").asBoolean();
        unit.stopped = json.path("stopped").asBoolean();
        unit.leaderSeen = json.path("leader-seen").asBoolean();
        unit.configSeen = json.path("config-seen").asText();
        unit.charmOnHost = json.path("charm-on-host").asText();
        unit.charmSeen = json.path("charm-seen").asText();
        unit.bootSeen = json.path("boot-seen").asText();
        JsonNode failure = json.get("failed");
        if (failure != null) {
            unit.failed = Optional.of(new Failed(
                    Hook.of(failure.path("hook")),
                    failure.path("attempts").asInt(),
                    Instant.parse(failure.path("retry-at").asText())));
        }
        unit.wantsUpdateStatus = json.path("wants-update-status").asBoolean();
        unit.nudged = json.path("nudged").asBoolean();
        json.path("relations")
                .properties()
                .forEach(field ->
                        unit.relations.put(Integer.valueOf(field.getKey()), Membership.of(field.getValue())));
        json.path("store").properties().forEach(field -> unit.store.put(field.getKey(), field.getValue().asText()));
        json.path("ports").properties().forEach(field -> {
            TreeSet<String> endpoints = new TreeSet<>();
            field.getValue().forEach(endpoint -> endpoints.add(endpoint.asText()));
            unit.ports.put(PortRange.of(field.getKey()), endpoints);
        });
        return unit;
    }
}
