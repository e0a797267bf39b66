package io.canal.controller.charm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** One YAML file of a charm, read with the errors that Juju gives. */
final class YamlFile {

    private final String file;
    private final Map<String, Object> root;

    private YamlFile(String file, Map<String, Object> root) {
        this.file = file;
        this.root = root;
    }

    /** A file whose top is a map; an empty file is an empty map. */
    static YamlFile parse(String file, String text) throws CharmException {
        Object top;
        try {
            top = new Yaml(new SafeConstructor(new LoaderOptions())).load(text);
        } catch (YAMLException e) {
            throw new CharmException(file + ": " + String.valueOf(e.getMessage()).replace('\n', ' '));
        }
        if (top == null) {
            return new YamlFile(file, Map.of());
        }
        if (!(top instanceof Map)) {
            throw new CharmException(file + ": expected map, got " + kind(top));
        }
        return new YamlFile(file, stringKeys(file, top));
    }

    Map<String, Object> root() {
        return root;
    }

    boolean isEmpty() {
        return root.isEmpty();
    }

    String requiredText(String key) throws CharmException {
        Object value = root.get(key);
        if (value instanceof String text) {
            return text;
        }
        throw new CharmException(what() + ": " + key + ": expected string, got " + (value == null ? "nothing" : kind(value)));
    }

    boolean flag(String key) throws CharmException {
        Object value = root.get(key);
        if (value == null) {
            return false;
        }
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw new CharmException(what() + ": " + key + ": expected bool, got " + kind(value));
    }

    Map<String, Object> map(String key) throws CharmException {
        Object value = root.get(key);
        if (value == null) {
            return Map.of();
        }
        if (!(value instanceof Map)) {
            throw new CharmException(what() + ": " + key + ": expected map, got " + kind(value));
        }
        return stringKeys(what() + ": " + key, value);
    }

    List<Object> list(String key) throws CharmException {
        Object value = root.get(key);
        if (value == null) {
            return List.of();
        }
        if (value instanceof List<?> list) {
            return new ArrayList<>(list);
        }
        throw new CharmException(what() + ": " + key + ": expected list, got " + kind(value));
    }

    private String what() {
        return file.endsWith(".yaml") ? file.substring(0, file.length() - ".yaml".length()) : file;
    }

    /** The map with its keys as strings, deeply: {@code on:} and {@code 1:} are no strings in YAML 1.1. */
    static Map<String, Object> stringKeys(String where, Object value) throws CharmException {
        Map<String, Object> map = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
            if (!(entry.getKey() instanceof String key)) {
                throw new CharmException(where + ": map keyed with non-string value " + entry.getKey());
            }
            Object child = entry.getValue();
            map.put(key, child instanceof Map ? stringKeys(where + ": " + key, child) : child);
        }
        return map;
    }

    static String kind(Object value) {
        return switch (value) {
            case String s -> "string(\"" + s + "\")";
            case Boolean b -> "bool(" + b + ")";
            case Integer i -> "int(" + i + ")";
            case Number n -> "float64(" + n + ")";
            case List<?> l -> "list of " + l.size();
            case Map<?, ?> m -> "map of " + m.size();
            default -> value.getClass().getSimpleName();
        };
    }
}
