package io.canal.kernel.netlink;

import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.Mac;
import java.util.Optional;

/**
 * An entry of the neighbour table: the MAC behind an address on a link.
 *
 * @param link the link's index
 * @param mac absent while the kernel looks for it
 * @param state NUD_…: {@link #PERMANENT}, or a state of an entry that the kernel learnt
 */
public record Neighbour(int link, Ip address, Optional<Mac> mac, int state) {

    /** Set by hand, never aged. */
    public static final int PERMANENT = 0x80;
    /** Made by the kernel for addresses that need no resolution, such as multicast. */
    public static final int NO_ARP = 0x40;

    static final int RTM_NEWNEIGH = 28;
    static final int RTM_DELNEIGH = 29;
    static final int RTM_GETNEIGH = 30;
    private static final int RTM_SETNEIGHTBL = 67;
    private static final int NDTA_NAME = 1;
    private static final int NDTA_PARMS = 6;
    private static final int NDTPA_IFINDEX = 1;
    private static final int NDTPA_PROXY_DELAY = 13;
    static final int NDA_DST = 1;
    static final int NDA_LLADDR = 2;
    private static final int NDA_IFINDEX = 8;
    private static final int NTF_PROXY = 8;
    static final int HEADER = 12;

    /** An entry that is set by hand. */
    public static Neighbour permanent(int link, Ip address, Mac mac) {
        return new Neighbour(link, address, Optional.of(mac), PERMANENT);
    }

    /** Empty for entries of another family, and for those that answer for others (proxy). */
    static Optional<Neighbour> parse(Received message) {
        int family = message.u8(0);
        Attributes attributes = message.attributes(HEADER);
        if (family != Rtnl.AF_INET && family != Rtnl.AF_INET6 || (message.u8(10) & NTF_PROXY) != 0 || !attributes.has(NDA_DST)) {
            return Optional.empty();
        }
        Optional<Mac> mac = attributes.has(NDA_LLADDR) ? Link.mac(attributes.bytes(NDA_LLADDR)) : Optional.empty();
        return Optional.of(new Neighbour(message.u32(4), Ip.ofBytes(attributes.bytes(NDA_DST)), mac, message.u16(8)));
    }

    static NetlinkMessage dump(Family family, int link) {
        return header(RTM_GETNEIGH, 0, Rtnl.number(family), 0, 0, 0).u32(NDA_IFINDEX, link);
    }

    /** A request that makes this the entry for the address, whatever there is. */
    public NetlinkMessage replace() {
        NetlinkMessage message = header(RTM_NEWNEIGH, NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_REPLACE,
                Rtnl.number(address.family()), link, state, 0).attr(NDA_DST, address.toBytes());
        mac.ifPresent(bytes -> message.attr(NDA_LLADDR, bytes.toBytes()));
        return message;
    }

    public NetlinkMessage delete() {
        return header(RTM_DELNEIGH, 0, Rtnl.number(address.family()), link, 0, 0).attr(NDA_DST, address.toBytes());
    }

    /** A request that sets {@code net/ipv4/neigh/NAME/proxy_delay} of the link, in milliseconds. */
    public static NetlinkMessage proxyDelay(int link, long millis) {
        // struct ndtmsg
        return new NetlinkMessage(RTM_SETNEIGHTBL, 0).u8(Rtnl.AF_INET).u8(0).u16(0).string(NDTA_NAME, "arp_cache")
                .nested(NDTA_PARMS, values -> values.u32(NDTPA_IFINDEX, link).u64(NDTPA_PROXY_DELAY, millis));
    }

    /** struct ndmsg. */
    static NetlinkMessage header(int type, int flagBits, int family, int link, int state, int entryFlags) {
        return new NetlinkMessage(type, flagBits).u8(family).u8(0).u16(0).u32(link).u16(state).u8(entryFlags).u8(0);
    }
}
