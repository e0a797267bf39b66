package io.canal.policy.selector;

/** A text is no selector. Never leaves this room. */
final class Malformed extends Exception {

    private static final long serialVersionUID = 1;

    Malformed(int at, String expected) {
        super(expected + " at character " + (at + 1), null, false, false);
    }
}
