package io.canal.controller.charm;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.text.GoJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** The part of JSON Schema draft 4 that action declarations use, with the messages of Juju's validator. */
final class SchemaCheck {

    private final List<String> errors = new ArrayList<>();

    private SchemaCheck() {}

    static void require(JsonNode schema, JsonNode value) throws CharmException {
        SchemaCheck check = new SchemaCheck();
        check.value("(root)", schema, value);
        if (!check.errors.isEmpty()) {
            throw new CharmException("validation failed: " + String.join("; ", check.errors));
        }
    }

    private void value(String where, JsonNode schema, JsonNode value) {
        JsonNode type = schema.get("type");
        if (type != null && !isOfType(type, value)) {
            String names = type.isArray() ? GoJson.line(type) : type.asText();
            error(where, "must be of type " + names, GoJson.line(value));
            return;
        }
        JsonNode choices = schema.get("enum");
        if (choices != null && !contains(choices, value)) {
            error(where, "must match one of the enum values " + GoJson.line(choices), GoJson.line(value));
        }
        if (value.isNumber()) {
            number(where, schema, value);
        } else if (value.isTextual()) {
            text(where, schema, value);
        } else if (value.isArray()) {
            list(where, schema, value);
        } else if (value.isObject()) {
            object(where, schema, value);
        }
    }

    private void number(String where, JsonNode schema, JsonNode value) {
        String given = "\"" + GoJson.line(value) + "\"";
        double number = value.asDouble();
        JsonNode most = schema.get("maximum");
        if (most != null) {
            boolean exclusive = schema.path("exclusiveMaximum").asBoolean();
            if (exclusive ? number >= most.asDouble() : number > most.asDouble()) {
                error(where, "must be lower than " + GoJson.line(most), given);
            }
        }
        JsonNode least = schema.get("minimum");
        if (least != null) {
            boolean exclusive = schema.path("exclusiveMinimum").asBoolean();
            if (exclusive ? number <= least.asDouble() : number < least.asDouble()) {
                error(where, "must be greater than " + GoJson.line(least), given);
            }
        }
    }

    private void text(String where, JsonNode schema, JsonNode value) {
        int length = value.asText().codePointCount(0, value.asText().length());
        if (schema.has("minLength") && length < schema.get("minLength").asInt()) {
            error(where, "string length must be greater or equal to " + schema.get("minLength"), GoJson.line(value));
        }
        if (schema.has("maxLength") && length > schema.get("maxLength").asInt()) {
            error(where, "string length must be lower or equal to " + schema.get("maxLength"), GoJson.line(value));
        }
        if (schema.has("pattern")) {
            String pattern = schema.get("pattern").asText();
            try {
                if (!Pattern.compile(pattern).matcher(value.asText()).find()) {
                    error(where, "does not match pattern " + pattern, GoJson.line(value));
                }
            } catch (PatternSyntaxException e) {
                error(where, "has a pattern that is no regular expression: " + pattern, GoJson.line(value));
            }
        }
    }

    private void list(String where, JsonNode schema, JsonNode value) {
        JsonNode items = schema.get("items");
        if (items != null && items.isObject()) {
            for (int i = 0; i < value.size(); i++) {
                value(where + "." + i, items, value.get(i));
            }
        }
    }

    private void object(String where, JsonNode schema, JsonNode value) {
        JsonNode properties = schema.path("properties");
        for (JsonNode required : schema.path("required")) {
            if (!value.has(required.asText())) {
                error(where, "\"" + required.asText() + "\" property is missing and required", GoJson.line(value));
            }
        }
        JsonNode others = schema.get("additionalProperties");
        for (Map.Entry<String, JsonNode> field : value.properties()) {
            if (properties.has(field.getKey())) {
                value(where + "." + field.getKey(), properties.get(field.getKey()), field.getValue());
            } else if (others != null && others.isBoolean() && !others.asBoolean()) {
                error(where, "additional property \"" + field.getKey() + "\" is not allowed", GoJson.line(value));
            } else if (others != null && others.isObject()) {
                value(where + "." + field.getKey(), others, field.getValue());
            }
        }
    }

    private void error(String where, String what, String given) {
        errors.add(where + " : " + what + ", given " + given);
    }

    private static boolean isOfType(JsonNode type, JsonNode value) {
        if (type.isArray()) {
            for (JsonNode one : type) {
                if (isOfType(one, value)) {
                    return true;
                }
            }
            return false;
        }
        return switch (type.asText()) {
            case "string" -> value.isTextual();
            case "integer" -> value.isIntegralNumber();
            case "number" -> value.isNumber();
            case "boolean" -> value.isBoolean();
            case "array" -> value.isArray();
            case "object" -> value.isObject();
            case "null" -> value.isNull();
            default -> true;
        };
    }

    private static boolean contains(JsonNode choices, JsonNode value) {
        for (JsonNode choice : choices) {
            if (choice.equals(value) || choice.isNumber() && value.isNumber() && choice.asDouble() == value.asDouble()) {
                return true;
            }
        }
        return false;
    }
}
