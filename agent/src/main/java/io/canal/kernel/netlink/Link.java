package io.canal.kernel.netlink;

import io.canal.kernel.libc.Fd;
import io.canal.model.Mac;
import java.util.Optional;

/**
 * A network interface.
 *
 * @param index the kernel's number for it; a link that is made again gets another
 * @param up whether it is set up; whether it has a carrier is another matter
 * @param mac absent where the link has none, or one of another length
 * @param kind such as {@code vxlan}, {@code veth}; empty for hardware
 * @param parent the index of the link below it, or of a veth's other end; 0 where there is none
 * @param vxlan present where {@code kind} is vxlan
 */
public record Link(int index, String name, boolean up, int mtu, Optional<Mac> mac, String kind, int parent, Optional<Vxlan> vxlan) {

    static final int RTM_NEWLINK = 16;
    static final int RTM_DELLINK = 17;
    static final int RTM_GETLINK = 18;

    static final int IFLA_ADDRESS = 1;
    static final int IFLA_IFNAME = 3;
    static final int IFLA_MTU = 4;
    static final int IFLA_LINKINFO = 18;
    static final int IFLA_INFO_KIND = 1;
    static final int IFLA_INFO_DATA = 2;
    private static final int IFLA_LINK = 5;
    private static final int IFLA_NET_NS_FD = 28;
    private static final int IFLA_EXT_MASK = 29;
    private static final int IFLA_NUM_TX_QUEUES = 31;
    private static final int IFLA_NUM_RX_QUEUES = 32;
    private static final int IFLA_AF_SPEC = 26;
    private static final int IFLA_INET_CONF = 1;
    private static final int VETH_INFO_PEER = 1;
    private static final int RTEXT_FILTER_SKIP_STATS = 8;
    private static final int IFF_UP = 1;
    private static final int HEADER = 16;

    static Link parse(Received message) {
        Attributes attributes = message.attributes(HEADER);
        Attributes info = attributes.nested(IFLA_LINKINFO);
        String kind = info.string(IFLA_INFO_KIND, "");
        Optional<Mac> mac = attributes.has(IFLA_ADDRESS) ? mac(attributes.bytes(IFLA_ADDRESS)) : Optional.empty();
        return new Link(
                message.u32(4),
                attributes.string(IFLA_IFNAME, ""),
                (message.u32(8) & IFF_UP) != 0,
                attributes.u32(IFLA_MTU, 0),
                mac,
                kind,
                attributes.u32(IFLA_LINK, 0),
                kind.equals(Vxlan.KIND) ? Optional.of(Vxlan.parse(info.nested(IFLA_INFO_DATA))) : Optional.empty());
    }

    /** A request with the family's header: struct ifinfomsg. */
    static NetlinkMessage request(int type, int flags, int index, int set, int change) {
        return new NetlinkMessage(type, flags).u8(0).u8(0).u16(0).u32(index).u32(set).u32(change);
    }

    static NetlinkMessage dump() {
        return request(RTM_GETLINK, 0, 0, 0, 0).u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    }

    static NetlinkMessage get(int index) {
        return request(RTM_GETLINK, 0, index, 0, 0).u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    }

    static NetlinkMessage get(String name) {
        return get(0).string(IFLA_IFNAME, name);
    }

    /**
     * A request that makes a veth pair with the far end in another namespace; both ends are down, and have one queue each way. Where
     * none are asked for the kernel makes one for each processor, and takes all but one away again, for which it waits until no
     * processor can use them any more (veth_init_queues, synchronize_net).
     *
     * @param mtu of both ends
     * @param namespace of the far end; it must stay open until the request was sent
     */
    public static NetlinkMessage createVeth(String name, Mac mac, int mtu, String farName, Mac farMac, Fd namespace) {
        return request(RTM_NEWLINK, NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_EXCL, 0, 0, 0)
                .string(IFLA_IFNAME, name).attr(IFLA_ADDRESS, mac.toBytes()).u32(IFLA_MTU, mtu).u32(IFLA_NUM_TX_QUEUES, 1).u32(IFLA_NUM_RX_QUEUES, 1)
                .nested(IFLA_LINKINFO, info -> info.string(IFLA_INFO_KIND, "veth").nested(IFLA_INFO_DATA, data ->
                        data.within(VETH_INFO_PEER, peer -> peer.u8(0).u8(0).u16(0).u32(0).u32(0).u32(0)
                                .string(IFLA_IFNAME, farName).attr(IFLA_ADDRESS, farMac.toBytes()).u32(IFLA_MTU, mtu)
                                .u32(IFLA_NUM_TX_QUEUES, 1).u32(IFLA_NUM_RX_QUEUES, 1)
                                .u32(IFLA_NET_NS_FD, namespace.number()))));
    }

    /** Controls below {@code net/ipv4/conf/NAME/}, by the kernel's numbers for them. */
    public enum InetControl {
        FORWARDING(1),
        PROXY_ARP(3),
        ROUTE_LOCALNET(26);

        private final int number;

        InetControl(int number) {
            this.number = number;
        }
    }

    /** A request that sets controls of the link to 1, as writing to {@code net/ipv4/conf/NAME/} does. */
    public static NetlinkMessage enable(int index, InetControl... controls) {
        return request(RTM_NEWLINK, 0, index, 0, 0)
                .nested(IFLA_AF_SPEC, spec -> spec.nested(Rtnl.AF_INET, inet -> inet.nested(IFLA_INET_CONF, values -> {
                    for (InetControl control : controls) {
                        values.u32(control.number, 1);
                    }
                })));
    }

    public static NetlinkMessage setUp(int index) {
        return request(RTM_NEWLINK, 0, index, IFF_UP, IFF_UP);
    }

    public static NetlinkMessage setDown(int index) {
        return request(RTM_NEWLINK, 0, index, 0, IFF_UP);
    }

    public static NetlinkMessage setMtu(int index, int mtu) {
        return request(RTM_NEWLINK, 0, index, 0, 0).u32(IFLA_MTU, mtu);
    }

    public static NetlinkMessage setMac(int index, Mac mac) {
        return request(RTM_NEWLINK, 0, index, 0, 0).attr(IFLA_ADDRESS, mac.toBytes());
    }

    public static NetlinkMessage delete(int index) {
        return request(RTM_DELLINK, 0, index, 0, 0);
    }

    public static NetlinkMessage delete(String name) {
        return request(RTM_DELLINK, 0, 0, 0, 0).string(IFLA_IFNAME, name);
    }

    static Optional<Mac> mac(byte[] bytes) {
        return bytes.length == 6 ? Optional.of(Mac.ofBytes(bytes)) : Optional.empty();
    }
}
