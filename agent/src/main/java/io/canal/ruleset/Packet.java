package io.canal.ruleset;

import io.canal.model.Ip;
import java.util.Set;

/**
 * A packet at a hook, for the interpreters, with what the kernel knows about it.
 *
 * @param in the interface it came in by, empty for a packet of the host's own
 * @param out the interface it goes out by, empty for a packet to the host
 * @param sourcePort also 0 where the protocol has no ports
 * @param icmpType -1 where the protocol is not ICMP
 * @param dnat whether conntrack has rewritten the destination
 * @param reversePath whether the way back to the source leads out by {@code in}
 * @param local the host's own addresses
 */
public record Packet(
        String in,
        String out,
        Ip source,
        Ip destination,
        int protocol,
        int sourcePort,
        int destinationPort,
        int icmpType,
        int icmpCode,
        int mark,
        CtState state,
        boolean dnat,
        boolean reversePath,
        Set<Ip> local) {

    public Packet withMark(int changed) {
        return new Packet(in, out, source, destination, protocol, sourcePort, destinationPort, icmpType, icmpCode, changed, state, dnat,
                reversePath, local);
    }
}
