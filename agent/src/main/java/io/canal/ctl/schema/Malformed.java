package io.canal.ctl.schema;

/** A document does not have the form of its kind; the message is calicoctl's. */
public final class Malformed extends Exception {

    private static final long serialVersionUID = 1;

    public Malformed(String message) {
        super(message);
    }

    static Malformed field(String name) {
        return new Malformed("field in document is not recognized or is in the wrong location: " + name);
    }

    static Malformed json(String reason) {
        return new Malformed("error unmarshaling JSON: while decoding JSON: " + reason);
    }

    /** Whether the document could be read, and has a field that is not known. */
    public boolean isUnknownField() {
        return String.valueOf(getMessage()).startsWith("field in document");
    }
}
