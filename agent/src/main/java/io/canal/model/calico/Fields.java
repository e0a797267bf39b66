package io.canal.model.calico;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Problem;
import java.util.Optional;
import java.util.function.Predicate;

/** Checks on the fields of one object; each gives what is wrong, if anything is. An absent or null field is good. */
record Fields(String where, String path, JsonNode object) {

    Optional<Problem> text(String field) {
        return optional(field, JsonNode::isTextual, "a string");
    }

    Optional<Problem> texts(String field) {
        return each(field, JsonNode::isTextual, "a string");
    }

    Optional<Problem> flag(String field) {
        return optional(field, JsonNode::isBoolean, "true or false");
    }

    Optional<Problem> optional(String field, Predicate<JsonNode> good, String expected) {
        JsonNode value = object.path(field);
        return value.isMissingNode() || value.isNull() || good.test(value)
                ? Optional.empty()
                : Optional.of(problem(field, value, expected));
    }

    Optional<Problem> each(String field, Predicate<JsonNode> good, String expected) {
        JsonNode list = object.path(field);
        if (list.isMissingNode() || list.isNull()) {
            return Optional.empty();
        }
        if (!list.isArray()) {
            return Optional.of(problem(field, list, "a list, each " + expected));
        }
        for (int i = 0; i < list.size(); i++) {
            if (!good.test(list.get(i))) {
                return Optional.of(problem(field + "[" + i + "]", list.get(i), expected));
            }
        }
        return Optional.empty();
    }

    private Problem problem(String field, JsonNode found, String expected) {
        return new Problem(where, path + "." + field, found.isTextual() ? found.asText() : found.toString(), expected);
    }
}
