package io.canal.ruleset;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import java.util.List;
import java.util.Set;

/** A condition on a packet; all matches of a rule must hold. {@code negated} turns a match round. */
public sealed interface Match {

    /**
     * The packet's interface has this name, or a name that begins so.
     *
     * @param prefix whether {@code name} is only the beginning, as {@code cali+} in iptables
     */
    record Interface(Way way, String name, boolean prefix, boolean negated) implements Match {

        public Interface {
            // IFNAMSIZ is 16 with the NUL; a quote or a space would leave its place in a text form.
            if (name.isEmpty() || name.length() > 15 || !name.chars().allMatch(c -> c > ' ' && c < 127 && "\"'\\/+*".indexOf(c) < 0)) {
                throw new IllegalArgumentException("\"" + name + "\" cannot be an interface's name");
            }
        }
    }

    /** The packet's address on this side lies in the block. */
    record Net(Side side, Cidr net, boolean negated) implements Match {}

    /** The packet's address on this side is this one. As a {@link Net} of one address, but Felix's hash tags are made of the address alone. */
    record Address(Side side, Ip address) implements Match {

        /** The same as a block. */
        public Net net() {
            return new Net(side, Cidr.containing(address, address.family().bits()), false);
        }
    }

    /** The packet's address on this side, with its protocol and port for sets that hold ports, is in the set. */
    record InSet(Side side, NamedSet set, boolean negated) implements Match {}

    /**
     * The IP protocol's number.
     *
     * @param named whether a policy gave the protocol by its name: Felix's hash tags are made of the name then
     */
    record Protocol(int number, boolean named, boolean negated) implements Match {

        public static Protocol of(int number) {
            return new Protocol(number, false, false);
        }
    }

    /** The port on this side is in one of the ranges; the rule must match a protocol with ports as well. */
    record Ports(Side side, List<PortRange> ranges, boolean negated) implements Match {

        public Ports {
            ranges = List.copyOf(ranges);
            if (ranges.isEmpty()) {
                throw new IllegalArgumentException("a match of ports needs a port");
            }
        }
    }

    /** {@code mark & mask == value}. */
    record Mark(int value, int mask, boolean negated) implements Match {}

    /** Conntrack's state is one of these. */
    record Conntrack(Set<CtState> states, boolean negated) implements Match {

        public Conntrack {
            states = Set.copyOf(states);
            if (states.isEmpty()) {
                throw new IllegalArgumentException("a match of conntrack's state needs a state");
            }
        }
    }

    /** The connection's destination was rewritten. */
    record Dnat(boolean negated) implements Match {}

    /** The address on this side is one of this host's. */
    record Local(Side side, boolean negated) implements Match {}

    /**
     * The ICMP type, and the code unless it is -1; ICMPv6 in rules of that family. The rule must match the protocol as well.
     */
    record Icmp(int type, int code, boolean negated) implements Match {}

    /** A TCP packet that opens a connection: of SYN, RST, ACK and FIN only SYN is set. The rule must match the protocol as well. */
    record TcpSyn() implements Match {}

    /**
     * No more packets than this have come here; one that goes beyond does not match.
     *
     * @param packets the rate that is kept up, in {@code unit}
     * @param burst how many may come at once
     */
    record WithinRate(long packets, Unit unit, long burst) implements Match {

        /** What a rate is given by. */
        public enum Unit {
            SECOND("sec", 1),
            MINUTE("min", 60),
            HOUR("hour", 3_600),
            DAY("day", 86_400);

            private final String text;
            private final int seconds;

            Unit(String text, int seconds) {
                this.text = text;
                this.seconds = seconds;
            }

            /** As iptables writes it. */
            public String text() {
                return text;
            }

            public int seconds() {
                return seconds;
            }
        }

        public WithinRate {
            if (packets < 1 || packets > 1_000_000 || burst < 1 || burst > 10_000) {
                throw new IllegalArgumentException("a rate is 1 to 1000000 packets with a burst of 1 to 10000, not " + packets + " and " + burst);
            }
        }

        /** So many per second. */
        public WithinRate(long packets, long burst) {
            this(packets, Unit.SECOND, burst);
        }
    }

    /** More than {@code limit} connections, this one included, are open by way of this rule. */
    record ConnectionsAbove(long limit) implements Match {}

    /** The way back to the source, with this mark, does not lead out by the interface that the packet came in by. */
    record NotReversePath() implements Match {}
}
