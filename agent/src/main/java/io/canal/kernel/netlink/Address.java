package io.canal.kernel.netlink;

import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;

/**
 * An address of a link.
 *
 * @param link the link's index
 * @param scope one of {@link Route}'s scopes
 * @param flags IFA_F_…: {@link #PERMANENT}, {@link #DEPRECATED}, …
 */
public record Address(int link, IpPrefix address, int scope, int flags) {

    public static final int TEMPORARY = 0x01;
    public static final int NO_DAD = 0x02;
    public static final int DEPRECATED = 0x20;
    public static final int TENTATIVE = 0x40;
    public static final int PERMANENT = 0x80;

    static final int RTM_NEWADDR = 20;
    static final int RTM_DELADDR = 21;
    private static final int RTM_GETADDR = 22;
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;
    private static final int IFA_FLAGS = 8;
    private static final int HEADER = 8;

    /** An address as an administrator adds it; IPv6 is usable at once, without a search for duplicates. */
    public static Address of(int link, IpPrefix address) {
        return of(link, address, Route.SCOPE_GLOBAL);
    }

    public static Address of(int link, IpPrefix address, int scope) {
        return new Address(link, address, scope, address.address().isV6() ? PERMANENT | NO_DAD : PERMANENT);
    }

    static Address parse(Received message) {
        Attributes attributes = message.attributes(HEADER);
        Ip ip = Ip.ofBytes(attributes.bytes(attributes.has(IFA_LOCAL) ? IFA_LOCAL : IFA_ADDRESS));
        return new Address(message.u32(4), new IpPrefix(ip, message.u8(1)), message.u8(3), attributes.u32(IFA_FLAGS, message.u8(2)));
    }

    /** @param link 0 for all links */
    static NetlinkMessage dump(Family family, int link) {
        return new NetlinkMessage(RTM_GETADDR, 0).u8(Rtnl.number(family)).u8(0).u8(0).u8(0).u32(link);
    }

    /** A request that adds the address; one that is there already is no error. */
    public NetlinkMessage replace() {
        NetlinkMessage message = request(RTM_NEWADDR, NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_REPLACE);
        int settable = flags & NO_DAD;
        return settable == 0 ? message : message.u32(IFA_FLAGS, settable);
    }

    public NetlinkMessage delete() {
        return request(RTM_DELADDR, 0);
    }

    private NetlinkMessage request(int type, int flagBits) {
        byte[] bytes = address.address().toBytes();
        return new NetlinkMessage(type, flagBits).u8(Rtnl.number(address.address().family())).u8(address.length()).u8(0).u8(scope).u32(link)
                .attr(IFA_LOCAL, bytes).attr(IFA_ADDRESS, bytes);
    }
}
