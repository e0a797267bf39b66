package io.canal.kernel.netlink;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import java.util.Optional;

/**
 * A route.
 *
 * <p>The kernel tells routes apart by table, destination and metric; a request to replace acts on the one that is equal in these.
 * What it reports in two ways is made one here: IPv6 routes have no scope, and one that drops packets has no link.
 *
 * @param metric lower is preferred; the kernel makes 1024 of 0 for IPv6
 * @param type one of the types below, or another number of the kernel's
 * @param protocol who made it: {@link #PROTO_KERNEL}, {@link #PROTO_BOOT}, {@link #PROTO_STATIC}, or a number of one's own
 * @param link the index of the link to send through; 0 where the type needs none, or where the gateway decides
 * @param onlink the gateway is taken to be on the link, whatever the addresses say
 * @param source the address that the node itself sends from
 * @param more whether it has properties that this record cannot express: several next hops, path metrics, an encapsulation
 */
public record Route(
        Cidr destination,
        int table,
        int metric,
        int type,
        int protocol,
        int scope,
        Optional<Ip> gateway,
        int link,
        boolean onlink,
        Optional<Ip> source,
        boolean more) {

    public static final int UNICAST = 1;
    public static final int LOCAL = 2;
    public static final int BLACKHOLE = 6;

    public static final int PROTO_KERNEL = 2;
    public static final int PROTO_BOOT = 3;
    public static final int PROTO_STATIC = 4;
    public static final int PROTO_RA = 9;

    public static final int SCOPE_GLOBAL = 0;
    public static final int SCOPE_LINK = 253;

    public static final int TABLE_MAIN = 254;
    public static final int TABLE_LOCAL = 255;

    static final int RTM_NEWROUTE = 24;
    static final int RTM_DELROUTE = 25;
    private static final int RTM_GETROUTE = 26;

    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RTA_GATEWAY = 5;
    private static final int RTA_PRIORITY = 6;
    private static final int RTA_PREFSRC = 7;
    private static final int RTA_METRICS = 8;
    private static final int RTA_MULTIPATH = 9;
    private static final int RTA_TABLE = 15;
    private static final int RTA_VIA = 18;
    private static final int RTA_ENCAP = 22;
    private static final int RTA_NH_ID = 30;
    private static final int RTNH_F_ONLINK = 4;
    private static final int RTM_F_CLONED = 0x200;
    private static final int V6_DEFAULT_METRIC = 1024;
    private static final int HEADER = 12;

    public Route {
        if (destination.family() == Family.V6) {
            scope = SCOPE_GLOBAL;
            metric = metric == 0 ? V6_DEFAULT_METRIC : metric;
        }
        link = type == BLACKHOLE ? 0 : link;
    }

    /** {@code ip route add DESTINATION via GATEWAY dev LINK onlink}. */
    public static Route onlink(Cidr destination, Ip gateway, int link, int protocol) {
        return new Route(destination, TABLE_MAIN, 0, UNICAST, protocol, SCOPE_GLOBAL, Optional.of(gateway), link, true, Optional.empty(), false);
    }

    /** {@code ip route add DESTINATION via GATEWAY dev LINK}. */
    public static Route via(Cidr destination, Ip gateway, int link, int protocol) {
        return new Route(destination, TABLE_MAIN, 0, UNICAST, protocol, SCOPE_GLOBAL, Optional.of(gateway), link, false, Optional.empty(), false);
    }

    /** {@code ip route add DESTINATION dev LINK scope link}. */
    public static Route onLink(Cidr destination, int link, int protocol) {
        return new Route(destination, TABLE_MAIN, 0, UNICAST, protocol, SCOPE_LINK, Optional.empty(), link, false, Optional.empty(), false);
    }

    /** {@code ip route add blackhole DESTINATION}. */
    public static Route blackhole(Cidr destination, int protocol) {
        return new Route(destination, TABLE_MAIN, 0, BLACKHOLE, protocol, SCOPE_GLOBAL, Optional.empty(), 0, false, Optional.empty(), false);
    }

    /** What a listing is narrowed to; 0 takes all. */
    public record Filter(int table, int protocol, int link) {}

    /** Empty for what is no entry of a table: an answer that was only cached. */
    static Optional<Route> parse(Received message) {
        int family = message.u8(0);
        int flags = message.u32(8);
        if (family != Rtnl.AF_INET && family != Rtnl.AF_INET6 || (flags & RTM_F_CLONED) != 0) {
            return Optional.empty();
        }
        Attributes attributes = message.attributes(HEADER);
        Ip base = attributes.has(RTA_DST) ? Ip.ofBytes(attributes.bytes(RTA_DST)) : Ip.ofBytes(new byte[family == Rtnl.AF_INET ? 4 : 16]);
        return Optional.of(new Route(
                Cidr.containing(base, message.u8(1)),
                attributes.u32(RTA_TABLE, message.u8(4)),
                attributes.u32(RTA_PRIORITY, 0),
                message.u8(7),
                message.u8(5),
                message.u8(6),
                address(attributes, RTA_GATEWAY),
                attributes.u32(RTA_OIF, 0),
                (flags & RTNH_F_ONLINK) != 0,
                address(attributes, RTA_PREFSRC),
                attributes.has(RTA_MULTIPATH) || attributes.has(RTA_METRICS) || attributes.has(RTA_VIA)
                        || attributes.has(RTA_ENCAP) || attributes.has(RTA_NH_ID)));
    }

    static NetlinkMessage dump(Family family, Filter filter) {
        NetlinkMessage message = header(RTM_GETROUTE, 0, family, 0, filter.table, filter.protocol, 0, 0, 0);
        if (filter.table != 0) {
            message.u32(RTA_TABLE, filter.table);
        }
        if (filter.link != 0) {
            message.u32(RTA_OIF, filter.link);
        }
        return message;
    }

    /** Where the kernel sends a packet: by a link, or to itself. */
    public record Hop(boolean local, int link) {}

    static NetlinkMessage get(Ip destination) {
        return header(RTM_GETROUTE, 0, destination.family(), destination.family().bits(), 0, 0, 0, 0, 0).attr(RTA_DST, destination.toBytes());
    }

    static Hop hop(Received answer) {
        return new Hop(answer.u8(7) == LOCAL, answer.attributes(HEADER).u32(RTA_OIF, 0));
    }

    boolean matches(Filter filter) {
        return (filter.table == 0 || filter.table == table)
                && (filter.protocol == 0 || filter.protocol == protocol)
                && (filter.link == 0 || filter.link == link);
    }

    /** A request that makes this the route to the destination with this metric, in one step where there is another. */
    public NetlinkMessage replace() {
        return write(header(RTM_NEWROUTE, NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_REPLACE, destination.family(),
                destination.length(), table, protocol, scope, type, onlink ? RTNH_F_ONLINK : 0));
    }

    /** A request that makes the route where there is none to the destination with this metric. */
    public NetlinkMessage create() {
        return write(header(RTM_NEWROUTE, NetlinkMessage.NLM_F_CREATE | NetlinkMessage.NLM_F_EXCL, destination.family(),
                destination.length(), table, protocol, scope, type, onlink ? RTNH_F_ONLINK : 0));
    }

    /** A request that removes this very route: one with another protocol, gateway or link stays. */
    public NetlinkMessage delete() {
        return write(header(RTM_DELROUTE, 0, destination.family(), destination.length(), table, protocol,
                destination.isV4() ? scope : 0, type, 0));
    }

    private NetlinkMessage write(NetlinkMessage message) {
        message.attr(RTA_DST, destination.base().toBytes()).u32(RTA_TABLE, table);
        if (metric != 0) {
            message.u32(RTA_PRIORITY, metric);
        }
        gateway.ifPresent(ip -> message.attr(RTA_GATEWAY, ip.toBytes()));
        if (link != 0) {
            message.u32(RTA_OIF, link);
        }
        source.ifPresent(ip -> message.attr(RTA_PREFSRC, ip.toBytes()));
        return message;
    }

    /** struct rtmsg. */
    private static NetlinkMessage header(
            int type, int flagBits, Family family, int length, int table, int protocol, int scope, int kind, int routeFlags) {
        return new NetlinkMessage(type, flagBits).u8(Rtnl.number(family)).u8(length).u8(0).u8(0)
                .u8(table < 256 ? table : 0).u8(protocol).u8(scope).u8(kind).u32(routeFlags);
    }

    private static Optional<Ip> address(Attributes attributes, int type) {
        return attributes.has(type) ? Optional.of(Ip.ofBytes(attributes.bytes(type))) : Optional.empty();
    }
}
