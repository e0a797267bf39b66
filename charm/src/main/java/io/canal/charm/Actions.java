package io.canal.charm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.juju.Juju;
import io.canal.model.Json;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What the actions do. */
record Actions(Juju juju, Machine machine) {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** More than this in one result only hides what matters. */
    private static final int MOST = 200;

    /** Runs one; the exit code. */
    int run(String name) throws IOException {
        switch (name) {
            case "check-subnets" -> {
                return subnets().check(juju.actionParameters().path("strict").asBoolean());
            }
            case "repair-subnets" -> subnets().repair(juju.actionParameters());
            case "list-leases" -> listLeases();
            case "release-lease" -> releaseLease(juju.actionParameters().path("subnet").asText());
            default -> juju.actionFailed("canal has no action " + name);
        }
        return 0;
    }

    private SubnetActions subnets() {
        return new SubnetActions(juju, machine);
    }

    private void listLeases() {
        switch (machine.agent().ask(Op.LEASES, Json.object(), PATIENCE)) {
            case Reply.Done(ObjectNode body) -> {
                List<JsonNode> leases = new ArrayList<>();
                body.path("leases").forEach(leases::add);
                Map<String, String> results = new TreeMap<>();
                results.put("count", Integer.toString(leases.size()));
                for (int i = 0; i < Math.min(leases.size(), MOST); i++) {
                    String at = "leases." + i + ".";
                    leases.get(i).properties().forEach(field -> results.put(at + field.getKey(), field.getValue().asText()));
                }
                juju.actionResults(results);
            }
            case Reply.Refused(String sentence) -> juju.actionFailed(sentence);
            case Reply.Unreachable(String sentence) -> juju.actionFailed(sentence);
        }
    }

    private void releaseLease(String subnet) {
        switch (machine.agent().ask(Op.RELEASE_LEASE, Json.object().put("subnet", subnet), PATIENCE)) {
            case Reply.Done _ -> juju.actionResults(Map.of("released", subnet));
            case Reply.Refused(String sentence) -> juju.actionFailed(sentence);
            case Reply.Unreachable(String sentence) -> juju.actionFailed(sentence);
        }
    }
}
