package io.canal.controller.charm;

/** A charm, or a value given to it, breaks a rule. The message is a sentence for whoever gave it. */
public final class CharmException extends Exception {

    private static final long serialVersionUID = 1;

    public CharmException(String message) {
        super(message);
    }
}
