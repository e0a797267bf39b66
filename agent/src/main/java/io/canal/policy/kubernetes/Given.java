package io.canal.policy.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** What a JSON tree has at some place; null is the same as absent. */
final class Given {

    private Given() {}

    static boolean is(JsonNode node) {
        return !node.isMissingNode() && !node.isNull();
    }

    static List<JsonNode> list(String field, JsonNode node) throws Unconvertible {
        if (Given.is(node) && !node.isArray()) {
            throw new Unconvertible(field, node.toString(), "a list");
        }
        List<JsonNode> members = new ArrayList<>(node.size());
        node.forEach(members::add);
        return members;
    }

    static List<JsonNode> objects(String field, JsonNode node) throws Unconvertible {
        List<JsonNode> members = list(field, node);
        for (int i = 0; i < members.size(); i++) {
            if (!members.get(i).isObject()) {
                throw new Unconvertible(field + "[" + i + "]", members.get(i).toString(), "an object");
            }
        }
        return members;
    }

    static String text(String field, JsonNode node) throws Unconvertible {
        if (!node.isTextual()) {
            throw new Unconvertible(field, node.toString(), "a string");
        }
        return node.textValue();
    }
}
