package io.canal.ruleset;

import java.util.List;

/**
 * A rule that a packet met: all that it asks for held.
 *
 * @param rule its place in the chain, counted from 1 as {@code iptables --line-numbers} does
 * @param comment empty where it has none
 * @param sets the sets in which the packet was looked up
 * @param ends whether the packet's way at this hook ended here
 */
public record Met(String chain, int rule, String comment, List<String> sets, boolean ends) {

    public Met {
        sets = List.copyOf(sets);
    }

    /** Such as {@code cali-tw-cali1: Drop if no profiles matched}. */
    public String text() {
        return comment.isEmpty() ? chain : chain + ": " + comment;
    }
}
