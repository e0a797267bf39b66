package io.canal.controller.text;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.text.GoJson;
import io.canal.text.GoYaml;

/** The output formats that Juju's tools share. */
public enum Formats {
    /** Text as it is, booleans as True and False, lists one a line, nothing for null and "", else YAML. */
    SMART,
    YAML,
    JSON;

    /** What the tool prints, its last newline included; empty for no output at all. */
    public String print(JsonNode value) {
        return switch (this) {
            case JSON -> GoJson.line(value) + "\n";
            case YAML -> value.isNull() ? "" : GoYaml.document(value);
            case SMART -> smart(value);
        };
    }

    private static String smart(JsonNode value) {
        if (value.isNull() || value.isTextual() && value.asText().isEmpty()) {
            return "";
        }
        if (value.isTextual()) {
            return value.asText() + "\n";
        }
        if (value.isBoolean()) {
            return value.asBoolean() ? "True\n" : "False\n";
        }
        if (value.isArray() && isTexts(value)) {
            StringBuilder lines = new StringBuilder();
            value.forEach(line -> lines.append(line.asText()).append('\n'));
            return lines.toString();
        }
        return GoYaml.document(value);
    }

    private static boolean isTexts(JsonNode list) {
        for (JsonNode value : list) {
            if (!value.isTextual()) {
                return false;
            }
        }
        return true;
    }
}
