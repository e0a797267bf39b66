package io.canal.cli;

/** Arguments that a command does not take, in Juju's words: exit code 2. */
final class UsageException extends Exception {

    private static final long serialVersionUID = 1;

    UsageException(String message) {
        super(message);
    }
}
