package io.canal.lab;

/** The lab could not do what it was asked for. The message is a sentence for the person who asked. */
public final class LabException extends RuntimeException {

    private static final long serialVersionUID = 1;

    public LabException(String sentence) {
        super(sentence);
    }

    public LabException(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
