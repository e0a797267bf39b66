package io.canal.ssh;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A host could not be reached, did not prove who it is, or did not let us in. The message is a sentence that names it. */
public final class SshException extends IOException {

    private static final long serialVersionUID = 1;

    public SshException(String message) {
        super(message);
    }

    public SshException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
