package io.canal.control;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Json;

/**
 * One thing that is not as it should be, as statuses and actions report it.
 *
 * @param what the sentence for people
 * @param where the file, key, device or table
 * @param expected what should be there
 * @param found what is there
 * @param repair what to do about it; empty where the agent mends it alone
 */
public record Finding(String what, String where, String expected, String found, String repair) {

    public ObjectNode encode() {
        return Json.object().put("what", what).put("where", where).put("expected", expected).put("found", found).put("repair", repair);
    }

    static Finding decode(JsonNode node) {
        return new Finding(node.path("what").asText(), node.path("where").asText(), node.path("expected").asText(),
                node.path("found").asText(), node.path("repair").asText());
    }
}
