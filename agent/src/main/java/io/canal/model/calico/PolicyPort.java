package io.canal.model.calico;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A port in a rule: a range of numbers, or the name of a port that endpoints declare. */
public sealed interface PolicyPort {

    /** Ports from {@code first} to {@code last}, both included; a single port is a range of one. */
    record Numbers(int first, int last) implements PolicyPort {

        public Numbers {
            if (first < 0 || last > 65535 || first > last) {
                throw new IllegalArgumentException("ports " + first + " to " + last + " are not a range within 0 to 65535");
            }
        }

        public boolean contains(int port) {
            return port >= first && port <= last;
        }

        @Override
        public String toString() {
            return first == last ? Integer.toString(first) : first + ":" + last;
        }
    }

    /** The ports that endpoints declare by this name. */
    record Named(String name) implements PolicyPort {

        @Override
        public String toString() {
            return name;
        }
    }

    /** What a port's name may be. */
    Pattern NAME = Pattern.compile("[a-zA-Z0-9_.-]{1,128}");

    /** Two numbers with a colon between them. */
    Pattern RANGE = Pattern.compile("([0-9]{1,5}):([0-9]{1,5})");

    /** Reads {@code 80}, {@code 8000:9000} or a name. */
    static Optional<PolicyPort> parse(String text) {
        Matcher range = RANGE.matcher(text);
        if (range.matches()) {
            return numbers(Integer.parseInt(range.group(1)), Integer.parseInt(range.group(2)));
        }
        if (!text.isEmpty() && text.length() <= 5 && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return numbers(Integer.parseInt(text), Integer.parseInt(text));
        }
        // Digits alone are a number that is too large, never a name.
        return NAME.matcher(text).matches() && !text.chars().allMatch(c -> c >= '0' && c <= '9') ? Optional.of(new Named(text)) : Optional.empty();
    }

    static Optional<PolicyPort> parse(JsonNode json) {
        return json.isTextual() ? parse(json.asText()) : json.isInt() ? numbers(json.intValue(), json.intValue()) : Optional.empty();
    }

    private static Optional<PolicyPort> numbers(int first, int last) {
        return first >= 1 && last <= 65535 && first <= last ? Optional.of(new Numbers(first, last)) : Optional.empty();
    }
}
