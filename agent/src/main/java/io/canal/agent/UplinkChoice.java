package io.canal.agent;

import io.canal.kernel.netlink.Address;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Route;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;
import io.canal.network.Uplink;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Chooses the interface that carries the traffic between nodes, and our addresses on it. */
final class UplinkChoice {

    private static final String OPTION = "option iface";

    private UplinkChoice() {}

    /**
     * The interface with the name or the address that the operator gave; else the one that has his public address; else
     * that of the default route with the lowest metric. Where the interface has the public address, that is what we send from:
     * peers take packets from no other.
     *
     * @param iface the option: a name, an address, or empty
     * @param publicIp the option, if given
     */
    static Decoded<Uplink> choose(String iface, Optional<Ip> publicIp, List<Link> links, List<Address> addresses, List<Route> routes) {
        if (!iface.isEmpty()) {
            Optional<Ip> wanted = Ip.parse(iface);
            return wanted.isPresent() ? byAddress(wanted.get(), links, addresses) : byName(iface, publicIp, links, addresses);
        }
        Optional<Decoded<Uplink>> owner = publicIp.filter(ip -> addresses.stream().anyMatch(address -> address.address().address().equals(ip)))
                .map(ip -> byAddress(ip, links, addresses));
        return owner.orElseGet(() -> byDefaultRoute(links, addresses, routes));
    }

    private static Decoded<Uplink> byAddress(Ip wanted, List<Link> links, List<Address> addresses) {
        if (!wanted.isOfHost()) {
            return Decoded.bad(OPTION, "", wanted.toString(), "an address that other nodes can send to");
        }
        return addresses.stream()
                .filter(address -> address.address().address().equals(wanted))
                .flatMap(address -> links.stream().filter(link -> link.index() == address.link() && !Uplink.isOwnDevice(link.name())))
                .findFirst()
                .map(link -> of(link, Optional.of(wanted), addresses))
                .orElseGet(() -> Decoded.bad(OPTION, "", wanted.toString(), "an address that this node has; it has " + all(links, addresses)));
    }

    private static Decoded<Uplink> byName(String name, Optional<Ip> publicIp, List<Link> links, List<Address> addresses) {
        return links.stream().filter(link -> link.name().equals(name) && !Uplink.isOwnDevice(name)).findFirst()
                .map(link -> of(link, publicIp.filter(ip -> addresses.stream().anyMatch(address ->
                        address.link() == link.index() && address.address().address().equals(ip))), addresses))
                .orElseGet(() -> Decoded.bad(OPTION, "", name, "an interface of this node; it has "
                        + String.join(", ", links.stream().map(Link::name).filter(other -> !Uplink.isOwnDevice(other)).toList())));
    }

    private static Decoded<Uplink> byDefaultRoute(List<Link> links, List<Address> addresses, List<Route> routes) {
        return routes.stream()
                .filter(route -> route.destination().length() == 0 && route.table() == Route.TABLE_MAIN && route.type() == Route.UNICAST)
                .sorted(Comparator.comparing((Route route) -> route.destination().family()).thenComparing(Route::metric))
                .flatMap(route -> links.stream().filter(link -> link.index() == route.link() && !Uplink.isOwnDevice(link.name()))
                        .map(link -> of(link, route.source(), addresses)))
                .findFirst()
                .orElseGet(() -> Decoded.bad(OPTION, "", "", "a default route, or the name or an address of the interface that leads to the other nodes"));
    }

    private static Decoded<Uplink> of(Link link, Optional<Ip> fixed, List<Address> addresses) {
        Optional<Ip> v4 = fixed.filter(Ip::isV4).or(() -> best(link, Family.V4, addresses));
        Optional<Ip> v6 = fixed.filter(Ip::isV6).or(() -> best(link, Family.V6, addresses));
        List<IpPrefix> all = addresses.stream().filter(address -> address.link() == link.index()).map(Address::address).sorted().toList();
        if (v4.isEmpty() && v6.isEmpty()) {
            return Decoded.bad("interface " + link.name(), "address", String.join(", ", all.stream().map(prefix -> prefix.address().toString()).toList()),
                    "one that other nodes can send to");
        }
        return Decoded.good(new Uplink(link.index(), link.name(), link.mtu(), all, v4, v6));
    }

    /** In flannel's order: global before link-local, permanent before those that a server gave, lasting before temporary ones. */
    private static Optional<Ip> best(Link link, Family family, List<Address> addresses) {
        return addresses.stream()
                .filter(address -> address.link() == link.index() && address.address().address().family() == family && address.address().address().isOfHost())
                .filter(address -> (address.flags() & (Address.DEPRECATED | Address.TENTATIVE)) == 0)
                .filter(address -> address.scope() == Route.SCOPE_GLOBAL || address.scope() == Route.SCOPE_LINK)
                .min(UplinkChoice::order)
                .map(address -> address.address().address());
    }

    // Not Comparator.comparing, whose lambda can be serialized: the JVM makes such ones at each start.
    private static int order(Address a, Address b) {
        int byScope = Integer.compare(a.scope(), b.scope());
        return byScope != 0 ? byScope : Integer.compare(brevity(a), brevity(b));
    }

    /** The greater, the sooner it may be gone. */
    private static int brevity(Address address) {
        return ((address.flags() & Address.PERMANENT) == 0 ? 2 : 0) + ((address.flags() & Address.TEMPORARY) != 0 ? 1 : 0);
    }

    private static String all(List<Link> links, List<Address> addresses) {
        return String.join(", ", addresses.stream().filter(address -> address.scope() == Route.SCOPE_GLOBAL)
                .filter(address -> links.stream().noneMatch(link -> link.index() == address.link() && Uplink.isOwnDevice(link.name())))
                .map(address -> address.address().address().toString()).sorted().toList());
    }
}
