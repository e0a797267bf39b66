package io.canal.lease;

import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.SessionRecord;
import io.canal.model.Vtep;
import java.util.Optional;

/**
 * What this node knows about itself.
 *
 * @param node the node id: random, made once, kept on disk
 * @param boot the kernel's boot id
 * @param unit the Juju unit; empty where there is none
 * @param nodename the node's name in Kubernetes
 * @param publicIp underlay address of IPv4; {@code 0.0.0.0} where there is none
 * @param publicIpv6 underlay address of IPv6
 * @param mac of the IPv4 tunnel device
 * @param macV6 of the IPv6 tunnel device
 * @param podsUseSubnet whether some pod has an address of our subnet, so that it must not be given up
 * @param takesDirect whether the node takes packets that come without a tunnel, as a lease of host-gw promises
 */
public record NodeFacts(
        String node,
        String boot,
        String unit,
        String nodename,
        Ip publicIp,
        Optional<Ip> publicIpv6,
        Mac mac,
        Optional<Mac> macV6,
        boolean podsUseSubnet,
        boolean takesDirect) {

    private static final Mac NO_MAC = new Mac(0);

    public NodeFacts {
        if (node.isEmpty() || boot.isEmpty()) {
            throw new IllegalArgumentException("a node has an id and a boot id");
        }
    }

    /** An IPv4 node. */
    public NodeFacts(String node, String boot, String unit, String nodename, Ip publicIp, Mac mac) {
        this(node, boot, unit, nodename, publicIp, Optional.empty(), mac, Optional.empty(), false, true);
    }

    public NodeFacts withNode(String other) {
        return new NodeFacts(other, boot, unit, nodename, publicIp, publicIpv6, mac, macV6, podsUseSubnet, takesDirect);
    }

    public NodeFacts withPods(boolean use) {
        return new NodeFacts(node, boot, unit, nodename, publicIp, publicIpv6, mac, macV6, use, takesDirect);
    }

    public NodeFacts withDirect(boolean take) {
        return new NodeFacts(node, boot, unit, nodename, publicIp, publicIpv6, mac, macV6, podsUseSubnet, take);
    }

    public NodeFacts withPublicIp(Ip other) {
        return new NodeFacts(node, boot, unit, nodename, other, publicIpv6, mac, macV6, podsUseSubnet, takesDirect);
    }

    public NodeFacts withBoot(String other) {
        return new NodeFacts(node, other, unit, nodename, publicIp, publicIpv6, mac, macV6, podsUseSubnet, takesDirect);
    }

    /** What our lease says in this network; empty where we lack an address or a device of one of its families. */
    public Optional<LeaseValue> value(NetworkConfig config) {
        boolean v4 = config.v4().isPresent();
        boolean v6 = config.v6().isPresent();
        if (v4 && publicIp.equals(LeaseValue.NO_V4) || v6 && publicIpv6.isEmpty()) {
            return Optional.empty();
        }
        Ip ip = v4 ? publicIp : LeaseValue.NO_V4;
        Optional<Ip> ipv6 = v6 ? publicIpv6 : Optional.empty();
        if (!config.backend().isVxlan()) {
            return !takesDirect ? Optional.empty() : Optional.of(new LeaseValue(ip, ipv6, config.backend().type(), Optional.empty(), Optional.empty()));
        }
        if (v4 && mac.equals(NO_MAC) || v6 && macV6.isEmpty()) {
            return Optional.empty();
        }
        int vni = config.backend().vni();
        return Optional.of(new LeaseValue(ip, ipv6, config.backend().type(),
                v4 ? Optional.of(new Vtep(vni, mac)) : Optional.empty(),
                v6 ? macV6.map(address -> new Vtep(vni, address)) : Optional.empty()));
    }

    /** Whether a lease says our address: the IPv4 one, or in a network without IPv4 the IPv6 one. */
    boolean sameAddress(LeaseValue value) {
        return value.publicIp().equals(LeaseValue.NO_V4) ? publicIpv6.equals(value.publicIpv6()) : publicIp.equals(value.publicIp());
    }

    /** What our session says. */
    SessionRecord session() {
        return new SessionRecord(boot, Optional.of(publicIp).filter(ip -> !ip.equals(LeaseValue.NO_V4)), publicIpv6);
    }

    /** Our addresses in words for people. */
    String addresses() {
        return session().addresses();
    }
}
