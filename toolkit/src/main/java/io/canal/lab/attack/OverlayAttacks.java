package io.canal.lab.attack;

import io.canal.lab.Pause;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.model.Vtep;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Packets that pretend to come out of the tunnel: what is in them would be taken for a pod's. */
final class OverlayAttacks {

    private static final int OTHER_VXLAN = 4789;
    private static final int OTHER_PORT = 8473;
    private static final int DNS = 53;
    private static final int OTHER_DNS = 54;
    private static final Mac STRANGER = Mac.of("02:00:00:00:02:54");
    private static final int FAR_AWAY = 97;

    private OverlayAttacks() {}

    /** A whole packet of the overlay but for its outer headers: from a pod of one node to one of the other. */
    private static byte[] forged(Node.Overlay to, Mac from, Ip source, Ip destination, Token token) {
        byte[] inner = Packet.ip(source, destination, Packet.UDP, Packet.udp(source, destination, Ground.SOURCE, Ground.OPEN, token.bytes()));
        return Packet.vxlan(to.vni(), Packet.frame(to.mac(), from, inner));
    }

    static void outOfAPod(Ground ground, Findings findings) {
        for (Family family : ground.families()) {
            Node.Overlay there = ground.two.overlay(family);
            Node.Overlay here = ground.one.overlay(family);
            Ip node = ground.two.address(family);
            Ip near = ground.near.ip(family);
            Ip far = ground.far.ip(family);
            Actor attacker = ground.attacker;
            findings.probe(family + " to the other node, from its peer's pod, as a pod of the peer", ground.far.ear(),
                    token -> attacker.udp(node, Ground.SOURCE, there.port(), forged(there, here.mac(), near, far, token)),
                    token -> ground.one.udp(node, there.port(), forged(there, here.mac(), near, far, token)));
            findings.probe(family + " to its own node", ground.near.ear(),
                    token -> attacker.udp(ground.one.address(family), Ground.SOURCE, here.port(), forged(here, there.mac(), far, near, token)),
                    token -> ground.two.udp(ground.one.address(family), here.port(), forged(here, there.mac(), far, near, token)));
            findings.probe(family + " to VXLAN's registered port", ground.two.ear(),
                    token -> attacker.udp(node, Ground.SOURCE, OTHER_VXLAN, token.bytes()),
                    token -> attacker.udp(node, Ground.SOURCE, OTHER_PORT, token.bytes()));
            throughAService(ground, findings, family, there, here);
        }
        if (ground.attacker.address(Family.V4).isPresent()) {
            Ip own = ground.attacker.ip(Family.V4);
            Ip node = ground.two.address(Family.V4);
            byte[] nothing = new byte[0];
            findings.probe("V4 as IP in IP", ground.two.ear(),
                    token -> ground.attacker.send(Packet.ipv4(own, node, Packet.IP_IN_IP, 0, 0, nothing, Packet.ip(ground.near.ip(Family.V4),
                            ground.far.ip(Family.V4), Packet.UDP, Packet.udp(own, node, Ground.SOURCE, Ground.OPEN, token.bytes())))),
                    token -> ground.attacker.udp(node, Ground.SOURCE, OTHER_PORT, token.bytes()));
        }
    }

    /** As a service or a NodePort does it: another address and port, until the destination is translated. */
    private static void throughAService(Ground ground, Findings findings, Family family, Node.Overlay there, Node.Overlay here) {
        Ip service = ground.service(family);
        String ip = family == Family.V4 ? "ip" : "ip6";
        String node = family == Family.V4 ? ground.two.address(family).toString() : "[" + ground.two.address(family) + "]";
        ground.one.rules("""
                chain pre {
                    type nat hook prerouting priority -110;
                    %1$s daddr %2$s udp dport %3$d dnat %1$s to %5$s:%6$d
                    %1$s daddr %2$s udp dport %4$d dnat %1$s to %5$s:%7$d
                }""".formatted(ip, service, DNS, OTHER_DNS, node, there.port(), OTHER_PORT));
        try {
            findings.probe(family + " through a service", ground.far.ear(),
                    token -> ground.attacker.udp(service, Ground.SOURCE, DNS, forged(there, here.mac(), ground.near.ip(family), ground.far.ip(family), token)),
                    ground.two.ear(),
                    token -> ground.attacker.udp(service, Ground.SOURCE, OTHER_DNS, token.bytes()));
        } finally {
            ground.one.withoutRules();
        }
    }

    static void fromBesideTheNodes(Ground ground, Findings findings) {
        for (Family family : ground.families()) {
            findings.probe(family + " from a stranger", ground.far.ear(), token -> stranger(ground, family, token), token -> peer(ground, family, token));
        }
        formerNode(ground, findings);
    }

    private static void stranger(Ground ground, Family family, Token token) {
        Node.Overlay there = ground.two.overlay(family);
        Node.udp(ground.outside(), ground.two.address(family), there.port(), forged(there, STRANGER, ground.near.ip(family), ground.far.ip(family), token));
    }

    private static void peer(Ground ground, Family family, Token token) {
        Node.Overlay there = ground.two.overlay(family);
        ground.one.udp(ground.two.address(family), there.port(), forged(there, ground.one.overlay(family).mac(), ground.near.ip(family), ground.far.ip(family), token));
    }

    /** With a lease the stranger is a node, and what it sends is taken; without it, it is a stranger again. */
    private static void formerNode(Ground ground, Findings findings) {
        List<Family> families = ground.families();
        Optional<Vtep> vtep = Optional.of(new Vtep(1, STRANGER));
        boolean v4 = families.contains(Family.V4);
        boolean v6 = families.contains(Family.V6);
        LeaseValue lease = new LeaseValue(v4 ? ground.outside(Family.V4) : LeaseValue.NO_V4, v6 ? Optional.of(ground.outside(Family.V6)) : Optional.empty(),
                LeaseValue.VXLAN, v4 ? vtep : Optional.empty(), v6 ? vtep : Optional.empty());
        String key = NetworkKeys.DEFAULT.lease(free(ground));
        ground.value(key, lease.text());
        for (Family family : families) {
            Token taken = Token.fresh();
            findings.proven(family + " from the stranger while it has a lease", Findings.arrives(ground.far.ear(), taken, token -> stranger(ground, family, token)));
        }
        ground.removeKey(key);
        for (Family family : families) {
            boolean shut = Pause.until(Findings.PATIENCE, () -> {
                Token token = Token.fresh();
                stranger(ground, family, token);
                return !ground.far.ear().hears(token, Findings.SOON);
            });
            findings.stopped(family + " from a node whose lease is gone", shut, "it still arrived " + Findings.PATIENCE.toSeconds() + " s later");
        }
    }

    /** A subnet that no lease has, in the network of those that have one. */
    private static SubnetKey free(Ground ground) {
        List<SubnetKey> taken = ground.etcd().keys(NetworkKeys.DEFAULT.leases()).stream()
                .map(key -> NetworkKeys.subnet(NetworkKeys.DEFAULT.leases(), key).orThrow()).toList();
        SubnetKey like = taken.getFirst();
        for (int step = FAR_AWAY; ; step++) {
            int by = step;
            List<Optional<Cidr>> moved = new ArrayList<>();
            for (Family family : Family.values()) {
                moved.add(like.cidr(family).map(cidr -> moved(cidr, by)));
            }
            SubnetKey candidate = new SubnetKey(moved.get(0), moved.get(1));
            if (taken.stream().noneMatch(candidate::overlaps)) {
                return candidate;
            }
        }
    }

    /** The subnet so many further on, the last byte of its number turning over. */
    private static Cidr moved(Cidr cidr, int by) {
        byte[] base = cidr.base().toBytes();
        int at = cidr.length() / Byte.SIZE - 1;
        base[at] = (byte) (base[at] + by);
        return new Cidr(Ip.ofBytes(base), cidr.length());
    }}
