package io.canal.controller.hooktool;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.controller.text.Trees;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.yaml.snakeyaml.error.YAMLException;

/** {@code key=value} arguments, and the YAML file of {@code --file} that they override. */
final class KeyValues {

    private KeyValues() {}

    static Map<String, String> parse(List<String> args, Optional<String> file, CallerFiles files)
            throws ToolException {
        Map<String, String> given = new LinkedHashMap<>();
        for (String argument : args) {
            int equals = argument.indexOf('=');
            if (equals <= 0) {
                throw ToolException.usage("expected \"key=value\", got " + Arguments.quoted(argument));
            }
            if (given.put(argument.substring(0, equals), argument.substring(equals + 1)) != null) {
                throw ToolException.usage("key " + Arguments.quoted(argument.substring(0, equals)) + " specified more than once");
            }
        }
        if (file.isEmpty()) {
            return given;
        }
        Map<String, String> all = new LinkedHashMap<>(map(file.get().equals("-") ? files.readStdin() : files.read(file.get())));
        all.putAll(given);
        return all;
    }

    private static Map<String, String> map(byte[] content) throws ToolException {
        JsonNode tree;
        try {
            tree = Trees.yaml(new String(content, StandardCharsets.UTF_8));
        } catch (YAMLException e) {
            throw ToolException.failure("yaml: " + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
        }
        Map<String, String> map = new LinkedHashMap<>();
        if (tree.isNull()) {
            return map;
        }
        if (!tree.isObject()) {
            throw ToolException.failure("yaml: unmarshal errors:\n  line 1: cannot unmarshal "
                    + (tree.isArray() ? "!!seq" : "!!str `" + tree.asText() + "`") + " into map[string]string");
        }
        for (Map.Entry<String, JsonNode> field : tree.properties()) {
            JsonNode value = field.getValue();
            if (value.isContainerNode()) {
                throw ToolException.failure("yaml: unmarshal errors:\n  line 1: cannot unmarshal "
                        + (value.isArray() ? "!!seq" : "!!map") + " into string");
            }
            map.put(field.getKey(), value.isNull() ? "" : value.asText());
        }
        return map;
    }
}
