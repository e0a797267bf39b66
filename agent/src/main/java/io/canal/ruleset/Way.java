package io.canal.ruleset;

/** The interface that a packet came in by, or the one that it goes out by. */
public enum Way {
    IN,
    OUT
}
