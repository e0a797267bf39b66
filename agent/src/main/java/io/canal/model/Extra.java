package io.canal.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/**
 * The fields of a JSON object that canal does not know: kept as they came, and written back behind the known ones.
 *
 * @param json a JSON object in compact form; {@code {}} where there is nothing
 */
public record Extra(String json) {

    /** No unknown fields. */
    public static final Extra NONE = new Extra("{}");

    public boolean isEmpty() {
        return json.equals(NONE.json);
    }

    static Extra of(Map<String, JsonNode> fields) {
        if (fields.isEmpty()) {
            return NONE;
        }
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        fields.forEach(object::set);
        return new Extra(Fields.compact(object));
    }

    void addTo(ObjectNode object) {
        if (!isEmpty()) {
            Fields.tree(json).properties().forEach(field -> object.set(field.getKey(), field.getValue()));
        }
    }
}
