package io.canal.kernel.netlink;

import io.canal.model.Ip;
import io.canal.model.Mac;
import java.util.Optional;

/**
 * What makes a link a VXLAN tunnel; the kernel lets hardly any of it be changed on a live link.
 *
 * @param id the network identifier, 24 bits
 * @param parent the index of the link that it sends through; 0 where it is not bound to one
 * @param local the address that it sends from
 * @param group the multicast group or default remote; absent in a tunnel that is told each destination
 * @param port the UDP port that it sends to and listens on
 * @param learning whether it learns destinations from the packets that arrive
 * @param l2miss whether it asks user space for unknown MACs
 * @param groupPolicy whether it carries a group policy id (GBP)
 * @param external whether identifiers come from routes or flows (collect metadata)
 */
public record Vxlan(
        int id,
        int parent,
        Optional<Ip> local,
        Optional<Ip> group,
        int port,
        boolean learning,
        boolean l2miss,
        boolean groupPolicy,
        boolean external) {

    static final String KIND = "vxlan";

    private static final int IFLA_VXLAN_ID = 1;
    private static final int IFLA_VXLAN_GROUP = 2;
    private static final int IFLA_VXLAN_LINK = 3;
    private static final int IFLA_VXLAN_LOCAL = 4;
    private static final int IFLA_VXLAN_LEARNING = 7;
    private static final int IFLA_VXLAN_L2MISS = 13;
    private static final int IFLA_VXLAN_PORT = 15;
    private static final int IFLA_VXLAN_GROUP6 = 16;
    private static final int IFLA_VXLAN_LOCAL6 = 17;
    private static final int IFLA_VXLAN_GBP = 23;
    private static final int IFLA_VXLAN_COLLECT_METADATA = 25;

    /** A tunnel that learns nothing and asks nobody. */
    public static Vxlan of(int id, int parent, Ip local, int port) {
        return new Vxlan(id, parent, Optional.of(local), Optional.empty(), port, false, false, false, false);
    }

    static Vxlan parse(Attributes data) {
        return new Vxlan(
                data.u32(IFLA_VXLAN_ID, 0),
                data.u32(IFLA_VXLAN_LINK, 0),
                address(data, IFLA_VXLAN_LOCAL, IFLA_VXLAN_LOCAL6),
                address(data, IFLA_VXLAN_GROUP, IFLA_VXLAN_GROUP6),
                data.has(IFLA_VXLAN_PORT) ? data.be16(IFLA_VXLAN_PORT) : 0,
                data.u8(IFLA_VXLAN_LEARNING, 0) != 0,
                data.u8(IFLA_VXLAN_L2MISS, 0) != 0,
                data.has(IFLA_VXLAN_GBP),
                data.u8(IFLA_VXLAN_COLLECT_METADATA, 0) != 0);
    }

    void write(NetlinkMessage data) {
        data.u32(IFLA_VXLAN_ID, id);
        if (parent != 0) {
            data.u32(IFLA_VXLAN_LINK, parent);
        }
        local.ifPresent(ip -> data.attr(ip.isV4() ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6, ip.toBytes()));
        group.ifPresent(ip -> data.attr(ip.isV4() ? IFLA_VXLAN_GROUP : IFLA_VXLAN_GROUP6, ip.toBytes()));
        data.be16(IFLA_VXLAN_PORT, port);
        data.u8(IFLA_VXLAN_LEARNING, learning ? 1 : 0);
        if (l2miss) {
            data.u8(IFLA_VXLAN_L2MISS, 1);
        }
        if (groupPolicy) {
            data.flag(IFLA_VXLAN_GBP);
        }
        if (external) {
            data.u8(IFLA_VXLAN_COLLECT_METADATA, 1);
        }
    }

    /**
     * A request that makes such a link, down.
     *
     * @param mac set with the creation, so that nothing else gives it one first
     * @param mtu 0 leaves it to the kernel
     */
    public NetlinkMessage create(String name, Mac mac, int mtu) {
        NetlinkMessage message = Link.request(Link.RTM_NEWLINK, NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_EXCL, 0, 0, 0)
                .string(Link.IFLA_IFNAME, name).attr(Link.IFLA_ADDRESS, mac.toBytes());
        if (mtu != 0) {
            message.u32(Link.IFLA_MTU, mtu);
        }
        return message.nested(Link.IFLA_LINKINFO, info -> info.string(Link.IFLA_INFO_KIND, KIND).nested(Link.IFLA_INFO_DATA, this::write));
    }

    private static Optional<Ip> address(Attributes data, int v4, int v6) {
        Optional<byte[]> bytes = data.has(v4) ? Optional.of(data.bytes(v4)) : data.has(v6) ? Optional.of(data.bytes(v6)) : Optional.empty();
        return bytes.map(Ip::ofBytes).filter(ip -> ip.high() != 0 || ip.low() != 0);
    }
}
