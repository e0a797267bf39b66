package io.canal.controller.charm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Set;

/**
 * An option that a charm declares in its {@code config.yaml}.
 *
 * @param type {@code string}, {@code int}, {@code float}, {@code boolean} or {@code secret}
 * @param fallback the default value; null node when there is none
 */
public record Option(String name, String type, String description, JsonNode fallback) {

    static final Set<String> TYPES = Set.of("string", "int", "float", "boolean", "secret");

    /**
     * The value that a user's text means for this option.
     *
     * @throws CharmException such as {@code option "mtu" expected int, got "abc"}
     */
    public JsonNode parse(String text) throws CharmException {
        return switch (type) {
            case "int" -> {
                try {
                    yield LongNode.valueOf(Long.parseLong(text));
                } catch (NumberFormatException e) {
                    throw unexpected(text);
                }
            }
            case "float" -> {
                try {
                    yield DoubleNode.valueOf(Double.parseDouble(text));
                } catch (NumberFormatException e) {
                    throw unexpected(text);
                }
            }
            case "boolean" -> switch (text) {
                case "1", "t", "T", "true", "TRUE", "True" -> BooleanNode.TRUE;
                case "0", "f", "F", "false", "FALSE", "False" -> BooleanNode.FALSE;
                default -> throw unexpected(text);
            };
            case "secret" -> {
                if (!text.isEmpty() && !text.startsWith("secret:")) {
                    throw unexpected(text);
                }
                yield TextNode.valueOf(text);
            }
            default -> TextNode.valueOf(text);
        };
    }

    /** The default as config.yaml gives it, checked against the type. */
    static JsonNode fallback(String name, String type, Object value) throws CharmException {
        boolean fits = switch (type) {
            case "int" -> value instanceof Integer || value instanceof Long;
            case "float" -> value instanceof Number;
            case "boolean" -> value instanceof Boolean;
            default -> value instanceof String;
        };
        if (!fits) {
            throw new CharmException("invalid config default: option \"" + name + "\" expected " + type + ", got "
                    + (value instanceof String ? "\"" + value + "\"" : value));
        }
        return switch (value) {
            case Boolean b -> BooleanNode.valueOf(b);
            case Integer i -> type.equals("float") ? DoubleNode.valueOf(i) : LongNode.valueOf(i);
            case Long l -> LongNode.valueOf(l);
            case Number n -> DoubleNode.valueOf(n.doubleValue());
            case String s -> TextNode.valueOf(s);
            default -> NullNode.getInstance();
        };
    }

    private CharmException unexpected(String text) {
        return new CharmException("option \"" + name + "\" expected " + type + ", got \"" + text + "\"");
    }
}
