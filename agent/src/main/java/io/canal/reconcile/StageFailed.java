package io.canal.reconcile;

/** A stage could not bring its objects up to date; the message is a sentence that names the object and the reason. */
public final class StageFailed extends Exception {

    private static final long serialVersionUID = 1;

    public StageFailed(String sentence) {
        super(sentence);
    }

    public StageFailed(String sentence, Throwable cause) {
        super(sentence, cause);
    }
}
