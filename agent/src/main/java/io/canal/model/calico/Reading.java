package io.canal.model.calico;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.canal.model.Decoded;
import io.canal.model.Problem;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A JSON object that is being read field by field. {@code null} is the same as absent, and fields that nobody asks for are let be. */
final class Reading {

    private final ResourceKey key;
    /** The object that this is in; null for the outermost. */
    private final @Nullable Reading outer;
    private final String name;
    /** Where in a list; -1 in none. */
    private final int index;
    private final JsonNode object;

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
    interface Body<T> {
        T read(Reading object) throws Malformed;
    }

    private Reading(ResourceKey key, @Nullable Reading outer, String name, int index, JsonNode object) {
        this.key = key;
        this.outer = outer;
        this.name = name;
        this.index = index;
        this.object = object;
    }

    /** Reads an object by itself. */
    static Reading of(ResourceKey key, String name, JsonNode object) {
        return new Reading(key, null, name, -1, object);
    }

    /** Put together only where there is something to say about it. */
    private String path() {
        return (outer == null ? "" : outer.path() + ".") + name + (index < 0 ? "" : "[" + index + "]");
    }

    /** Reads the {@code spec} of a resource. */
    static <T> Decoded<T> spec(Resource resource, Body<T> body) {
        try {
            return Decoded.good(body.read(new Reading(resource.key(), null, "spec", -1, resource.spec())));
        } catch (Malformed malformed) {
            return Decoded.bad(malformed.problem());
        }
    }

    /** The text, empty where there is none. */
    String text(String field) throws Malformed {
        JsonNode value = value(field);
        if (value.isMissingNode()) {
            return "";
        }
        if (!value.isTextual()) {
            throw bad(field, value, "a string");
        }
        return value.textValue();
    }

    boolean flag(String field) throws Malformed {
        JsonNode value = value(field);
        if (!value.isMissingNode() && !value.isBoolean()) {
            throw bad(field, value, "true or false");
        }
        return value.asBoolean(false);
    }

    double number(String field, double absent) throws Malformed {
        JsonNode value = value(field);
        if (!value.isMissingNode() && !value.isNumber()) {
            throw bad(field, value, "a number");
        }
        return value.asDouble(absent);
    }

    Optional<Integer> integer(String field, int least, int most) throws Malformed {
        JsonNode value = value(field);
        if (value.isMissingNode()) {
            return Optional.empty();
        }
        if (!value.isInt() || value.intValue() < least || value.intValue() > most) {
            throw bad(field, value, "a whole number from " + least + " to " + most);
        }
        return Optional.of(value.intValue());
    }

    <T> Optional<T> parsed(String field, Function<JsonNode, Optional<T>> parse, String expected) throws Malformed {
        JsonNode value = value(field);
        if (value.isMissingNode()) {
            return Optional.empty();
        }
        Optional<T> parsed = parse.apply(value);
        if (parsed.isEmpty()) {
            throw bad(field, value, expected);
        }
        return parsed;
    }

    <T> List<T> list(String field, Function<JsonNode, Optional<T>> parse, String expected) throws Malformed {
        JsonNode list = array(field, expected);
        List<T> parsed = new ArrayList<>(list.size());
        for (int i = 0; i < list.size(); i++) {
            Optional<T> member = parse.apply(list.get(i));
            if (member.isEmpty()) {
                throw bad(field + "[" + i + "]", list.get(i), expected);
            }
            parsed.add(member.get());
        }
        return parsed;
    }

    List<String> texts(String field) throws Malformed {
        return list(field, value -> value.isTextual() ? Optional.of(value.textValue()) : Optional.empty(), "a string");
    }

    List<Reading> objects(String field) throws Malformed {
        JsonNode list = array(field, "an object");
        List<Reading> objects = new ArrayList<>(list.size());
        for (int i = 0; i < list.size(); i++) {
            if (!list.get(i).isObject()) {
                throw bad(field + "[" + i + "]", list.get(i), "an object");
            }
            objects.add(new Reading(key, this, field, i, list.get(i)));
        }
        return objects;
    }

    /** The object of that name; one without fields where there is none. */
    Reading object(String field) throws Malformed {
        JsonNode value = value(field);
        if (!value.isMissingNode() && !value.isObject()) {
            throw bad(field, value, "an object");
        }
        return new Reading(key, this, field, -1, value);
    }

    SortedMap<String, String> textMap(String field) throws Malformed {
        JsonNode value = object(field).object;
        if (value.isEmpty()) {
            return Collections.emptySortedMap();
        }
        SortedMap<String, String> map = new TreeMap<>();
        for (var entry : value.properties()) {
            if (!entry.getValue().isTextual()) {
                throw bad(field + "." + entry.getKey(), entry.getValue(), "a string");
            }
            map.put(entry.getKey(), entry.getValue().textValue());
        }
        return map;
    }

    JsonNode json() {
        return object;
    }

    boolean has(String field) {
        return !value(field).isMissingNode();
    }

    Malformed bad(String field, String expected) {
        return bad(field, value(field), expected);
    }

    private JsonNode array(String field, String expected) throws Malformed {
        JsonNode list = value(field);
        if (!list.isMissingNode() && !list.isArray()) {
            throw bad(field, list, "a list, each " + expected);
        }
        return list;
    }

    private JsonNode value(String field) {
        JsonNode value = object.path(field);
        return value.isNull() ? MissingNode.getInstance() : value;
    }

    private Malformed bad(String field, JsonNode found, String expected) {
        return new Malformed(new Problem(key.path(), path() + "." + field, found.isTextual() ? found.textValue() : found.toString(), expected));
    }
}
