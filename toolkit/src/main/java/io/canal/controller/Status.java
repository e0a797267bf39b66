package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.text.Trees;
import java.time.Instant;

/**
 * A status that a unit, its agent or an application has.
 *
 * @param status Juju's word, such as {@code active} or {@code executing}
 * @param message for people; may be empty or have several lines
 * @param since when it became so
 */
public record Status(String status, String message, Instant since) {

    JsonNode toJson() {
        ObjectNode json = Trees.object();
        json.put("status", status).put("message", message).put("since", since.toString());
        return json;
    }

    static Status of(JsonNode json) {
        return new Status(
                json.path("status").asText(), json.path("message").asText(), Instant.parse(json.path("since").asText()));
    }
}
