package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.text.Trees;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one unit or application says on one relation.
 *
 * @param version grows with every change of content; what a unit has seen of a bag is such a number
 */
record Bag(long version, Map<String, String> values) {

    static final Bag EMPTY = new Bag(0, Map.of());

    Bag {
        values = Map.copyOf(values);
    }

    /** The bag after writes; an empty value deletes its key. The same bag when nothing changed. */
    Bag with(Map<String, String> writes) {
        Map<String, String> changed = new TreeMap<>(values);
        writes.forEach((key, value) -> {
            if (value.isEmpty()) {
                changed.remove(key);
            } else {
                changed.put(key, value);
            }
        });
        return changed.equals(values) ? this : new Bag(version + 1, changed);
    }

    JsonNode toJson() {
        ObjectNode json = Trees.object();
        json.put("version", version);
        json.set("values", Trees.texts(values));
        return json;
    }

    static Bag of(JsonNode json) {
        Map<String, String> values = new TreeMap<>();
        json.path("values").properties().forEach(field -> values.put(field.getKey(), field.getValue().asText()));
        return new Bag(json.path("version").asLong(), values);
    }
}
