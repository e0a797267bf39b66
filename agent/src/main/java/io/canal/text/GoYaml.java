package io.canal.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * YAML in block style as Juju's fork of go-yaml v2 writes it: quoted only where YAML 1.1 would read something else than a
 * string, sequences not indented, text of several lines as a literal. Keys keep the tree's order. Lines are never folded.
 */
public final class GoYaml {

    private static final Set<String> WORDS = Set.of(
            "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
            "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF",
            "", "~", "null", "Null", "NULL",
            ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", "<<");
    private static final Pattern INTEGER =
            Pattern.compile("[-+]?(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]*|[1-9][0-9_]*)");
    /** An exponent needs its sign: the string 1e3 is left plain. */
    private static final Pattern FLOAT = Pattern.compile("[-+]?[0-9]*\\.?[0-9]+([eE][-+][0-9]+)?|[-+]?[0-9]+\\.");
    private static final Pattern BASE_60 = Pattern.compile("[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\\.[0-9_]*)?");
    /** The layouts that go-yaml tries; {@code 2026-11-25 15:41:50Z} is none of them and stays plain. */
    private static final Pattern TIME = Pattern.compile("[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
            + "([Tt][0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})"
            + "| [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\\.[0-9]+)?)?");
    private static final String INDICATORS = "#,[]{}&*!|>'\"%@`";

    private GoYaml() {}

    /** The document; it ends with a newline. */
    public static String document(JsonNode node) {
        StringBuilder text = new StringBuilder();
        if (isBlock(node)) {
            block(text, node, 0, false);
        } else {
            scalar(text, node, 0);
            if (text.isEmpty() || text.charAt(text.length() - 1) != '\n') {
                text.append('\n');
            }
        }
        return text.toString();
    }

    private static boolean isBlock(JsonNode node) {
        return node.isContainerNode() && !node.isEmpty();
    }

    /** Writes a map or list whose first line may stand behind something else already. */
    private static void block(StringBuilder text, JsonNode node, int indent, boolean begun) {
        boolean first = begun;
        if (node.isObject()) {
            for (Map.Entry<String, JsonNode> field : node.properties()) {
                text.append(first ? "" : " ".repeat(indent)).append(key(field.getKey())).append(':');
                first = false;
                JsonNode value = field.getValue();
                if (isBlock(value)) {
                    text.append('\n');
                    block(text, value, value.isArray() ? indent : indent + 2, false);
                } else {
                    text.append(' ');
                    scalar(text, value, indent);
                    endLine(text);
                }
            }
            return;
        }
        for (JsonNode value : node) {
            text.append(first ? "" : " ".repeat(indent)).append("- ");
            first = false;
            if (isBlock(value)) {
                block(text, value, indent + 2, true);
            } else {
                scalar(text, value, indent);
                endLine(text);
            }
        }
    }

    private static void endLine(StringBuilder text) {
        if (text.charAt(text.length() - 1) != '\n') {
            text.append('\n');
        }
    }

    private static String key(String key) {
        return key.indexOf('\n') >= 0 ? doubleQuoted(key) : oneLine(key);
    }

    private static void scalar(StringBuilder text, JsonNode node, int indent) {
        if (node.isObject()) {
            text.append("{}");
        } else if (node.isArray()) {
            text.append("[]");
        } else if (node.isNull()) {
            text.append("null");
        } else if (node.isFloatingPointNumber()) {
            text.append(GoNumber.yaml(node.asDouble()));
        } else if (!node.isTextual()) {
            text.append(node.asText());
        } else if (node.asText().indexOf('\n') >= 0 && isLiteralAllowed(node.asText())) {
            literal(text, node.asText(), indent + 2);
        } else {
            text.append(oneLine(node.asText()));
        }
    }

    private static boolean isLiteralAllowed(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (!isPrintable(c) && c != '\n') {
                return false;
            }
            if (c == ' ' && (i + 1 == value.length() || value.charAt(i + 1) == '\n')) {
                return false;
            }
        }
        return true;
    }

    private static void literal(StringBuilder text, String value, int indent) {
        text.append('|');
        if (value.charAt(0) == ' ' || value.charAt(0) == '\n') {
            text.append('2');
        }
        if (!value.endsWith("\n")) {
            text.append('-');
        } else if (value.length() == 1 || value.endsWith("\n\n")) {
            text.append('+');
        }
        text.append('\n');
        String body = value.endsWith("\n") ? value.substring(0, value.length() - 1) : value;
        for (String line : body.split("\n", -1)) {
            text.append(line.isEmpty() ? "" : " ".repeat(indent)).append(line).append('\n');
        }
    }

    private static String oneLine(String value) {
        if (isOtherThanString(value) || hasSpecial(value)) {
            return doubleQuoted(value);
        }
        return isPlainAllowed(value) ? value : "'" + value.replace("'", "''") + "'";
    }

    private static boolean isOtherThanString(String value) {
        return WORDS.contains(value)
                || INTEGER.matcher(value).matches()
                || FLOAT.matcher(value).matches()
                || BASE_60.matcher(value).matches()
                || TIME.matcher(value).matches();
    }

    private static boolean hasSpecial(String value) {
        return value.chars().anyMatch(c -> !isPrintable((char) c));
    }

    private static boolean isPrintable(char c) {
        return c >= 0x20 && c < 0x7f || c >= 0xa0 && c != 0xfeff && c < 0xfffe || c == 0x85;
    }

    private static boolean isPlainAllowed(String value) {
        if (value.startsWith("---") || value.startsWith("...") || value.startsWith(" ") || value.endsWith(" ")) {
            return false;
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            boolean blankAfter = i + 1 == value.length() || value.charAt(i + 1) == ' ';
            if (i == 0 && (INDICATORS.indexOf(c) >= 0 || (c == '-' || c == '?') && blankAfter)) {
                return false;
            }
            if (c == ':' && blankAfter || c == '#' && i > 0 && value.charAt(i - 1) == ' ') {
                return false;
            }
        }
        return true;
    }

    private static String doubleQuoted(String value) {
        StringBuilder text = new StringBuilder("\"");
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            switch (c) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                case 0 -> text.append("\\0");
                case 27 -> text.append("\\e");
                default -> {
                    if (isPrintable(c) || Character.isSurrogate(c)) {
                        text.append(c);
                    } else {
                        text.append(c < 0x100 ? String.format("\\x%02X", (int) c) : String.format("\\u%04X", (int) c));
                    }
                }
            }
        }
        return text.append('"').toString();
    }
}
