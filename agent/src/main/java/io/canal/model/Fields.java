package io.canal.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object that is being read field by field. Names match without regard to case and the last of several wins, as in Go's
 * encoding/json, because flannel reads its objects so; {@code null} is the same as absent. What nobody asked for is the
 * {@link #rest}.
 */
final class Fields {

    private final String where;
    private final String path;
    private final Map<String, JsonNode> left = new LinkedHashMap<>();

    /** A field is not as it must be. Never leaves the decoders. */
    static final class Malformed extends Exception {

        private static final long serialVersionUID = 1;

        private final transient Problem problem;

        Malformed(Problem problem) {
            super(problem.sentence(), null, false, false);
            this.problem = problem;
        }

        Problem problem() {
            return problem;
        }
    }

    /** Something that reads a whole object. */
    interface Reading<T> {
        T read(Fields fields) throws Malformed;
    }

    private Fields(String where, String path, JsonNode object) {
        this.where = where;
        this.path = path;
        object.properties().forEach(field -> left.put(field.getKey(), field.getValue()));
    }

    /** Reads {@code text} as one JSON object. */
    static <T> Decoded<T> decode(String where, String text, Reading<T> reading) {
        try {
            JsonNode node = JsonText.read(text);
            if (!node.isObject()) {
                return Decoded.bad(where, "", text, "a JSON object");
            }
            return Decoded.good(reading.read(new Fields(where, "", node)));
        } catch (JsonProcessingException notJson) {
            return Decoded.bad(where, "", text, "a JSON object (" + notJson.getOriginalMessage() + ")");
        } catch (Malformed malformed) {
            return Decoded.bad(malformed.problem());
        }
    }

    Optional<String> string(String name, String expected) throws Malformed {
        JsonNode node = take(name);
        if (node == null) {
            return Optional.empty();
        }
        if (!node.isTextual()) {
            throw bad(name, node, expected);
        }
        return Optional.of(node.textValue());
    }

    /** A string, where there is one. */
    Optional<String> ifReadable(String name) {
        return Optional.ofNullable(take(name)).map(JsonNode::textValue);
    }

    /** Leaves a field out of the {@link #rest}. */
    void drop(String name) {
        take(name);
    }

    /** A string that {@code parse} understands. */
    <T> Optional<T> parsed(String name, String expected, Function<String, Optional<T>> parse) throws Malformed {
        Optional<String> text = string(name, expected);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Optional<T> value = parse.apply(text.get());
        if (value.isEmpty()) {
            throw bad(name, text.get(), expected);
        }
        return value;
    }

    boolean bool(String name, boolean absent) throws Malformed {
        JsonNode node = take(name);
        if (node == null) {
            return absent;
        }
        if (!node.isBoolean()) {
            throw bad(name, node, "true or false");
        }
        return node.booleanValue();
    }

    int integer(String name, int least, int most, int absent) throws Malformed {
        JsonNode node = take(name);
        if (node == null) {
            return absent;
        }
        if (!node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < least || node.intValue() > most) {
            throw bad(name, node, "a whole number from " + least + " to " + most);
        }
        return node.intValue();
    }

    Optional<Fields> object(String name) throws Malformed {
        JsonNode node = take(name);
        if (node == null) {
            return Optional.empty();
        }
        if (!node.isObject()) {
            throw bad(name, node, "a JSON object");
        }
        return Optional.of(new Fields(where, path + name + ".", node));
    }

    /** The fields that nobody has asked for. */
    Extra rest() {
        return Extra.of(left);
    }

    Malformed bad(String name, String found, String expected) {
        return new Malformed(new Problem(where, path + name, found, expected));
    }

    Malformed missing(String name, String expected) {
        return bad(name, "", expected);
    }

    private Malformed bad(String name, JsonNode found, String expected) {
        return bad(name, found.isTextual() ? found.textValue() : JsonText.compact(found), expected);
    }

    private @Nullable JsonNode take(String name) {
        JsonNode found = null;
        for (var fields = left.entrySet().iterator(); fields.hasNext(); ) {
            Map.Entry<String, JsonNode> field = fields.next();
            if (field.getKey().equalsIgnoreCase(name)) {
                found = field.getValue().isNull() ? found : field.getValue();
                fields.remove();
            }
        }
        return found;
    }

    static String compact(JsonNode node) {
        return JsonText.compact(node);
    }

    /** The tree of text that we wrote ourselves. */
    static JsonNode tree(String json) {
        try {
            return JsonText.read(json);
        } catch (JsonProcessingException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }
}
