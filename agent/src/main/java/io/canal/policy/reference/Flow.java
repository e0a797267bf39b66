package io.canal.policy.reference;

import io.canal.model.Ip;
import io.canal.model.calico.PolicyProtocol;

/**
 * What a packet says of itself.
 *
 * @param protocol the IP protocol's number
 * @param sourcePort 0 where the protocol has none
 * @param destinationPort 0 where the protocol has none
 * @param icmpType -1 where the protocol is not ICMP
 * @param icmpCode -1 where the protocol is not ICMP
 */
public record Flow(Ip source, Ip destination, int protocol, int sourcePort, int destinationPort, int icmpType, int icmpCode) {

    private static final int ECHO_REQUEST = 8;
    private static final int ECHO_REQUEST_V6 = 128;
    private static final int TIMESTAMP_REQUEST = 13;

    public Flow {
        if (source.family() != destination.family()) {
            throw new IllegalArgumentException(source + " and " + destination + " are of different families");
        }
    }

    /** A packet of TCP, UDP or SCTP. */
    public static Flow ports(Ip source, Ip destination, int protocol, int sourcePort, int destinationPort) {
        return new Flow(source, destination, protocol, sourcePort, destinationPort, -1, -1);
    }

    /** A packet of ICMP, or of ICMPv6 between addresses of that family. */
    public static Flow icmp(Ip source, Ip destination, int type, int code) {
        return new Flow(source, destination, source.isV4() ? PolicyProtocol.ICMP : PolicyProtocol.ICMPV6, 0, 0, type, code);
    }

    /** A packet of a protocol that has neither ports nor types. */
    public static Flow bare(Ip source, Ip destination, int protocol) {
        return new Flow(source, destination, protocol, 0, 0, -1, -1);
    }

    public boolean isIcmp() {
        return protocol == (source.isV4() ? PolicyProtocol.ICMP : PolicyProtocol.ICMPV6);
    }

    /** The packet that answers this one. */
    public Flow answer() {
        int type = isIcmp() && (icmpType == ECHO_REQUEST || icmpType == ECHO_REQUEST_V6 || icmpType == TIMESTAMP_REQUEST) ? answerType() : icmpType;
        return new Flow(destination, source, protocol, destinationPort, sourcePort, type, icmpCode);
    }

    private int answerType() {
        return switch (icmpType) {
            case ECHO_REQUEST -> 0;
            case TIMESTAMP_REQUEST -> TIMESTAMP_REQUEST + 1;
            default -> ECHO_REQUEST_V6 + 1;
        };
    }
}
