package io.canal.controller.charm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.text.Trees;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * An action that a charm declares.
 *
 * @param schema JSON Schema (draft 4) of its parameters, as Juju builds it from the declaration
 */
public record ActionSpec(String name, String description, ObjectNode schema) {

    private static final Pattern NAME = Pattern.compile("[a-z0-9](?:[a-z0-9-]*[a-z0-9])?");
    private static final Set<String> OWN = Set.of("description", "title", "params", "parallel", "execution-group");

    static Map<String, ActionSpec> parse(String text) throws CharmException {
        Map<String, ActionSpec> actions = new LinkedHashMap<>();
        for (Map.Entry<String, Object> entry : YamlFile.parse("actions.yaml", text).root().entrySet()) {
            String name = entry.getKey();
            if (!NAME.matcher(name).matches()) {
                throw new CharmException("bad action name " + name);
            }
            if (name.equals("juju") || name.startsWith("juju-")) {
                throw new CharmException("cannot use action name " + name + ": the \"juju-\" prefix is reserved");
            }
            Map<String, Object> spec = entry.getValue() instanceof Map
                    ? YamlFile.stringKeys("actions.yaml: " + name, entry.getValue())
                    : Map.of();
            actions.put(name, action(name, spec));
        }
        return Map.copyOf(actions);
    }

    private static ActionSpec action(String name, Map<String, Object> spec) throws CharmException {
        Object said = spec.get("description");
        String description = said == null ? "No description" : String.valueOf(said);
        ObjectNode schema = JsonNodeFactory.instance.objectNode();
        schema.put("description", description);
        schema.put("type", "object");
        schema.put("title", spec.get("title") instanceof String title ? title : name);
        Object params = spec.get("params");
        if (params != null && !(params instanceof Map)) {
            throw new CharmException("params failed to parse as a map");
        }
        schema.set("properties", Trees.of(params == null ? Map.of() : params));
        for (Map.Entry<String, Object> other : spec.entrySet()) {
            if (!OWN.contains(other.getKey())) {
                schema.set(other.getKey(), Trees.of(other.getValue()));
            }
        }
        if (!schema.has("additionalProperties")) {
            schema.put("additionalProperties", false);
        }
        requireSelfContained(schema);
        return new ActionSpec(name, description, schema);
    }

    private static void requireSelfContained(JsonNode node) throws CharmException {
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            if (field.getKey().equals("$ref") || field.getKey().equals("$schema")) {
                throw new CharmException(
                        "schema key \"" + field.getKey() + "\" not compatible with this version of juju");
            }
            requireSelfContained(field.getValue());
        }
        if (node.isArray()) {
            for (JsonNode child : node) {
                requireSelfContained(child);
            }
        }
    }

    /**
     * The parameters with defaults put in.
     *
     * @throws CharmException such as {@code validation failed: (root).count : must be of type integer, given "abc"}
     */
    public ObjectNode complete(ObjectNode given) throws CharmException {
        // Juju's message shows what was given, in the order of the keys, and not the defaults.
        SchemaCheck.require(schema, Trees.sorted(given));
        ObjectNode params = given.deepCopy();
        for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
            JsonNode fallback = property.getValue().get("default");
            if (fallback != null && !params.has(property.getKey())) {
                params.set(property.getKey(), fallback.deepCopy());
            }
        }
        return params;
    }
}
