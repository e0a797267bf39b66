package io.canal.cli;

import java.util.List;

/** Arguments that a command does not take, in Juju's words: exit code 2. */
final class UsageException extends Exception {

    private static final long serialVersionUID = 1;

    UsageException(String message) {
        super(message);
    }

    /** Refuses a value of {@code --format} that is none of those. */
    static void checkFormat(String format, String... known) throws UsageException {
        if (!List.of(known).contains(format)) {
            throw new UsageException("invalid value \"" + format + "\" for option --format: unknown format \"" + format + "\"");
        }
    }
}
