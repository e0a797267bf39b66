package io.canal.lab.attack;

/**
 * What came of one thing that was tried.
 *
 * @param tried what, in half a sentence
 * @param end how it ended
 * @param detail what was seen, where it did not end well
 */
record Finding(String tried, End end, String detail) {

    /** How it ended. */
    enum End {
        /** It did not get through, and what had to pass did. */
        STOPPED,
        /** It got through. */
        OPEN,
        /** What had to pass did not, so that nothing is proven. */
        UNPROVEN
    }
}
