package io.canal.lab.attack;

import io.canal.lab.LabException;
import io.canal.lab.proof.PodSocket;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.Mac;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Who somebody is: sources that are others', neighbours and routers that a pod is not, and addresses that are the node's alone. */
final class AddressAttacks {

    private static final Ip GATEWAY = Ip.of("169.254.1.1");
    private static final Ip GATEWAY_V6 = Ip.of("fe80::ecee:eeff:feee:eeee");
    private static final Ip ALL_NODES = Ip.of("ff02::1");
    private static final Mac ALL_NODES_MAC = Mac.of("33:33:00:00:00:01");
    private static final int ROUTER_ADVERTISEMENT = 134;
    private static final int NEIGHBOUR_SOLICITATION = 135;
    private static final int NEIGHBOUR_ADVERTISEMENT = 136;
    private static final int REDIRECT = 137;
    private static final int UNREACHABLE = 0x2000_0000;
    private static final int ND_HOPS = 255;
    private static final int KUBELET_HEALTH = 10_248;
    private static final int AGENT_HEALTH = 9099;
    private static final Duration CONNECT = Duration.ofMillis(700);

    private AddressAttacks() {}

    static void spoofedSources(Ground ground, Findings findings) {
        Actor attacker = ground.attacker;
        for (Family family : ground.families()) {
            Map<String, Ip> sources = new LinkedHashMap<>();
            sources.put("a pod of this node", ground.near.ip(family));
            sources.put("a pod of another node", ground.far.ip(family));
            sources.put("its own node", ground.one.address(family));
            sources.put("another node", ground.two.address(family));
            sources.put("a service", ground.service(family));
            sources.put("a stranger", ground.outside(family));
            sources.forEach((whose, source) -> {
                Actor victim = source.equals(ground.far.ip(family)) ? ground.near : ground.far;
                findings.probe(family + " to a pod as " + whose, victim.ear(),
                        token -> from(attacker, source, victim.ip(family), token), token -> from(attacker, attacker.ip(family), victim.ip(family), token));
                Ip node = ground.one.address(family);
                findings.probe(family + " to the node as " + whose, ground.one.ear(),
                        token -> from(attacker, source, node, token), token -> from(attacker, attacker.ip(family), node, token));
            });
        }
    }

    private static void from(Actor attacker, Ip source, Ip destination, Token token) {
        attacker.send(Packet.ip(source, destination, Packet.UDP, Packet.udp(source, destination, Ground.SOURCE, Ground.OPEN, token.bytes())));
    }

    static void poisonedNeighbours(Ground ground, Findings findings) {
        Actor attacker = ground.attacker;
        for (Family family : ground.families()) {
            List<Ip> stolen = new ArrayList<>(List.of(ground.near.ip(family), ground.far.ip(family), ground.one.address(family), ground.two.address(family)));
            if (family == Family.V4) {
                findings.proven("the node answers the pod's ARP", attacker.resolves(GATEWAY));
                stolen.add(GATEWAY);
            } else {
                stolen.add(GATEWAY_V6);
            }
            Runnable poison = () -> stolen.forEach(address -> claim(attacker, address));
            hijack(findings, family + " what the node sends to its pod", poison, attacker, ground.near.ear(), token -> ground.one.udp(ground.near.ip(family), Ground.OPEN, token.bytes()));
            hijack(findings, family + " what a pod elsewhere sends to the pod", poison, attacker, ground.near.ear(),
                    token -> ground.far.udp(ground.near.ip(family), Ground.SOURCE, Ground.OPEN, token.bytes()));
            hijack(findings, family + " what the pod sends out", poison, attacker, ground.far.ear(),
                    token -> ground.near.udp(ground.far.ip(family), Ground.SOURCE, Ground.OPEN, token.bytes()));
            hijack(findings, family + " what the node sends to another node", poison, attacker, ground.two.ear(),
                    token -> ground.one.udp(ground.two.address(family), Ground.OPEN, token.bytes()));
        }
    }

    private static void hijack(Findings findings, String what, Runnable poison, Actor attacker, Ear rightful, Consumer<Token> send) {
        findings.probe(what, attacker.ear(), token -> {
            poison.run();
            send.accept(token);
        }, rightful, send);
    }

    /** Says, asked and unasked, that the address is the attacker's. */
    private static void claim(Actor attacker, Ip address) {
        Mac own = attacker.mac();
        if (address.isV4()) {
            for (Mac to : List.of(Packet.BROADCAST, Packet.GATEWAY)) {
                attacker.frame(Packet.arp(to, own, 1, own, address, Mac.of("00:00:00:00:00:00"), address));
                attacker.frame(Packet.arp(to, own, 2, own, address, Packet.GATEWAY, address));
            }
            return;
        }
        byte[] claim = ByteBuffer.allocate(28).putInt(UNREACHABLE).put(address.toBytes()).put((byte) 2).put((byte) 1).put(own.toBytes()).array();
        for (Ip from : List.of(Packet.linkLocal(own), address)) {
            discovery(attacker, from, GATEWAY_V6, Packet.GATEWAY, NEIGHBOUR_ADVERTISEMENT, claim);
            discovery(attacker, from, ALL_NODES, ALL_NODES_MAC, NEIGHBOUR_ADVERTISEMENT, claim);
        }
    }

    private static void discovery(Actor attacker, Ip from, Ip to, Mac mac, int type, byte[] rest) {
        attacker.frame(Packet.frame(mac, attacker.mac(), Packet.ipv6(from, to, Packet.ICMP_V6, ND_HOPS, Packet.icmp(from, to, type, 0, rest))));
    }

    /** Also where pods have no IPv6: their interfaces on the node have it. */
    static void routersAndDhcp(Ground ground, Findings findings) {
        Actor attacker = ground.attacker;
        Ip own = Packet.linkLocal(attacker.mac());
        byte[] life = ByteBuffer.allocate(12).put((byte) 64).put((byte) 0).putShort((short) 1800).array();
        byte[] addresses = new byte[36];
        for (Map.Entry<Ip, Mac> to : Map.of(GATEWAY_V6, Packet.GATEWAY, ALL_NODES, ALL_NODES_MAC).entrySet()) {
            Consumer<Token> solicitation = token -> discovery(attacker, own, GATEWAY_V6, Packet.GATEWAY, NEIGHBOUR_SOLICITATION,
                    Packet.bytes(new byte[4], GATEWAY_V6.toBytes(), option(token)));
            findings.probe("router advertisement to " + to.getKey(), ground.one.ear(),
                    token -> discovery(attacker, own, to.getKey(), to.getValue(), ROUTER_ADVERTISEMENT, Packet.bytes(life, option(token))), solicitation);
            findings.probe("redirect to " + to.getKey(), ground.one.ear(),
                    token -> discovery(attacker, own, to.getKey(), to.getValue(), REDIRECT, Packet.bytes(addresses, option(token))), solicitation);
            findings.probe("DHCPv6 offer to " + to.getKey(), ground.one.ear(),
                    token -> attacker.frame(Packet.frame(to.getValue(), attacker.mac(), Packet.ip(own, to.getKey(), Packet.UDP,
                            Packet.udp(own, to.getKey(), 547, 546, token.bytes())))), solicitation);
        }
        String routes = ground.one.host().program("ip", "-6", "route", "show", "default").must();
        findings.stopped("a default route by way of a pod", !routes.contains("cali"), "the node has " + routes.strip());
        if (ground.attacker.address(Family.V4).isPresent()) {
            Ip source = attacker.ip(Family.V4);
            Ip node = ground.one.address(Family.V4);
            findings.probe("DHCP offer", ground.one.ear(), token -> {
                attacker.udp(node, 67, 68, token.bytes());
                attacker.udp(Ip.of("255.255.255.255"), 67, 68, token.bytes());
                attacker.frame(Packet.frame(Packet.BROADCAST, attacker.mac(), Packet.ip(source, Ip.of("255.255.255.255"), Packet.UDP,
                        Packet.udp(source, Ip.of("255.255.255.255"), 67, 68, token.bytes()))));
            }, token -> attacker.udp(node, 67, 69, token.bytes()));
        }
    }

    /** An option of neighbour discovery that nobody knows, and that holds the token. */
    private static byte[] option(Token token) {
        return ByteBuffer.allocate(24).put((byte) 253).put((byte) 3).position(8).put(token.bytes()).array();
    }

    static void loopbackOfTheNode(Ground ground, Findings findings) {
        Actor attacker = ground.attacker;
        for (Family family : ground.families()) {
            Ip node = ground.one.address(family);
            Ip own = attacker.ip(family);
            for (Ip loopback : family == Family.V4 ? List.of(Ip.of("127.0.0.1"), Ip.of("127.1.2.3")) : List.of(Ip.of("::1"))) {
                findings.probe("UDP to " + loopback, ground.one.ear(),
                        token -> attacker.udp(loopback, Ground.SOURCE, Ground.OPEN, token.bytes()),
                        token -> attacker.udp(node, Ground.SOURCE, Ground.OPEN, token.bytes()));
                for (int port : List.of(KUBELET_HEALTH, AGENT_HEALTH)) {
                    findings.probe("TCP to " + loopback + " port " + port, ground.one.ear(),
                            token -> attacker.send(syn(own, loopback, port, token)), token -> attacker.send(syn(own, node, port, token)));
                }
                findings.probe("as " + loopback, ground.one.ear(), token -> from(attacker, loopback, node, token), token -> from(attacker, own, node, token));
            }
            findings.proven("the agent's health port answers on the node itself", connects(ground.one.namespace().path(), "127.0.0.1", AGENT_HEALTH));
            findings.stopped(family + " the agent's health port by the node's address", !connects(attacker.namespace().path(), node.toString(), AGENT_HEALTH),
                    "a pod could connect to it");
        }
    }

    private static byte[] syn(Ip from, Ip to, int port, Token token) {
        return Packet.ip(from, to, Packet.TCP, Packet.tcp(from, to, Ground.SOURCE, port, Packet.SYN, token.bytes()));
    }

    /** Whether a TCP connection comes about. */
    static boolean connects(Path from, String address, int port) {
        try (var connection = PodSocket.connect(from, address, port, CONNECT)) {
            return connection.isConnected();
        } catch (ConnectException | SocketTimeoutException refused) {
            return false;
        } catch (IOException broken) {
            throw new LabException("A connection to " + address + " port " + port + " cannot be tried: " + broken.getMessage(), broken);
        }
    }
}
