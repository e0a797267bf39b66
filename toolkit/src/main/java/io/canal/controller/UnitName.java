package io.canal.controller;

import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A unit's name, {@code canal/0}. Orders by application, then by number. */
record UnitName(String application, int number) implements Comparable<UnitName> {

    private static final Pattern SHAPE = Pattern.compile("([a-z][a-z0-9]*(?:-[a-z0-9]*[a-z][a-z0-9]*)*)/(0|[1-9][0-9]{0,8})");

    static Optional<UnitName> parse(String text) {
        Matcher matcher = SHAPE.matcher(text);
        return matcher.matches()
                ? Optional.of(new UnitName(matcher.group(1), Integer.parseInt(matcher.group(2))))
                : Optional.empty();
    }

    /** The name that we wrote ourselves. */
    static UnitName of(String text) {
        return parse(text).orElseThrow(() -> new IllegalArgumentException("\"" + text + "\" is no unit name"));
    }

    /** The name in paths and tags: {@code unit-canal-0}. */
    String tag() {
        return "unit-" + application + "-" + number;
    }

    @Override
    public int compareTo(UnitName other) {
        return Comparator.comparing(UnitName::application).thenComparingInt(UnitName::number).compare(this, other);
    }

    @Override
    public String toString() {
        return application + "/" + number;
    }
}
