package io.canal.lab.attack;

import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.Mac;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;

/** Odd forms of packets: cut up, source-routed, to everybody, and of connections that are not there. */
final class PacketAttacks {

    private static final byte[] NO_OPTIONS = new byte[0];
    /** Of 4 bytes: three that do nothing, and the end. */
    private static final byte[] HARMLESS = {1, 1, 1, 0};
    private static final int LOOSE_ROUTE = 131;
    private static final int STRICT_ROUTE = 137;
    /** Bytes in a unit of the fragment offset. */
    private static final int UNIT = 8;
    /** What holds a TCP header. */
    private static final int TCP_UNITS = 3;
    private static final int DESTINATION_UNREACHABLE = 3;
    private static final int DESTINATION_UNREACHABLE_V6 = 1;
    private static final int ECHO = 8;
    private static final int ECHO_V6 = 128;

    private PacketAttacks() {}

    /** A datagram in two pieces; the token is in the second. */
    private record Pieces(Actor from, Ip to, int protocol, byte[] segment) {

        static Pieces udp(Actor from, Ip to, int port, Token token) {
            return new Pieces(from, to, Packet.UDP, Packet.udp(from.ip(to.family()), to, Ground.SOURCE, port, data(UNIT, token)));
        }

        static Pieces syn(Actor from, Ip to, int port, Token token) {
            return new Pieces(from, to, Packet.TCP, Packet.tcp(from.ip(to.family()), to, Ground.SOURCE, port, Packet.SYN, data(UNIT / 2, token)));
        }

        /** A token that is cut neither by us nor by a node that cuts the packet up again, into as large pieces as ours. */
        private static byte[] data(int before, Token token) {
            return Packet.bytes(new byte[before], token.bytes(), new byte[3 * UNIT]);
        }

        /** Cut after the first so many units; which of the pieces are sent is up to the caller. */
        void send(int units, boolean first, boolean second) {
            int id = ThreadLocalRandom.current().nextInt(1, 0xffff);
            byte[] head = Arrays.copyOf(segment, units * UNIT);
            byte[] tail = Arrays.copyOfRange(segment, units * UNIT, segment.length);
            if (first) {
                piece(id, 0, true, head);
            }
            if (second) {
                piece(id, units, false, tail);
            }
        }

        void piece(int id, int offset, boolean more, byte[] bytes) {
            Ip own = from.ip(to.family());
            from.send(to.isV4() ? Packet.ipv4(own, to, protocol, id, (more ? Packet.MORE_FRAGMENTS : 0) | offset, NO_OPTIONS, bytes)
                    : Packet.ipv6(own, to, Packet.FRAGMENT, 64, Packet.bytes(Packet.fragment(protocol, offset, more, id), bytes)));
        }
    }

    static void fragments(Ground ground, Findings findings) {
        for (Family family : ground.families()) {
            for (Actor victim : List.of(ground.near, ground.far)) {
                fragments(findings, ground.attacker, victim, victim.ip(family));
            }
        }
        if (ground.families().contains(Family.V6)) {
            extensionHeaders(ground, findings);
        }
    }

    private static void fragments(Findings findings, Actor attacker, Actor victim, Ip to) {
        Consumer<Token> whole = token -> Pieces.udp(attacker, to, Ground.OPEN, token).send(1, true, true);
        findings.probe("a first fragment of 8 bytes, to " + to, victim.ear(), token -> Pieces.udp(attacker, to, Ground.CLOSED, token).send(1, true, true), whole);
        findings.probe("fragments in the wrong order, to " + to, victim.ear(), token -> {
            Pieces pieces = Pieces.udp(attacker, to, Ground.CLOSED, token);
            pieces.piece(7, 2, false, Arrays.copyOfRange(pieces.segment, 2 * UNIT, pieces.segment.length));
            pieces.piece(7, 0, true, Arrays.copyOf(pieces.segment, 2 * UNIT));
        }, whole);
        findings.probe("no first fragment, to " + to, victim.ear(), token -> Pieces.udp(attacker, to, Ground.CLOSED, token).send(1, false, true), whole);
        findings.probe("a fragment over the first one that names another port, to " + to, victim.ear(), token -> {
            int id = ThreadLocalRandom.current().nextInt(1, 0xffff);
            Pieces open = Pieces.udp(attacker, to, Ground.OPEN, token);
            Pieces closed = Pieces.udp(attacker, to, Ground.CLOSED, token);
            open.piece(id, 0, true, Arrays.copyOf(open.segment, 2 * UNIT));
            closed.piece(id, 0, true, Arrays.copyOf(closed.segment, UNIT));
            closed.piece(id, 1, false, Arrays.copyOfRange(closed.segment, UNIT, closed.segment.length));
        }, whole);
        // A first fragment without the whole TCP header is dropped by the kernel in IPv6, and put together in IPv4.
        int shortest = to.isV4() ? 1 : TCP_UNITS;
        findings.probe("TCP whose flags are in the second fragment, or behind the first, to " + to, victim.ear(), token -> {
            Pieces.syn(attacker, to, Ground.CLOSED, token).send(1, true, true);
            Pieces.syn(attacker, to, Ground.CLOSED, token).send(TCP_UNITS, true, true);
        }, token -> Pieces.syn(attacker, to, Ground.OPEN, token).send(shortest, true, true));
    }

    private static void extensionHeaders(Ground ground, Findings findings) {
        Actor attacker = ground.attacker;
        Ip own = attacker.ip(Family.V6);
        for (Actor victim : List.of(ground.near, ground.far)) {
            Ip to = victim.ip(Family.V6);
            chain(findings, attacker, victim, "destination options", Packet.DESTINATION_OPTIONS, Packet.padding(Packet.UDP));
            chain(findings, attacker, victim, "hop-by-hop and many destination options", Packet.HOP_BY_HOP, Packet.bytes(
                    Packet.padding(Packet.DESTINATION_OPTIONS), Packet.padding(Packet.DESTINATION_OPTIONS), Packet.padding(Packet.DESTINATION_OPTIONS),
                    Packet.padding(Packet.UDP)));
            chain(findings, attacker, victim, "a fragment that is the whole", Packet.FRAGMENT, Packet.fragment(Packet.UDP, 0, false, 77));
            findings.probe("V6 options in the first fragment, the port in the second, to " + to, victim.ear(),
                    token -> cutOptions(attacker, own, to, Ground.CLOSED, token),
                    token -> Pieces.udp(attacker, to, Ground.OPEN, token).send(1, true, true));
        }
    }

    private static void chain(Findings findings, Actor attacker, Actor victim, String what, int first, byte[] headers) {
        Ip own = attacker.ip(Family.V6);
        Ip to = victim.ip(Family.V6);
        findings.probe("V6 behind " + what + ", to " + to, victim.ear(),
                token -> attacker.send(Packet.ipv6(own, to, first, 64, Packet.bytes(headers, Packet.udp(own, to, Ground.SOURCE, Ground.CLOSED, token.bytes())))),
                token -> attacker.send(Packet.ipv6(own, to, first, 64, Packet.bytes(headers, Packet.udp(own, to, Ground.SOURCE, Ground.OPEN, token.bytes())))));
    }

    private static void cutOptions(Actor attacker, Ip own, Ip to, int port, Token token) {
        int id = ThreadLocalRandom.current().nextInt();
        attacker.send(Packet.ipv6(own, to, Packet.FRAGMENT, 64, Packet.bytes(Packet.fragment(Packet.DESTINATION_OPTIONS, 0, true, id), Packet.padding(Packet.UDP))));
        attacker.send(Packet.ipv6(own, to, Packet.FRAGMENT, 64, Packet.bytes(Packet.fragment(Packet.DESTINATION_OPTIONS, 1, false, id),
                Packet.udp(own, to, Ground.SOURCE, port, token.bytes()))));
    }

    static void sourceRoutesAndMulticast(Ground ground, Findings findings) {
        Actor attacker = ground.attacker;
        for (Family family : ground.families()) {
            Ip own = attacker.ip(family);
            Ip near = ground.near.ip(family);
            Ip node = ground.one.address(family);
            if (family == Family.V4) {
                for (int option : List.of(LOOSE_ROUTE, STRICT_ROUTE)) {
                    byte[] route = Packet.bytes(new byte[] {(byte) option, 7, 4}, near.toBytes(), new byte[] {0});
                    findings.probe("V4 source route " + option + " by way of the node", ground.near.ear(),
                            token -> attacker.send(Packet.ipv4(own, node, Packet.UDP, 0, 0, route, Packet.udp(own, near, Ground.SOURCE, Ground.OPEN, token.bytes()))),
                            token -> attacker.send(Packet.ipv4(own, near, Packet.UDP, 0, 0, HARMLESS, Packet.udp(own, near, Ground.SOURCE, Ground.OPEN, token.bytes()))));
                }
            } else {
                byte[] route = Packet.bytes(new byte[] {Packet.UDP, 2, 0, 1, 0, 0, 0, 0}, near.toBytes());
                findings.probe("V6 routing header by way of the node", ground.near.ear(),
                        token -> attacker.send(Packet.ipv6(own, node, Packet.ROUTING, 64, Packet.bytes(route, Packet.udp(own, near, Ground.SOURCE, Ground.OPEN, token.bytes())))),
                        token -> attacker.send(Packet.ipv6(own, near, Packet.DESTINATION_OPTIONS, 64, Packet.bytes(Packet.padding(Packet.UDP),
                                Packet.udp(own, near, Ground.SOURCE, Ground.OPEN, token.bytes())))));
            }
            List<Ip> everybody = family == Family.V4
                    ? List.of(Ip.of("224.0.0.1"), Ip.of("224.0.0.251"), Ip.of("239.1.2.3"), Ip.of("255.255.255.255"), lastOf(near))
                    : List.of(Ip.of("ff02::1"), Ip.of("ff05::fb"), Ip.of("ff0e::1234"));
            for (Actor victim : List.of(ground.near, ground.far)) {
                findings.probe(family + " broadcast and multicast to " + victim.ear(), victim.ear(),
                        token -> everybody.forEach(group -> toGroup(attacker, own, group, token)),
                        token -> attacker.udp(victim.ip(family), Ground.SOURCE, Ground.OPEN, token.bytes()));
            }
        }
    }

    private static Ip lastOf(Ip address) {
        byte[] bytes = address.toBytes();
        bytes[bytes.length - 1] = (byte) 255;
        return Ip.ofBytes(bytes);
    }

    private static void toGroup(Actor attacker, Ip own, Ip group, Token token) {
        byte[] packet = Packet.ip(own, group, Packet.UDP, Packet.udp(own, group, Ground.SOURCE, Ground.OPEN, token.bytes()));
        byte[] g = group.toBytes();
        Mac mac = group.isV4() ? Mac.ofBytes(new byte[] {1, 0, 0x5e, (byte) (g[1] & 0x7f), g[2], g[3]})
                : Mac.ofBytes(new byte[] {0x33, 0x33, g[12], g[13], g[14], g[15]});
        for (Mac to : List.of(mac, Packet.BROADCAST, Packet.GATEWAY)) {
            attacker.frame(Packet.frame(to, attacker.mac(), packet));
        }
    }

    static void connectionTracking(Ground ground, Findings findings) {
        Actor attacker = ground.attacker;
        for (Family family : ground.families()) {
            for (Actor victim : List.of(ground.near, ground.far)) {
                Ip own = attacker.ip(family);
                Ip to = victim.ip(family);
                Consumer<Token> syn = token -> tcp(attacker, own, to, Ground.OPEN, Packet.SYN, token);
                findings.probe("a reset of no connection, to " + to, victim.ear(), token -> tcp(attacker, own, to, Ground.OPEN, Packet.RST, token), syn);
                findings.probe("an answer to no connection, to " + to, victim.ear(), token -> tcp(attacker, own, to, Ground.OPEN, Packet.SYN | Packet.ACK, token), syn);
                findings.probe("the middle of no connection to the closed port, to " + to, victim.ear(),
                        token -> tcp(attacker, own, to, Ground.CLOSED, Packet.ACK, token), syn);
                findings.probe("the same datagram again and again, to " + to, victim.ear(), token -> {
                    for (int i = 0; i < 20; i++) {
                        attacker.udp(to, Ground.SOURCE, Ground.CLOSED, token.bytes());
                    }
                }, token -> attacker.udp(to, Ground.SOURCE, Ground.OPEN, token.bytes()));
                findings.probe("an ICMP error about no connection, to " + to, victim.ear(),
                        token -> error(attacker, own, to, ground.service(family), token), token -> echo(attacker, own, to, token));
            }
        }
        String helper = ground.one.host().program("sysctl", "-n", "-e", "net.netfilter.nf_conntrack_helper").run().out().strip();
        findings.stopped("helpers that open ports for what a connection says", helper.isEmpty() || helper.equals("0"), "nf_conntrack_helper is " + helper);
    }

    private static void tcp(Actor attacker, Ip own, Ip to, int port, int flags, Token token) {
        int source = ThreadLocalRandom.current().nextInt(20_000, 60_000);
        attacker.send(Packet.ip(own, to, Packet.TCP, Packet.tcp(own, to, source, port, flags, token.bytes())));
    }

    /** As a router would say that a packet of the victim did not come through. */
    private static void error(Actor attacker, Ip own, Ip victim, Ip server, Token token) {
        byte[] lost = Packet.ip(victim, server, Packet.UDP, Packet.udp(victim, server, 3333, 53, token.bytes()));
        int type = victim.isV4() ? DESTINATION_UNREACHABLE : DESTINATION_UNREACHABLE_V6;
        attacker.send(Packet.ip(own, victim, Packet.icmp(victim.family()), Packet.icmp(own, victim, type, 1, Packet.bytes(new byte[4], lost))));
    }

    private static void echo(Actor attacker, Ip own, Ip to, Token token) {
        int id = ThreadLocalRandom.current().nextInt(0xffff);
        byte[] head = {(byte) (id >> 8), (byte) id, 0, 1};
        attacker.send(Packet.ip(own, to, Packet.icmp(to.family()), Packet.icmp(own, to, to.isV4() ? ECHO : ECHO_V6, 0, Packet.bytes(head, token.bytes()))));
    }
}
