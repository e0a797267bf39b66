package io.canal.ruleset;

/** What a rule does with a packet that it matches. */
public sealed interface Action {

    record Accept() implements Action {}

    record Drop() implements Action {}

    record Return() implements Action {}

    /** Goes on in the chain and comes back. */
    record Jump(ChainName chain) implements Action {}

    /** Goes on in the chain; a return there returns from this one too. */
    record Goto(ChainName chain) implements Action {}

    /** Sets the mark's bits in {@code mask} to those of {@code value}, and goes on. */
    record SetMark(int value, int mask) implements Action {}

    /** Rewrites the source to an address of the interface it leaves by. */
    record Masquerade(boolean fullyRandom) implements Action {}

    /** Drops and tells the sender. */
    record Reject(With with) implements Action {}

    /** Writes a line to the kernel's log, and goes on. */
    record Log(String prefix, int level) implements Action {

        public Log {
            if (prefix.length() > 29 || !prefix.chars().allMatch(c -> c >= ' ' && c < 127 && c != '"' && c != '\\')) {
                throw new IllegalArgumentException("\"" + prefix + "\" cannot be a log prefix: at most 29 printable characters, no \" or \\");
            }
        }
    }

    /** Keeps the packet out of conntrack, and goes on. */
    record NoTrack() implements Action {}

    /** Nothing: the rule carries a comment or a counter. */
    record Nothing() implements Action {}

    /** What the sender of a rejected packet is told. */
    enum With {
        PORT_UNREACHABLE,
        TCP_RESET
    }
}
