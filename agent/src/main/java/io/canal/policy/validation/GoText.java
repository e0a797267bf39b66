package io.canal.policy.validation;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

import java.util.TreeMap;

/** Values as Go's {@code %v} prints them; a pointer, whose number means nothing, as {@code 0x0}. */
final class GoText {

    private static final String POINTER = "0x0";

    private GoText() {}

    static String value(JsonNode node) {
        if (node.isArray()) {
            return list(node);
        }
        if (node.isObject()) {
            TreeMap<String, String> sorted = new TreeMap<>();
            node.properties().forEach(entry -> sorted.put(entry.getKey(), entry.getValue().asText()));
            return "map[" + String.join(" ", sorted.entrySet().stream().map(entry -> entry.getKey() + ":" + entry.getValue()).toList()) + "]";
        }
        return node.asText();
    }

    static String list(JsonNode node) {
        return "[" + String.join(" ", node.valueStream().map(JsonNode::asText).toList()) + "]";
    }

    static String pointer(JsonNode node) {
        return node.isMissingNode() ? "<nil>" : POINTER;
    }

    /** A struct behind a pointer, by its fields. */
    static String struct(List<String> fields) {
        return "&{" + String.join(" ", fields) + "}";
    }

    static String rules(JsonNode rules) {
        return "[" + String.join(" ", rules.valueStream().map(GoText::rule).toList()) + "]";
    }

    private static String rule(JsonNode rule) {
        return "{" + rule.path("action").asText() + " " + pointer(rule.path("ipVersion")) + " " + pointerTo(rule.path("protocol")) + " "
                + pointer(rule.path("icmp")) + " " + pointerTo(rule.path("notProtocol")) + " " + pointer(rule.path("notICMP")) + " "
                + entity(rule.path("source")) + " " + entity(rule.path("destination")) + " " + pointer(rule.path("http")) + " "
                + pointer(rule.path("metadata")) + "}";
    }

    /** Protocols print themselves, behind a pointer too. */
    private static String pointerTo(JsonNode text) {
        return text.isMissingNode() ? "<nil>" : text.asText();
    }

    private static String entity(JsonNode entity) {
        return "{" + list(entity.path("nets")) + " " + entity.path("selector").asText() + " " + entity.path("namespaceSelector").asText() + " "
                + pointer(entity.path("services")) + " " + list(entity.path("ports")) + " " + list(entity.path("notNets")) + " "
                + entity.path("notSelector").asText() + " " + list(entity.path("notPorts")) + " " + pointer(entity.path("serviceAccounts")) + "}";
    }

}
