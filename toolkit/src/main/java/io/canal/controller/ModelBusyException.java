package io.canal.controller;

/** Another command is changing the model. The message is a sentence that names it. */
public final class ModelBusyException extends Exception {

    private static final long serialVersionUID = 1;

    public ModelBusyException(String message) {
        super(message);
    }
}
