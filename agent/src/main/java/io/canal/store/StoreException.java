package io.canal.store;

import org.jspecify.annotations.Nullable;

/** The store did not do what it was asked; the message says what, where and why, in a sentence. */
public final class StoreException extends Exception {

    private static final long serialVersionUID = 1;

    /** What kind of failure it was, for who has to decide what to do next. */
    public enum Kind {
        /** No endpoint answered in time; the request may or may not have been carried out. */
        UNAVAILABLE,
        /** The store answered, and refused: no permission, too large, a lease that is gone. */
        REFUSED
    }

    private final Kind kind;

    public StoreException(Kind kind, String sentence) {
        this(kind, sentence, null);
    }

    public StoreException(Kind kind, String sentence, @Nullable Throwable cause) {
        super(sentence, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
