package io.canal.ruleset;

/**
 * What becomes of a packet at a hook, and the mark that it has then.
 *
 * @param untracked whether it was kept out of conntrack
 */
public record Outcome(End end, int mark, boolean untracked) {

    /** How it ended; a packet that no rule decides about is accepted. */
    public enum End {
        ACCEPTED,
        DROPPED,
        REJECTED,
        MASQUERADED,
        /** The source became a fixed address. */
        SOURCE_REWRITTEN,
        DESTINATION_REWRITTEN
    }
}
