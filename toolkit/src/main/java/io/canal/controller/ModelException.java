package io.canal.controller;

/** A request that the model refuses, in Juju's words where Juju has some. */
public final class ModelException extends Exception {

    private static final long serialVersionUID = 1;

    public ModelException(String message) {
        super(message);
    }
}
