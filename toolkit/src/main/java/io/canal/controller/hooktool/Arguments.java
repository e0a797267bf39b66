package io.canal.controller.hooktool;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A tool's command line by the rules of Go's gnuflag: flags and arguments in any order, {@code --} ends the flags,
 * {@code -x v}, {@code -xv}, {@code --xx v} and {@code --xx=v}.
 */
final class Arguments {

    private final Map<String, String> values = new HashMap<>();
    private final Deque<String> rest = new ArrayDeque<>();

    private Arguments() {}

    /**
     * Parses a command line.
     *
     * @param flags names of the flags without a value, without dashes
     * @param options names of the flags with a value; a name behind {@code =} is an alias, as in {@code r=relation}
     */
    static Arguments parse(List<String> args, Set<String> flags, List<String> options) throws ToolException {
        Map<String, String> names = new HashMap<>();
        flags.forEach(name -> names.put(name, name));
        for (String option : options) {
            String[] pair = option.split("=", 2);
            for (String name : pair) {
                names.put(name, pair[pair.length - 1]);
            }
        }
        Arguments parsed = new Arguments();
        Deque<String> left = new ArrayDeque<>(args);
        while (!left.isEmpty()) {
            String next = left.removeFirst();
            if (next.equals("--")) {
                parsed.rest.addAll(left);
                break;
            }
            if (next.length() < 2 || next.charAt(0) != '-') {
                parsed.rest.add(next);
            } else if (next.startsWith("--")) {
                int equals = next.indexOf('=');
                String name = equals < 0 ? next.substring(2) : next.substring(2, equals);
                Optional<String> value = equals < 0 ? Optional.empty() : Optional.of(next.substring(equals + 1));
                parsed.take(names, flags, name, value, left);
            } else {
                parsed.takeShort(names, flags, next.substring(1), left);
            }
        }
        return parsed;
    }

    private void takeShort(Map<String, String> names, Set<String> flags, String letters, Deque<String> left)
            throws ToolException {
        for (int i = 0; i < letters.length(); i++) {
            String name = letters.substring(i, i + 1);
            if (flags.contains(name)) {
                values.put(name, "true");
                continue;
            }
            String behind = letters.substring(i + 1);
            take(names, flags, name, behind.isEmpty() ? Optional.empty() : Optional.of(behind), left);
            return;
        }
    }

    private void take(
            Map<String, String> names, Set<String> flags, String name, Optional<String> value, Deque<String> left)
            throws ToolException {
        String dashed = (name.length() == 1 ? "-" : "--") + name;
        String known = names.get(name);
        if (known == null) {
            throw ToolException.usage("option provided but not defined: " + dashed);
        }
        if (flags.contains(known)) {
            values.put(known, value.isPresent() ? bool(dashed, value.get()) : "true");
            return;
        }
        if (value.isEmpty() && left.isEmpty()) {
            throw ToolException.usage("option needs an argument: " + dashed);
        }
        values.put(known, value.orElseGet(left::removeFirst));
    }

    private static String bool(String dashed, String text) throws ToolException {
        return switch (text) {
            case "1", "t", "T", "true", "TRUE", "True" -> "true";
            case "0", "f", "F", "false", "FALSE", "False" -> "false";
            default -> throw ToolException.usage("invalid boolean value \"" + text + "\" for option " + dashed
                    + ": strconv.ParseBool: parsing \"" + text + "\": invalid syntax");
        };
    }

    /** Whether {@code --help} is among the flags. */
    static boolean askForHelp(List<String> args) {
        int end = args.indexOf("--");
        return (end < 0 ? args : args.subList(0, end)).stream().anyMatch(argument -> argument.equals("--help") || argument.equals("-h"));
    }

    boolean has(String flag) {
        return "true".equals(values.get(flag));
    }

    Optional<String> value(String option) {
        return Optional.ofNullable(values.get(option));
    }

    Optional<String> next() {
        return Optional.ofNullable(rest.pollFirst());
    }

    List<String> all() {
        List<String> all = new ArrayList<>(rest);
        rest.clear();
        return all;
    }

    /** Refuses what nobody took. */
    void end() throws ToolException {
        if (!rest.isEmpty()) {
            StringBuilder list = new StringBuilder();
            for (String argument : rest) {
                list.append(list.isEmpty() ? "" : " ").append(quoted(argument));
            }
            throw ToolException.usage("unrecognized args: [" + list + "]");
        }
    }

    /** A text as Go's %q prints it. */
    static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n").replace("\t", "\\t") + "\"";
    }
}
