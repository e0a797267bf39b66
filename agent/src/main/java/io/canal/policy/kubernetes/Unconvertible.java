package io.canal.policy.kubernetes;

/** A part of a policy cannot be converted. Never leaves this room. */
final class Unconvertible extends Exception {

    private static final long serialVersionUID = 1;

    private final String field;
    private final String found;
    private final String expected;

    Unconvertible(String field, String found, String expected) {
        super(expected, null, false, false);
        this.field = field;
        this.found = found;
        this.expected = expected;
    }

    String field() {
        return field;
    }

    String found() {
        return found;
    }

    String expected() {
        return expected;
    }
}
