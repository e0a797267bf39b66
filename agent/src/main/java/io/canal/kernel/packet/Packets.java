package io.canal.kernel.packet;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** First packets of connections, without their IP headers, each with a mark by which it is known again where it arrives. */
final class Packets {

    static final int ECHO = 8;
    static final int TIMESTAMP = 13;
    static final int ECHO_V6 = 128;

    private static final int INIT = 1;
    private static final int INIT_LENGTH = 20;
    private static final int SCTP_HEADER = 12;
    private static final int GRE_HEADER = 4;
    private static final int ICMP_HEADER = 8;

    private Packets() {}

    /** Of SCTP an INIT chunk, whose initiate tag is the mark. */
    static byte[] first(Probe probe, int mark) {
        return switch (probe.protocol()) {
            case Probe.SCTP -> init(probe, mark);
            case Probe.GRE -> ByteBuffer.allocate(GRE_HEADER + Integer.BYTES).putInt(0x0800).putInt(mark).array();
            case Probe.ICMP, Probe.ICMPV6 -> icmp(probe, mark);
            default -> throw new IllegalArgumentException("no packet of protocol " + probe.protocol() + " can be made");
        };
    }

    /** The mark of what arrived: of the packet itself, or of its answer where an answer is waited for; 0 where it is neither. */
    static int mark(int protocol, ByteBuffer packet) {
        int length = packet.limit();
        return switch (protocol) {
            case Probe.SCTP -> length >= SCTP_HEADER + INIT_LENGTH && packet.get(SCTP_HEADER) == INIT ? packet.getInt(SCTP_HEADER + 4) : 0;
            case Probe.GRE -> length >= GRE_HEADER + Integer.BYTES ? packet.getInt(GRE_HEADER) : 0;
            case Probe.ICMP -> length >= ICMP_HEADER + Integer.BYTES && (packet.get(0) == 0 || packet.get(0) == TIMESTAMP + 1) ? packet.getInt(ICMP_HEADER) : 0;
            case Probe.ICMPV6 -> length >= ICMP_HEADER + Integer.BYTES && (packet.get(0) & 0xff) == ECHO_V6 + 1 ? packet.getInt(ICMP_HEADER) : 0;
            default -> 0;
        };
    }

    private static byte[] init(Probe probe, int mark) {
        ByteBuffer packet = ByteBuffer.allocate(SCTP_HEADER + INIT_LENGTH);
        packet.putShort((short) probe.sourcePort()).putShort((short) probe.port()).putInt(0).putInt(0);
        packet.put((byte) INIT).put((byte) 0).putShort((short) INIT_LENGTH).putInt(mark).putInt(1 << 16).putShort((short) 1).putShort((short) 1).putInt(1);
        CRC32C sum = new CRC32C();
        sum.update(packet.array());
        // RFC 9260, appendix A: conntrack takes a packet with a wrong sum for none.
        return packet.order(ByteOrder.LITTLE_ENDIAN).putInt(8, (int) sum.getValue()).array();
    }

    private static byte[] icmp(Probe probe, int mark) {
        ByteBuffer packet = ByteBuffer.allocate(ICMP_HEADER + 12);
        // The identifier is a part of the connection's key. What follows the header comes back in answers to both echo and timestamp.
        packet.put((byte) probe.port()).put((byte) 0).putShort((short) 0).putShort((short) mark).putShort((short) 1).putInt(mark);
        if (probe.protocol() == Probe.ICMP) {
            packet.putShort(2, sum(packet));
        }
        return packet.array();
    }

    /** RFC 1071. Of ICMPv6 the kernel does it, whose sum covers addresses. */
    private static short sum(ByteBuffer packet) {
        int sum = 0;
        for (int i = 0; i < packet.limit(); i += 2) {
            sum += packet.getShort(i) & 0xffff;
        }
        while (sum >>> 16 != 0) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (short) ~sum;
    }
}
