package io.canal.kernel.netlink;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.KernelException;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * The route family of one network namespace: listings, and requests in batches.
 *
 * <p>Requests are made by the records ({@link Route#replace}, {@link Link#setUp}, …). Used by one thread at a time.
 */
public final class Rtnl implements AutoCloseable {

    static final int AF_INET = 2;
    static final int AF_BRIDGE = 7;
    static final int AF_INET6 = 10;

    private static final int RTM_NEWNETCONF = 80;
    private static final int RTM_GETNETCONF = 82;
    private static final int NETCONFA_IFINDEX = 1;
    private static final int NETCONFA_FORWARDING = 2;
    private static final int NETCONFA_IFINDEX_ALL = -1;

    /** So many requests go into one datagram; their acknowledgements fit well into the receive buffer. */
    private static final int BATCH = 500;

    /** Of no route, and of routes that are unreachable, prohibit or blackhole. */
    private static final Set<Integer> NO_WAY = Set.of(Errno.ENETUNREACH, Errno.EHOSTUNREACH, Errno.EACCES, Errno.EINVAL);

    private final NetlinkSocket socket;

    private Rtnl(NetlinkSocket socket) {
        this.socket = socket;
    }

    /** Opens a socket in the calling thread's network namespace; it stays in it, wherever it is used. */
    public static Rtnl open() throws KernelException {
        NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE);
        // Listings are then narrowed by the kernel; without it (before 4.20) we narrow them.
        socket.option(NetlinkSocket.NETLINK_GET_STRICT_CHK, 1);
        return new Rtnl(socket);
    }

    /** As {@link #open}, for a few requests: listings and large batches need more room than it has. */
    public static Rtnl openBriefly() throws KernelException {
        return new Rtnl(NetlinkSocket.openBriefly(NetlinkSocket.NETLINK_ROUTE));
    }

    /** The number that notifications of changes made here carry as their sender. */
    public int portId() {
        return socket.portId();
    }

    /**
     * Performs the requests in order, all of them, whatever becomes of each.
     *
     * @return the refusals by place in the list; empty where all was done
     * @throws KernelException if the outcome is unknown
     */
    public List<Refusal> apply(List<NetlinkMessage> requests) throws KernelException {
        List<Refusal> refusals = new ArrayList<>();
        for (int from = 0; from < requests.size(); from += BATCH) {
            List<NetlinkMessage> batch = requests.subList(from, Math.min(from + BATCH, requests.size()));
            // They are performed in order, and a refusal is told anyhow: the last one's word ends them all.
            batch.getLast().addFlags(NetlinkMessage.NLM_F_ACK);
            for (Refusal refusal : socket.exchange(batch)) {
                refusals.add(new Refusal(from + refusal.index(), refusal.errno(), refusal.detail()));
            }
        }
        return refusals;
    }

    /** Performs one request; {@code what} names it in the exception. */
    public void execute(String what, NetlinkMessage request) throws KernelException {
        socket.execute(what, request);
    }

    /** Makes a link of this name by the request; {@code what} names it in the exception. */
    public Link make(String what, NetlinkMessage request, String name) throws KernelException {
        List<NetlinkMessage> both = List.of(request, Link.get(name));
        both.getLast().addFlags(NetlinkMessage.NLM_F_ACK);
        List<Received> answers = new ArrayList<>();
        List<Refusal> refusals = socket.exchange(both, answers);
        if (!refusals.isEmpty()) {
            throw refusals.getFirst().exception(what);
        }
        return answers.stream().filter(message -> message.type() == Link.RTM_NEWLINK).findFirst().map(Link::parse)
                .orElseThrow(() -> new KernelException(what, Errno.ENODEV));
    }

    /** All links. */
    public List<Link> links() throws KernelException {
        return socket.dump("list links", Link.dump()).stream().filter(message -> message.type() == Link.RTM_NEWLINK).map(Link::parse).toList();
    }

    /** The link with this name. */
    public Optional<Link> link(String name) throws KernelException {
        return link("look up link " + name, Link.get(name));
    }

    /** The link with this index. */
    public Optional<Link> link(int index) throws KernelException {
        return link("look up link " + index, Link.get(index));
    }

    private Optional<Link> link(String what, NetlinkMessage request) throws KernelException {
        try {
            return socket.query(what, request).stream().filter(message -> message.type() == Link.RTM_NEWLINK).findFirst().map(Link::parse);
        } catch (KernelException failure) {
            if (failure.errno() == Errno.ENODEV) {
                return Optional.empty();
            }
            throw failure;
        }
    }

    /** Whether packets of the family are forwarded, as {@code net/ipv4/ip_forward} says. */
    public boolean forwards(Family family) throws KernelException {
        // struct netconfmsg
        NetlinkMessage request = new NetlinkMessage(RTM_GETNETCONF, 0).u8(number(family)).u32(NETCONFA_IFINDEX, NETCONFA_IFINDEX_ALL);
        return socket.query("look up forwarding", request).stream().filter(message -> message.type() == RTM_NEWNETCONF).findFirst()
                .map(message -> message.attributes(1).u32(NETCONFA_FORWARDING, 0) != 0)
                .orElseThrow(() -> new KernelException("look up forwarding", Errno.ENOENT));
    }

    /** The addresses of a link; of all links where {@code link} is 0. */
    public List<Address> addresses(int link) throws KernelException {
        List<Address> all = new ArrayList<>();
        for (Family family : Family.values()) {
            all.addAll(addresses(family, link));
        }
        return all;
    }

    /** The addresses of one family, of all links. */
    public List<Address> addresses(Family family) throws KernelException {
        return addresses(family, 0);
    }

    private List<Address> addresses(Family family, int link) throws KernelException {
        return listing("list addresses", Address.dump(family, link)).stream()
                .filter(message -> message.type() == Address.RTM_NEWADDR)
                .map(Address::parse)
                .filter(address -> link == 0 || address.link() == link)
                .toList();
    }

    /** The routes of both families that the filter leaves. */
    public List<Route> routes(Route.Filter filter) throws KernelException {
        List<Route> all = new ArrayList<>();
        for (Family family : Family.values()) {
            all.addAll(routes(family, filter));
        }
        return all;
    }

    /** The routes of one family that the filter leaves. */
    public List<Route> routes(Family family, Route.Filter filter) throws KernelException {
        return entries(listing("list routes", Route.dump(family, filter)), Route.RTM_NEWROUTE, Route::parse).stream()
                .filter(route -> route.matches(filter)).toList();
    }

    /** Where a packet of this host to the address goes now; empty where there is no way, or one that drops it. */
    public Optional<Route.Hop> hop(Ip destination) throws KernelException {
        try {
            return socket.query("look up the route to " + destination, Route.get(destination)).stream()
                    .filter(message -> message.type() == Route.RTM_NEWROUTE).findFirst().map(Route::hop);
        } catch (KernelException failure) {
            if (NO_WAY.contains(failure.errno())) {
                return Optional.empty();
            }
            throw failure;
        }
    }

    /** The neighbours of one family on a link, those that the kernel learnt included. */
    public List<Neighbour> neighbours(Family family, int link) throws KernelException {
        return entries(listing("list neighbours", Neighbour.dump(family, link)), Neighbour.RTM_NEWNEIGH, Neighbour::parse).stream()
                .filter(neighbour -> neighbour.link() == link).toList();
    }

    /** A VXLAN link's own forwarding table. */
    public List<FdbEntry> forwarding(int link) throws KernelException {
        return entries(listing("list forwarding entries", FdbEntry.dump(link)), Neighbour.RTM_NEWNEIGH, FdbEntry::parse).stream()
                .filter(entry -> entry.link() == link).toList();
    }

    /** A table or link that is not there has no entries. */
    private List<Received> listing(String what, NetlinkMessage request) throws KernelException {
        try {
            return socket.dump(what, request);
        } catch (KernelException failure) {
            if (failure.errno() == Errno.ENOENT || failure.errno() == Errno.ENODEV) {
                return List.of();
            }
            throw failure;
        }
    }

    private static <T> List<T> entries(List<Received> messages, int type, Function<Received, Optional<T>> parse) {
        List<T> all = new ArrayList<>(messages.size());
        for (Received message : messages) {
            if (message.type() == type) {
                parse.apply(message).ifPresent(all::add);
            }
        }
        return all;
    }

    static int number(Family family) {
        return family == Family.V4 ? AF_INET : AF_INET6;
    }

    @Override
    public void close() {
        socket.close();
    }
}
