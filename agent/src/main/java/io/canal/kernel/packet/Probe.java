package io.canal.kernel.packet;

import io.canal.model.Ip;

/**
 * The first packet of a connection, to be tried.
 *
 * @param from its sender
 * @param to who should get it
 * @param dialled the destination that it is sent to: that of {@code to}, unless something on the way rewrites it
 * @param protocol the number of the protocol, see the constants
 * @param sourcePort 0 where the protocol has none
 * @param port the destination port that is dialled; the type of ICMP; 0 where the protocol has neither
 * @param served the port that {@code to} listens on: {@code port}, unless something on the way rewrites it
 */
public record Probe(Place from, Place to, Ip dialled, int protocol, int sourcePort, int port, int served) {

    public static final int ICMP = 1;
    public static final int TCP = 6;
    public static final int UDP = 17;
    public static final int GRE = 47;
    public static final int ICMPV6 = 58;
    public static final int SCTP = 132;

    /** One that is sent to where it should arrive. */
    public static Probe of(Place from, Place to, int protocol, int sourcePort, int port) {
        return new Probe(from, to, to.address(), protocol, sourcePort, port, port);
    }

    /** Whether it counts as through only when its answer has come back, too; else it is enough that it arrives. */
    public boolean answered() {
        return protocol != SCTP && protocol != GRE;
    }

    @Override
    public String toString() {
        return "protocol " + protocol + " " + from.address() + ":" + sourcePort + " → " + dialled + ":" + port
                + (dialled.equals(to.address()) && port == served ? "" : " (" + to.address() + ":" + served + ")");
    }
}
