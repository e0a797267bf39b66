package io.canal.ruleset;

import io.canal.model.Ip;
import java.util.List;
import java.util.Optional;

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
    record SetMark(int value, int mask) implements Action {

        /** Sets all of {@code bits}. */
        public static SetMark of(int bits) {
            return new SetMark(bits, bits);
        }
    }

    /** Clears the mark's bits in {@code mask}, and goes on. */
    record ClearMark(int mask) implements Action {}

    /**
     * Sets the mark's {@code bits}, none of which may be set before, and ends with {@code end}; in iptables that is two rules.
     *
     * @param comments those of the second
     */
    record Conclude(int bits, Action end, List<String> comments) implements Action {

        public Conclude {
            comments = List.copyOf(comments);
        }
    }

    /**
     * Rewrites the source to an address of the interface it leaves by.
     *
     * @param ports the source ports that may be used; the rule must match a protocol with ports then
     */
    record Masquerade(boolean fullyRandom, Optional<PortRange> ports) implements Action {

        public Masquerade(boolean fullyRandom) {
            this(fullyRandom, Optional.empty());
        }
    }

    /**
     * Rewrites the source, which is of the address's family.
     *
     * @param ports the source ports that may be used; the rule must match a protocol with ports then
     */
    record Snat(Ip to, boolean fullyRandom, Optional<PortRange> ports) implements Action {

        public Snat(Ip to, boolean fullyRandom) {
            this(to, fullyRandom, Optional.empty());
        }
    }

    /** Rewrites the destination, which is of the address's family. */
    record Dnat(Ip to) implements Action {}

    /** Writes the differentiated services code point, and goes on. */
    record Dscp(int value) implements Action {

        public Dscp {
            if (value < 0 || value > 63) {
                throw new IllegalArgumentException("a DSCP is within 0 to 63, not " + value);
            }
        }
    }

    /** Drops and tells the sender. */
    record Reject(With with) implements Action {}

    /** Writes a line to the kernel's log, and goes on. iptables has room for 29 characters of the prefix. */
    record Log(String prefix, int level) implements Action {

        public Log {
            if (prefix.length() > 127 || !prefix.chars().allMatch(c -> c >= ' ' && c < 127 && c != '"' && c != '\\')) {
                throw new IllegalArgumentException("\"" + prefix + "\" cannot be a log prefix: at most 127 printable characters, no \" or \\");
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
