package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.charm.EndpointSpec;
import io.canal.controller.text.Trees;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the model knows of a relation: its ends and what has been said on it. */
final class RelationState {

    /** One end. A peer relation has one, every other relation two. */
    record End(String application, String endpoint, EndpointSpec.Role role, String interfaceName) {

        @Override
        public String toString() {
            return application + ":" + endpoint;
        }
    }

    final int id;
    final List<End> ends;
    final boolean container;
    boolean dying;
    final Instant since;
    final Map<UnitName, Bag> unitBags = new TreeMap<>();
    final Map<String, Bag> appBags = new TreeMap<>();

    RelationState(int id, List<End> ends, boolean container, Instant since) {
        this.id = id;
        this.ends = List.copyOf(ends);
        this.container = container;
        this.since = since;
    }

    boolean isPeer() {
        return ends.size() == 1;
    }

    boolean concerns(String application) {
        return ends.stream().anyMatch(end -> end.application().equals(application));
    }

    /** The end that is an application's own. A relation of an application with itself that is no peer has none. */
    End local(String application) {
        return ends.stream()
                .filter(end -> end.application().equals(application))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(application + " has no part in relation " + id));
    }

    /** The end on the other side, which is the same one in a peer relation. */
    End remote(String application) {
        return ends.stream()
                .filter(end -> !end.application().equals(application))
                .findFirst()
                .orElse(ends.getFirst());
    }

    /** The id as the units of an application see it: {@code etcd:3}. */
    String idFor(String application) {
        return local(application).endpoint() + ":" + id;
    }

    Bag unitBag(UnitName unit) {
        return unitBags.getOrDefault(unit, Bag.EMPTY);
    }

    Bag appBag(String application) {
        return appBags.getOrDefault(application, Bag.EMPTY);
    }

    /** {@code canal:etcd etcd:db}. */
    @Override
    public String toString() {
        return String.join(" ", ends.stream().map(End::toString).toList());
    }

    JsonNode toJson() {
        ObjectNode json = Trees.object();
        json.put("id", id);
        for (End end : ends) {
            json.withArray("ends")
                    .addObject()
                    .put("application", end.application())
                    .put("endpoint", end.endpoint())
                    .put("role", end.role().name())
                    .put("interface", end.interfaceName());
        }
        json.put("container", container);
        json.put("dying", dying);
        json.put("since", since.toString());
        ObjectNode units = json.putObject("units");
        unitBags.forEach((unit, bag) -> units.set(unit.toString(), bag.toJson()));
        ObjectNode apps = json.putObject("applications");
        appBags.forEach((app, bag) -> apps.set(app, bag.toJson()));
        return json;
    }

    static RelationState of(JsonNode json) {
        List<End> ends = new ArrayList<>();
        for (JsonNode end : json.path("ends")) {
            ends.add(new End(
                    end.path("application").asText(),
                    end.path("endpoint").asText(),
                    EndpointSpec.Role.valueOf(end.path("role").asText()),
                    end.path("interface").asText()));
        }
        RelationState relation = new RelationState(
                json.path("id").asInt(),
                ends,
                json.path("container").asBoolean(),
                Instant.parse(json.path("since").asText()));
        relation.dying = json.path("dying").asBoolean();
        json.path("units")
                .properties()
                .forEach(field -> relation.unitBags.put(UnitName.of(field.getKey()), Bag.of(field.getValue())));
        json.path("applications")
                .properties()
                .forEach(field -> relation.appBags.put(field.getKey(), Bag.of(field.getValue())));
        return relation;
    }
}
