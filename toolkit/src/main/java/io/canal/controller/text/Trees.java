package io.canal.controller.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** JSON trees made of other things. */
public final class Trees {

    private static final ObjectMapper JSON = new ObjectMapper();

    private Trees() {}

    public static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    public static ArrayNode array() {
        return JsonNodeFactory.instance.arrayNode();
    }

    /** A list of texts. */
    public static ArrayNode texts(Collection<String> texts) {
        ArrayNode array = array();
        texts.forEach(array::add);
        return array;
    }

    /** A map of texts, by key. */
    public static ObjectNode texts(Map<String, String> texts) {
        ObjectNode object = object();
        new TreeMap<>(texts).forEach(object::put);
        return object;
    }

    /** The tree of what a YAML or JSON parser gives: maps, lists, texts, numbers, booleans and null. */
    public static JsonNode of(@Nullable Object value) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        return switch (value) {
            case null -> nodes.nullNode();
            case JsonNode node -> node;
            case Boolean b -> nodes.booleanNode(b);
            case Integer i -> nodes.numberNode(i.longValue());
            case Long l -> nodes.numberNode(l);
            case Float f -> nodes.numberNode(f.doubleValue());
            case Double d -> nodes.numberNode(d);
            case java.math.BigInteger big -> nodes.numberNode(big);
            case Map<?, ?> map -> {
                ObjectNode object = nodes.objectNode();
                map.forEach((key, child) -> object.set(String.valueOf(key), of(child)));
                yield object;
            }
            case Collection<?> list -> {
                ArrayNode array = nodes.arrayNode();
                list.forEach(child -> array.add(of(child)));
                yield array;
            }
            default -> nodes.textNode(String.valueOf(value));
        };
    }

    /** Parses JSON that we wrote ourselves. */
    public static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** The value that a YAML text means: {@code yes} is true, {@code 07} is 7. Throws snakeyaml's exceptions. */
    public static JsonNode yaml(String text) {
        return of(new Yaml(new SafeConstructor(new LoaderOptions())).load(text));
    }

    /** The tree with the keys of every map sorted, as Go prints its maps. */
    public static JsonNode sorted(JsonNode node) {
        if (node.isObject()) {
            TreeMap<String, JsonNode> fields = new TreeMap<>();
            node.properties().forEach(field -> fields.put(field.getKey(), sorted(field.getValue())));
            ObjectNode object = object();
            fields.forEach(object::set);
            return object;
        }
        if (node.isArray()) {
            ArrayNode array = array();
            node.forEach(child -> array.add(sorted(child)));
            return array;
        }
        return node;
    }
}
