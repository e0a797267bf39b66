package io.canal.story;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Json;
import java.util.Map;

/** Reads {@code canal status --format json}. */
final class Units {

    private Units() {}

    /** The name of the canal unit on a machine. */
    static String canalOn(String status, String machine) {
        for (Map.Entry<String, JsonNode> principal : json(status).path("applications").path("node").path("units").properties()) {
            if (principal.getValue().path("machine").asText().equals(machine)) {
                return principal.getValue().path("subordinates").properties().iterator().next().getKey();
            }
        }
        throw new AssertionError("no canal unit on " + machine + " in " + status);
    }

    /** The message of the canal unit on a machine. */
    static String messageOn(String status, String machine) {
        for (JsonNode principal : json(status).path("applications").path("node").path("units")) {
            if (principal.path("machine").asText().equals(machine)) {
                return principal.path("subordinates").iterator().next().path("workload-status").path("message").asText();
            }
        }
        throw new AssertionError("no canal unit on " + machine + " in " + status);
    }

    static JsonNode json(String text) {
        return Json.object("canal status", text).orThrow();
    }
}
