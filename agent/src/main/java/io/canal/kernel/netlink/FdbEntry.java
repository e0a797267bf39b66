package io.canal.kernel.netlink;

import io.canal.model.Ip;
import io.canal.model.Mac;
import java.util.Optional;

/**
 * An entry of a VXLAN link's own forwarding table: where frames for a MAC are sent.
 *
 * @param link the link's index
 * @param destination the underlay address; absent where the kernel did not say
 * @param state NUD_…: {@link Neighbour#PERMANENT}, or a state of an entry that the link learnt
 * @param more whether it sends with another port, identifier or link than its tunnel does
 */
public record FdbEntry(int link, Mac mac, Optional<Ip> destination, int state, boolean more) {

    private static final int NDA_PORT = 6;
    private static final int NDA_VNI = 7;
    private static final int NDA_IFINDEX = 8;
    private static final int NTF_SELF = 2;

    /** An entry that is set by hand: {@code bridge fdb replace MAC dev LINK dst DESTINATION self permanent}. */
    public static FdbEntry permanent(int link, Mac mac, Ip destination) {
        return new FdbEntry(link, mac, Optional.of(destination), Neighbour.PERMANENT, false);
    }

    /** Empty for what is no entry of a link's own table. */
    static Optional<FdbEntry> parse(Received message) {
        Attributes attributes = message.attributes(Neighbour.HEADER);
        if (message.u8(0) != Rtnl.AF_BRIDGE || (message.u8(10) & NTF_SELF) == 0 || !attributes.has(Neighbour.NDA_LLADDR)) {
            return Optional.empty();
        }
        Optional<Ip> destination = attributes.has(Neighbour.NDA_DST) ? Optional.of(Ip.ofBytes(attributes.bytes(Neighbour.NDA_DST))) : Optional.empty();
        boolean more = attributes.has(NDA_PORT) || attributes.has(NDA_VNI) || attributes.has(NDA_IFINDEX);
        return Link.mac(attributes.bytes(Neighbour.NDA_LLADDR))
                .map(mac -> new FdbEntry(message.u32(4), mac, destination, message.u16(8), more));
    }

    static NetlinkMessage dump(int link) {
        return Neighbour.header(Neighbour.RTM_GETNEIGH, 0, Rtnl.AF_BRIDGE, link, 0, 0);
    }

    /** A request that makes this the entry for the MAC, whatever there is. */
    public NetlinkMessage replace() {
        NetlinkMessage message = Neighbour.header(Neighbour.RTM_NEWNEIGH, NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_REPLACE,
                Rtnl.AF_BRIDGE, link, state, NTF_SELF).attr(Neighbour.NDA_LLADDR, mac.toBytes());
        destination.ifPresent(ip -> message.attr(Neighbour.NDA_DST, ip.toBytes()));
        return message;
    }

    /** A request that removes the entry for the MAC, with all its destinations. */
    public NetlinkMessage delete() {
        return Neighbour.header(Neighbour.RTM_DELNEIGH, 0, Rtnl.AF_BRIDGE, link, Neighbour.PERMANENT, NTF_SELF)
                .attr(Neighbour.NDA_LLADDR, mac.toBytes());
    }
}
