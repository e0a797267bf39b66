package io.canal.ruleset;

/** What becomes of a packet at a hook, and the mark that it has then. */
public record Outcome(End end, int mark) {

    /** How it ended; a packet that no rule decides about is accepted. */
    public enum End {
        ACCEPTED,
        DROPPED,
        REJECTED,
        MASQUERADED
    }
}
