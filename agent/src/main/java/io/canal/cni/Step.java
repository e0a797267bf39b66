package io.canal.cni;

/** The steps of an attachment, in order: where a test may kill the agent. */
enum Step {
    ADDRESS_TAKEN,
    ADDING_NOTED,
    PAIR_MADE,
    WIRED_INSIDE,
    WIRED,
    RULES_IN_PLACE,
    UP_NOTED,
    DELETION_SPOOLED,
    WIRE_REMOVED,
    ADDRESS_RELEASED;

    /** Hears of each step that was done. */
    interface Listener {
        void reached(Step step);
    }
}
