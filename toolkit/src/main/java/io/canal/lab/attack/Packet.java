package io.canal.lab.attack;

import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.Mac;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;

/** Packets byte by byte, since a sender who lies cannot use a socket for it. Checksums are right, so that nothing else stops them. */
final class Packet {

    static final int TCP = 6;
    static final int UDP = 17;
    static final int ICMP = 1;
    static final int ICMP_V6 = 58;
    static final int IP_IN_IP = 4;
    static final int FRAGMENT = 44;
    static final int ROUTING = 43;
    static final int HOP_BY_HOP = 0;
    static final int DESTINATION_OPTIONS = 60;

    static final int SYN = 2;
    static final int RST = 4;
    static final int ACK = 16;

    static final int MORE_FRAGMENTS = 0x2000;

    static final Mac GATEWAY = Mac.of("ee:ee:ee:ee:ee:ee");
    static final Mac BROADCAST = Mac.of("ff:ff:ff:ff:ff:ff");

    private static final int TYPE_V4 = 0x0800;
    private static final int TYPE_V6 = 0x86dd;
    private static final int TYPE_ARP = 0x0806;
    private static final int HOPS = 64;
    private static final int V4_HEADER = 20;
    private static final int V6_HEADER = 40;
    private static final int UDP_HEADER = 8;
    private static final int TCP_HEADER = 20;
    private static final int WINDOW = 512;

    private Packet() {}

    static byte[] bytes(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    static byte[] frame(Mac to, Mac from, byte[] packet) {
        return ethernet(to, from, (packet[0] & 0xf0) == 0x40 ? TYPE_V4 : TYPE_V6, packet);
    }

    private static byte[] ethernet(Mac to, Mac from, int type, byte[] payload) {
        return bytes(to.toBytes(), from.toBytes(), new byte[] {(byte) (type >> 8), (byte) type}, payload);
    }

    /** An ARP message for Ethernet and IPv4; {@code operation} is 1 for a request, 2 for an answer. */
    static byte[] arp(Mac to, Mac from, int operation, Mac senderMac, Ip sender, Mac targetMac, Ip target) {
        byte[] head = {0, 1, 8, 0, 6, 4, 0, (byte) operation};
        return ethernet(to, from, TYPE_ARP, bytes(head, senderMac.toBytes(), sender.toBytes(), targetMac.toBytes(), target.toBytes()));
    }

    static byte[] ip(Ip from, Ip to, int protocol, byte[] payload) {
        return from.isV4() ? ipv4(from, to, protocol, 0, 0, new byte[0], payload) : ipv6(from, to, protocol, HOPS, payload);
    }

    /**
     * IPv4 with all that it may carry.
     *
     * @param fragment flags and offset in units of 8 bytes, as the header has them
     * @param options a multiple of 4 bytes
     */
    static byte[] ipv4(Ip from, Ip to, int protocol, int id, int fragment, byte[] options, byte[] payload) {
        int head = V4_HEADER + options.length;
        ByteBuffer packet = ByteBuffer.allocate(head + payload.length);
        packet.put((byte) (0x40 | head / 4)).put((byte) 0).putShort((short) (head + payload.length)).putShort((short) id).putShort((short) fragment);
        packet.put((byte) HOPS).put((byte) protocol).putShort((short) 0).put(from.toBytes()).put(to.toBytes()).put(options);
        packet.putShort(10, (short) checksum(packet.array(), head));
        return packet.put(payload).array();
    }

    static byte[] ipv6(Ip from, Ip to, int next, int hops, byte[] payload) {
        ByteBuffer packet = ByteBuffer.allocate(V6_HEADER + payload.length);
        packet.putInt(0x6000_0000).putShort((short) payload.length).put((byte) next).put((byte) hops).put(from.toBytes()).put(to.toBytes());
        return packet.put(payload).array();
    }

    /** An IPv6 extension header that does nothing, padded to 8 bytes. */
    static byte[] padding(int next) {
        return new byte[] {(byte) next, 0, 1, 4, 0, 0, 0, 0};
    }

    /** An IPv6 fragment header; {@code offset} in units of 8 bytes. */
    static byte[] fragment(int next, int offset, boolean more, int id) {
        return ByteBuffer.allocate(8).put((byte) next).put((byte) 0).putShort((short) (offset << 3 | (more ? 1 : 0))).putInt(id).array();
    }

    static byte[] udp(Ip from, Ip to, int source, int destination, byte[] payload) {
        ByteBuffer segment = ByteBuffer.allocate(UDP_HEADER + payload.length);
        segment.putShort((short) source).putShort((short) destination).putShort((short) segment.capacity()).putShort((short) 0).put(payload);
        return summed(from, to, UDP, segment, 6);
    }

    static byte[] tcp(Ip from, Ip to, int source, int destination, int flags, byte[] payload) {
        ByteBuffer segment = ByteBuffer.allocate(TCP_HEADER + payload.length);
        segment.putShort((short) source).putShort((short) destination).putInt(1).putInt((flags & ACK) == 0 ? 0 : 1);
        segment.put((byte) (TCP_HEADER / 4 << 4)).put((byte) flags).putShort((short) WINDOW).putShort((short) 0).putShort((short) 0).put(payload);
        return summed(from, to, TCP, segment, 16);
    }

    /** An ICMP message of the addresses' family; {@code rest} is what follows the checksum. */
    static byte[] icmp(Ip from, Ip to, int type, int code, byte[] rest) {
        ByteBuffer message = ByteBuffer.allocate(4 + rest.length);
        message.put((byte) type).put((byte) code).putShort((short) 0).put(rest);
        if (from.isV4()) {
            message.putShort(2, (short) checksum(message.array(), message.capacity()));
            return message.array();
        }
        return summed(from, to, ICMP_V6, message, 2);
    }

    static byte[] vxlan(int vni, byte[] frame) {
        return bytes(ByteBuffer.allocate(8).putInt(0x0800_0000).putInt(vni << 8).array(), frame);
    }

    private static byte[] summed(Ip from, Ip to, int protocol, ByteBuffer segment, int at) {
        byte[] pseudo = bytes(from.toBytes(), to.toBytes(), ByteBuffer.allocate(8).putInt(segment.capacity()).putInt(protocol).array());
        byte[] all = bytes(pseudo, segment.array());
        int sum = checksum(all, all.length);
        return segment.putShort(at, (short) (sum == 0 && protocol == UDP ? 0xffff : sum)).array();
    }

    private static int checksum(byte[] bytes, int length) {
        long sum = 0;
        for (int i = 0; i < length; i++) {
            sum += (bytes[i] & 0xffL) << (i % 2 == 0 ? 8 : 0);
        }
        while (sum > 0xffff) {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        return (int) ~sum & 0xffff;
    }

    /** The link-local address that goes with a MAC. */
    static Ip linkLocal(Mac mac) {
        byte[] m = mac.toBytes();
        byte[] address = new byte[16];
        address[0] = (byte) 0xfe;
        address[1] = (byte) 0x80;
        byte[] last = {(byte) (m[0] ^ 2), m[1], m[2], (byte) 0xff, (byte) 0xfe, m[3], m[4], m[5]};
        System.arraycopy(last, 0, address, 8, 8);
        return Ip.ofBytes(address);
    }

    static int icmp(Family family) {
        return family == Family.V4 ? ICMP : ICMP_V6;
    }
}
