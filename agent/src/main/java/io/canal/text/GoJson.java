package io.canal.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;
import java.util.Map;

/** JSON as Go's encoding/json writes it, HTML characters escaped. Keys keep the tree's order. */
public final class GoJson {

    private GoJson() {}

    /** On several lines, two blanks a level, without a newline at the end. */
    public static String indented(JsonNode node) {
        StringBuilder text = new StringBuilder();
        indented(text, node, "\n");
        return text.toString();
    }

    private static void indented(StringBuilder text, JsonNode node, String newLine) {
        if (!node.isContainerNode() || node.isEmpty()) {
            append(text, node);
            return;
        }
        text.append(node.isObject() ? '{' : '[');
        String inner = newLine + "  ";
        String separator = inner;
        if (node.isObject()) {
            for (Map.Entry<String, JsonNode> field : node.properties()) {
                text.append(separator);
                string(text, field.getKey());
                text.append(": ");
                indented(text, field.getValue(), inner);
                separator = "," + inner;
            }
        } else {
            for (JsonNode element : node) {
                text.append(separator);
                indented(text, element, inner);
                separator = "," + inner;
            }
        }
        text.append(newLine).append(node.isObject() ? '}' : ']');
    }

    /** On one line, without blanks. */
    public static String line(JsonNode node) {
        StringBuilder text = new StringBuilder();
        append(text, node);
        return text.toString();
    }

    private static void append(StringBuilder text, JsonNode node) {
        if (node.isObject()) {
            text.append('{');
            Iterator<Map.Entry<String, JsonNode>> fields = node.properties().iterator();
            while (fields.hasNext()) {
                Map.Entry<String, JsonNode> field = fields.next();
                string(text, field.getKey());
                text.append(':');
                append(text, field.getValue());
                text.append(fields.hasNext() ? "," : "");
            }
            text.append('}');
        } else if (node.isArray()) {
            text.append('[');
            for (int i = 0; i < node.size(); i++) {
                text.append(i == 0 ? "" : ",");
                append(text, node.get(i));
            }
            text.append(']');
        } else if (node.isTextual()) {
            string(text, node.asText());
        } else if (node.isFloatingPointNumber()) {
            text.append(GoNumber.json(node.asDouble()));
        } else {
            text.append(node.asText());
        }
    }

    private static void string(StringBuilder text, String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                case '\b' -> text.append("\\b");
                case '\f' -> text.append("\\f");
                case '<', '>', '&', '\u2028', '\u2029' -> text.append(String.format("\\u%04x", (int) c));
                default -> {
                    if (c < 0x20) {
                        text.append(String.format("\\u%04x", (int) c));
                    } else {
                        text.append(c);
                    }
                }
            }
        }
        text.append('"');
    }
}
