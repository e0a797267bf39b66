package io.canal.lease;

import java.util.List;

/** What is asked of the store, and what its answer will be for. */
sealed interface Pending {

    Pending NOTHING = new Nothing();

    /** Nothing is asked. */
    record Nothing() implements Pending {}

    /** Everything is being read. */
    record Reading(long id) implements Pending {}

    /**
     * Our session is being written; then it goes on with what was read.
     *
     * @param lease the lease that it keeps; 0 where a new one is granted
     */
    record Opening(long id, long lease, Snapshot snapshot) implements Pending {}

    /** A subnet is being taken, put back, rewritten or moved to; these will be the problems then. */
    record Taking(long id, Verdict.Take take, List<String> problems) implements Pending {}

    /** The lease is being compared with what we wrote. */
    record Comparing(long id) implements Pending {}

    /** The store's lease of our subnet is being kept alive. */
    record Renewing(long id) implements Pending {}

    /** The session is being kept alive. */
    record RenewingSession(long id) implements Pending {}

    /** A subnet is being given back. */
    record Releasing(long id) implements Pending {}

    /** The id of the command that is waited for; 0 where none is. */
    default long awaited() {
        return switch (this) {
            case Nothing ignored -> 0;
            case Reading reading -> reading.id;
            case Opening opening -> opening.id;
            case Taking taking -> taking.id;
            case Comparing comparing -> comparing.id;
            case Renewing renewing -> renewing.id;
            case RenewingSession renewing -> renewing.id;
            case Releasing releasing -> releasing.id;
        };
    }
}
