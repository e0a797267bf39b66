package io.canal.ctl;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A command's words: its options by their long names, and what is left. */
final class Line {

    /** The options of a command line do not fit its usage. */
    static final class Wrong extends Exception {

        private static final long serialVersionUID = 1;
    }

    private static final Map<String, String> LETTERS = Map.ofEntries(Map.entry("f", "filename"), Map.entry("c", "config"), Map.entry("n", "namespace"),
            Map.entry("R", "recursive"), Map.entry("o", "output"), Map.entry("A", "all-namespaces"), Map.entry("a", "all-namespaces"),
            Map.entry("p", "patch"), Map.entry("t", "type"), Map.entry("s", "skip-not-exists"), Map.entry("h", "help"), Map.entry("l", "log-level"));

    private static final Set<String> FLAGS = Set.of("recursive", "skip-empty", "skip-exists", "skip-not-exists", "all-namespaces", "export", "overwrite",
            "remove", "allow-version-mismatch", "client", "help");

    private final Map<String, String> values = new HashMap<>();
    private final Set<String> flags = new HashSet<>();
    private final List<String> words = new ArrayList<>();

    private Line() {}

    /** @param known the options of the command, by their long names; those that all commands have need not be among them */
    static Line parse(List<String> arguments, Set<String> known) throws Wrong {
        Line line = new Line();
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (argument.equals("-") || !argument.startsWith("-")) {
                line.words.add(argument);
                continue;
            }
            if (argument.equals("--")) {
                line.words.addAll(arguments.subList(i + 1, arguments.size()));
                break;
            }
            String name;
            Optional<String> value = Optional.empty();
            if (argument.startsWith("--")) {
                int equals = argument.indexOf('=');
                name = equals < 0 ? argument.substring(2) : argument.substring(2, equals);
                value = equals < 0 ? value : Optional.of(argument.substring(equals + 1));
            } else {
                name = LETTERS.getOrDefault(argument.substring(1, 2), "");
                String rest = argument.substring(2);
                value = rest.isEmpty() ? value : Optional.of(rest.startsWith("=") ? rest.substring(1) : rest);
            }
            if (!known.contains(name) && !Set.of("config", "namespace", "context", "allow-version-mismatch", "log-level", "help").contains(name)) {
                throw new Wrong();
            }
            if (FLAGS.contains(name)) {
                line.flags.add(name);
                if (value.isPresent()) {
                    throw new Wrong();
                }
            } else if (value.isPresent()) {
                line.values.put(name, value.get());
            } else if (++i < arguments.size()) {
                line.values.put(name, arguments.get(i));
            } else {
                throw new Wrong();
            }
        }
        return line;
    }

    boolean has(String flag) {
        return flags.contains(flag);
    }

    Optional<String> value(String option) {
        return Optional.ofNullable(values.get(option));
    }

    List<String> words() {
        return words;
    }
}
