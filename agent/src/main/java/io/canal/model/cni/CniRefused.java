package io.canal.model.cni;

/** A request is answered with an error. */
public final class CniRefused extends Exception {

    private static final long serialVersionUID = 1;

    private final transient CniError error;

    public CniRefused(CniError error) {
        super(error.details().isEmpty() ? error.message() : error.message() + ": " + error.details());
        this.error = error;
    }

    public CniRefused(int code, String message) {
        this(new CniError(code, message));
    }

    public CniError error() {
        return error;
    }
}
