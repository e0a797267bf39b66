package io.canal.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** JSON text to trees and back. Only trees: binding to classes by reflection costs a third of a second at start-up. */
public final class Json {

    private Json() {}

    /** Reads a text that has to be one JSON object. */
    public static Decoded<ObjectNode> object(String where, String text) {
        return object(() -> where, text, UnaryOperator.identity());
    }

    /**
     * As {@link #object(String, String)}, for one of many.
     *
     * @param texts gives for each text in it an equal one
     */
    public static Decoded<ObjectNode> object(Supplier<String> where, String text, UnaryOperator<String> texts) {
        try {
            if (JsonText.read(text, texts) instanceof ObjectNode object) {
                return Decoded.good(object);
            }
            return Decoded.bad(where.get(), "", text, "a JSON object");
        } catch (JsonProcessingException malformed) {
            return Decoded.bad(where.get(), "", text, "a JSON object (" + reason(malformed) + ")");
        } catch (StackOverflowError deep) {
            return Decoded.bad(where.get(), "", text, "a JSON object that is not nested so deeply");
        }
    }

    /** Without the place in the source, which the library hides anyway. */
    private static String reason(JsonProcessingException malformed) {
        return malformed.getOriginalMessage().replaceAll(" \\(start marker at .*", "");
    }

    /** An empty object, to be filled. */
    public static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    /** Reads a text that has to be one JSON value of any kind. */
    public static Decoded<JsonNode> value(String where, String text) {
        try {
            JsonNode value = JsonText.read(text);
            return value.isMissingNode() ? Decoded.bad(where, "", text, "a JSON value") : Decoded.good(value);
        } catch (JsonProcessingException malformed) {
            return Decoded.bad(where, "", text, "a JSON value (" + malformed.getOriginalMessage() + ")");
        }
    }

    /** The text without any white space, fields in the tree's order. */
    public static String compact(JsonNode node) {
        return JsonText.compact(node);
    }

    /** The text for people: two blanks a level. */
    public static String pretty(JsonNode node) {
        return JsonText.pretty(node);
    }
}
