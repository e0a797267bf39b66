package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.text.Trees;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** How far one unit has come with one relation. */
final class Membership {

    /** Its relation-created hook has run: from then on the others see it. */
    boolean created;
    /** Its relation-broken hook has run. */
    boolean broken;
    /** For each unit whose joined hook has run, the version of its bag that the last changed hook saw. */
    final Map<UnitName, Long> joined = new TreeMap<>();
    /** The unit whose joined hook has run and whose first changed hook must come next. */
    Optional<UnitName> changedNext = Optional.empty();
    /** The version of the remote application's bag that the last changed hook saw. */
    long appSeen;

    JsonNode toJson() {
        ObjectNode json = Trees.object();
        json.put("created", created);
        json.put("broken", broken);
        ObjectNode units = json.putObject("joined");
        joined.forEach((unit, version) -> units.put(unit.toString(), version));
        changedNext.ifPresent(unit -> json.put("changed-next", unit.toString()));
        json.put("app-seen", appSeen);
        return json;
    }

    static Membership of(JsonNode json) {
        Membership membership = new Membership();
        membership.created = json.path("created").asBoolean();
        membership.broken = json.path("broken").asBoolean();
        json.path("joined")
                .properties()
                .forEach(field -> membership.joined.put(UnitName.of(field.getKey()), field.getValue().asLong()));
        membership.changedNext = Optional.ofNullable(json.get("changed-next")).map(node -> UnitName.of(node.asText()));
        membership.appSeen = json.path("app-seen").asLong();
        return membership;
    }
}
