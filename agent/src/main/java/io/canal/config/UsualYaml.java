package io.canal.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code agent.yaml} as the charm and {@link AgentConfig#print} write it, line by line: a start of the agent connects to etcd once it
 * has read it, and a reader of all YAML takes longer than the rest of that. Where it gives anything it is what such a reader says of the
 * same text, each value as text; where it gives nothing it is for that one to read the text, or to say what is wrong with it.
 */
final class UsualYaml {

    /** Words that are not text in YAML. */
    private static final Set<String> NO_TEXT = Set.of("null", "yes", "no", "on", "off");

    private static final String ITEM = "    - ";

    /** A longer key is none in YAML either, somewhere beyond this. */
    private static final int LONGEST_KEY = 64;

    private final String text;
    private int at;

    private UsualYaml(String text) {
        this.text = text;
    }

    /** The mapping; null where the text is not the usual one. */
    static @Nullable Map<String, Object> read(String text) {
        // Of other characters some are not allowed at all, be it in a comment.
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) != '\n' && (text.charAt(i) < ' ' || text.charAt(i) > '~')) {
                return null;
            }
        }
        UsualYaml reader = new UsualYaml(text);
        Map<String, Object> map = reader.mapping("");
        return map != null && reader.at == text.length() && !map.isEmpty() ? map : null;
    }

    /** The lines that are indented so; null where one is unusual. */
    private @Nullable Map<String, Object> mapping(String indent) {
        Map<String, Object> map = new LinkedHashMap<>();
        while (at < text.length()) {
            String line = line();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            if (!line.startsWith(indent)) {
                break;
            }
            int colon = line.indexOf(':');
            if (colon < 0) {
                return null;
            }
            String key = line.substring(indent.length(), colon);
            next(line);
            Object value = colon + 1 == line.length() ? below(indent) : line.startsWith(": ", colon) ? value(line.substring(colon + 2)) : null;
            if (!isKey(key) || value == null || map.putIfAbsent(key, value) != null) {
                return null;
            }
        }
        return map;
    }

    /** What stands below a key that has nothing on its own line. */
    private @Nullable Object below(String indent) {
        if (at == text.length()) {
            return null;
        }
        if (indent.isEmpty()) {
            Map<String, Object> map = mapping("  ");
            return map == null || map.isEmpty() ? null : map;
        }
        List<String> list = new ArrayList<>();
        while (at < text.length()) {
            String line = line();
            if (!line.startsWith(ITEM)) {
                break;
            }
            String item = value(line.substring(ITEM.length())) instanceof String one ? one : null;
            if (item == null) {
                return null;
            }
            list.add(item);
            next(line);
        }
        return list.isEmpty() ? null : list;
    }

    /** The line that comes next; one that is passed over is taken, others are when {@link #next} is called. */
    private String line() {
        int end = text.indexOf('\n', at);
        String line = text.substring(at, end < 0 ? text.length() : end);
        if (line.isEmpty() || line.startsWith("#")) {
            next(line);
        }
        return line;
    }

    private void next(String line) {
        at = Math.min(text.length(), at + line.length() + 1);
    }

    private static @Nullable Object value(String value) {
        if (value.equals("[]")) {
            return List.of();
        }
        int last = value.length() - 1;
        if (last > 0 && value.charAt(0) == '"' && value.charAt(last) == '"') {
            String inner = value.substring(1, last);
            return inner.indexOf('"') < 0 && inner.indexOf('\\') < 0 ? inner : null;
        }
        return isWord(value) && !NO_TEXT.contains(value) || isNumber(value) ? value : null;
    }

    private static boolean isKey(String key) {
        return !key.isEmpty() && key.length() <= LONGEST_KEY && key.charAt(0) != '-' && key.chars().allMatch(c -> c >= 'a' && c <= 'z' || c == '-') && !NO_TEXT.contains(key)
                && !key.equals("true") && !key.equals("false");
    }

    private static boolean isWord(String value) {
        return !value.isEmpty() && value.chars().allMatch(c -> c >= 'a' && c <= 'z');
    }

    /** Of decimal digits, with an s behind them or not: one that begins with 0 is none of base ten. */
    private static boolean isNumber(String value) {
        String digits = value.endsWith("s") ? value.substring(0, value.length() - 1) : value;
        return !digits.isEmpty() && digits.length() < 10 && (digits.charAt(0) != '0' || value.equals("0")) && digits.chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
