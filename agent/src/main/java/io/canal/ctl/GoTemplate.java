package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import io.canal.text.GoNumber;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Go's text templates as far as listings of resources need them: fields, {@code range}, {@code if}, {@code else}, and calicoctl's
 * functions {@code join}, {@code joinAndTruncate} and {@code config}.
 *
 * <p>Fields are called as in Calico's Go types: {@code .ObjectMeta.Name} is {@code metadata.name}.
 */
final class GoTemplate {

    private static final Map<String, String> EMBEDDED = Map.of("ObjectMeta", "metadata", "ListMeta", "metadata");

    private final String source;
    private final String asNumber;
    private final List<String> parts = new ArrayList<>();

    GoTemplate(String source, String asNumber) throws Refused {
        this.source = source;
        this.asNumber = asNumber;
        split();
    }

    /** Texts and, between them, actions with their braces off: even places are texts. */
    private void split() throws Refused {
        int at = 0;
        while (true) {
            int open = source.indexOf("{{", at);
            if (open < 0) {
                parts.add(source.substring(at));
                return;
            }
            int close = source.indexOf("}}", open);
            if (close < 0) {
                throw new Refused("template: get:1: unclosed action");
            }
            parts.add(source.substring(at, open));
            parts.add(source.substring(open + 2, close).strip());
            at = close + 2;
        }
    }

    String print(JsonNode data) throws Refused {
        StringBuilder text = new StringBuilder();
        int end = block(text, 0, data, true);
        if (end < parts.size()) {
            throw new Refused("template: get:1: unexpected {{" + parts.get(end) + "}}");
        }
        return text.toString();
    }

    /** Runs from a text on to the end of its block; the place of the action that ends it. */
    private int block(StringBuilder text, int from, JsonNode data, boolean live) throws Refused {
        int at = from;
        while (true) {
            if (live) {
                text.append(parts.get(at));
            }
            if (++at >= parts.size()) {
                return at;
            }
            String action = parts.get(at);
            if (action.equals("end") || action.equals("else")) {
                return at;
            }
            at = action.startsWith("range ") || action.startsWith("if ") ? nested(text, at, data, live) : simple(text, at, data, live);
        }
    }

    private int simple(StringBuilder text, int at, JsonNode data, boolean live) throws Refused {
        if (live) {
            text.append(shown(value(parts.get(at), data)));
        }
        return at + 1;
    }

    private int nested(StringBuilder text, int at, JsonNode data, boolean live) throws Refused {
        String action = parts.get(at);
        boolean range = action.startsWith("range ");
        JsonNode value = live ? value(action.substring(range ? 6 : 3).strip(), data) : NullNode.instance;
        boolean holds = live && isTrue(value);
        int end = at;
        if (range && holds) {
            for (JsonNode element : value) {
                end = block(text, at + 1, element, true);
            }
        } else {
            end = block(text, at + 1, data, holds);
        }
        if (end < parts.size() && parts.get(end).equals("else")) {
            end = block(text, end + 1, data, live && !holds);
        }
        if (end >= parts.size()) {
            throw new Refused("template: get:1: unexpected EOF");
        }
        return end + 1;
    }

    private static boolean isTrue(JsonNode value) {
        return value.isContainerNode() ? !value.isEmpty()
                : value.isTextual() ? !value.asText().isEmpty() : value.isNumber() ? value.asDouble() != 0 : value.asBoolean();
    }

    private JsonNode value(String expression, JsonNode data) throws Refused {
        List<String> words = List.of(expression.split("\\s+(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)"));
        return switch (words.getFirst()) {
            case "join" -> text(join(operand(words, 1, data), operand(words, 2, data).asText()));
            case "joinAndTruncate" -> {
                String joined = join(operand(words, 1, data), operand(words, 2, data).asText());
                int most = operand(words, 3, data).asInt();
                yield text(joined.length() <= most || most < 3 ? joined : joined.substring(0, most - 3) + "...");
            }
            case "config" -> text(operand(words, 1, data).asText().equalsIgnoreCase("asnumber") ? asNumber : "unknown");
            default -> operand(words, 0, data);
        };
    }

    private static JsonNode text(String text) {
        return JsonNodeFactory.instance.textNode(text);
    }

    private static JsonNode operand(List<String> words, int index, JsonNode data) throws Refused {
        if (index >= words.size()) {
            throw new Refused("template: get:1: wrong number of args for " + words.getFirst());
        }
        String word = words.get(index);
        if (word.startsWith("\"") && word.endsWith("\"") && word.length() > 1) {
            return text(word.substring(1, word.length() - 1));
        }
        if (word.matches("\\d+")) {
            return JsonNodeFactory.instance.numberNode(Integer.parseInt(word));
        }
        if (!word.startsWith(".")) {
            throw new Refused("template: get:1: function \"" + word + "\" not defined");
        }
        JsonNode at = data;
        for (String field : word.substring(1).split("\\.")) {
            if (!field.isEmpty()) {
                at = field(at, field);
            }
        }
        return at;
    }

    private static JsonNode field(JsonNode object, String name) {
        String wanted = EMBEDDED.getOrDefault(name, name);
        if (name.equals("TypeMeta")) {
            return object;
        }
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            if (field.getKey().toLowerCase(Locale.ROOT).equals(wanted.toLowerCase(Locale.ROOT))) {
                return field.getValue();
            }
        }
        return NullNode.instance;
    }

    private static String join(JsonNode values, String separator) {
        if (values.isObject()) {
            TreeMap<String, String> sorted = new TreeMap<>();
            values.properties().forEach(entry -> sorted.put(entry.getKey(), entry.getValue().asText()));
            return String.join(separator, sorted.entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue()).toList());
        }
        return String.join(separator, values.valueStream().map(GoTemplate::shown).toList());
    }

    private static String shown(JsonNode value) {
        if (value.isArray()) {
            return "[" + String.join(" ", value.valueStream().map(GoTemplate::shown).toList()) + "]";
        }
        if (value.isObject()) {
            return "map[" + String.join(" ", value.propertyStream().map(entry -> entry.getKey() + ":" + shown(entry.getValue())).sorted().toList()) + "]";
        }
        return value.isNull() ? "<no value>" : value.isFloatingPointNumber() ? GoNumber.yaml(value.asDouble()) : value.asText();
    }
}
