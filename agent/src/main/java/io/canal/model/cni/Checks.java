package io.canal.model.cni;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Collects what is wrong with an object's fields, and keeps the first. An absent or null field is good. */
final class Checks {

    private final String where;
    private final List<Problem> problems = new ArrayList<>();

    Checks(String where) {
        this.where = where;
    }

    Checks text(JsonNode object, String path, String field) {
        return field(object, path, field, JsonNode::isTextual, "a string");
    }

    Checks flag(JsonNode object, String path, String field) {
        return field(object, path, field, JsonNode::isBoolean, "true or false");
    }

    Checks object(JsonNode object, String path, String field) {
        return field(object, path, field, JsonNode::isObject, "an object");
    }

    Checks field(JsonNode object, String path, String field, Predicate<JsonNode> good, String expected) {
        JsonNode value = CniJson.get(object, field);
        if (!CniJson.absent(value) && !good.test(value)) {
            wrong(path + field, value, expected);
        }
        return this;
    }

    Checks each(JsonNode object, String path, String field, Predicate<JsonNode> good, String expected) {
        JsonNode list = CniJson.get(object, field);
        if (CniJson.absent(list)) {
            return this;
        }
        if (!list.isArray()) {
            wrong(path + field, list, "a list, each " + expected);
            return this;
        }
        for (int i = 0; i < list.size(); i++) {
            if (!good.test(list.get(i))) {
                wrong(path + field + "[" + i + "]", list.get(i), expected);
            }
        }
        return this;
    }

    void wrong(String field, JsonNode found, String expected) {
        problems.add(new Problem(where, field, found.isTextual() ? found.asText() : found.toString(), expected));
    }

    Optional<Problem> first() {
        return problems.stream().findFirst();
    }
}
