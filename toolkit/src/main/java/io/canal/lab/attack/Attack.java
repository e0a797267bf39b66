package io.canal.lab.attack;

import java.io.IOException;

/**
 * An attack of the list in docs/policy.md.
 *
 * @param number its number there
 * @param tried what is tried
 * @param stoppedBy what stops it
 * @param play does it
 */
record Attack(int number, String tried, String stoppedBy, Play play) {

    /** Does what the attack consists of, and notes how each part of it ended. */
    @FunctionalInterface
    interface Play {

        void run(Ground ground, Findings findings) throws IOException;
    }
}
