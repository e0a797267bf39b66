package io.canal.ruleset;

/** Which end of a packet. */
public enum Side {
    SOURCE,
    DESTINATION
}
