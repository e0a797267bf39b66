package io.canal.ctl;

/** Something cannot be done; the message is for the user, whole. */
final class Refused extends Exception {

    private static final long serialVersionUID = 1;

    private final boolean missing;

    Refused(String message) {
        this(message, false);
    }

    private Refused(String message, boolean missing) {
        super(message);
        this.missing = missing;
    }

    static Refused missing(String what) {
        return new Refused("resource does not exist: " + what + " with error: <nil>", true);
    }

    static Refused exists(String what) {
        return new Refused("resource already exists: " + what + " with error: <nil>");
    }

    /** Whether it is that there is no such resource. */
    boolean isMissing() {
        return missing;
    }

    boolean isExisting() {
        return text().startsWith("resource already exists: ");
    }

    String text() {
        return String.valueOf(getMessage());
    }
}
