package io.canal.agent;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Address;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Route;
import io.canal.kernel.netlink.Rtnl;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.network.Uplink;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Asks the kernel for what the choice of the uplink needs: with thousands of peers most routes are the tunnel's, and with many pods most
 * links are theirs, none of which can be it.
 */
final class UplinkSearch {

    /** Of a link's name; longer ones the kernel refuses to look up. */
    private static final int NAME_LENGTH = 15;

    private UplinkSearch() {}

    /** The choice that {@link UplinkChoice#choose} makes of whole tables. */
    static Decoded<Uplink> choose(Rtnl rtnl, String iface, Optional<Ip> publicIp) throws KernelException {
        Optional<Ip> wanted = iface.isEmpty() ? publicIp : Ip.parse(iface);
        Optional<Link> link = wanted.isPresent() ? owner(rtnl, wanted.get()) : named(rtnl, iface);
        if (link.isPresent()) {
            return UplinkChoice.choose(iface, publicIp, List.of(link.get()), rtnl.addresses(link.get().index()), List.of());
        }
        List<Link> links = rtnl.links();
        return UplinkChoice.choose(iface, publicIp, links, rtnl.addresses(0), iface.isEmpty() ? routes(rtnl, links) : List.of());
    }

    private static Optional<Link> owner(Rtnl rtnl, Ip address) throws KernelException {
        for (Address one : rtnl.addresses(address.family())) {
            if (one.address().address().equals(address)) {
                Optional<Link> link = rtnl.link(one.link()).filter(found -> !Uplink.isOwnDevice(found.name()));
                if (link.isPresent()) {
                    return link;
                }
            }
        }
        return Optional.empty();
    }

    /** The kernel finds links by their other names too, by which nobody means the uplink. */
    private static Optional<Link> named(Rtnl rtnl, String name) throws KernelException {
        return name.isEmpty() || name.length() > NAME_LENGTH ? Optional.empty()
                : rtnl.link(name).filter(found -> found.name().equals(name) && !Uplink.isOwnDevice(name));
    }

    private static List<Route> routes(Rtnl rtnl, List<Link> links) throws KernelException {
        List<Route> routes = new ArrayList<>();
        for (Link link : links) {
            if (!Uplink.isOwnDevice(link.name())) {
                routes.addAll(rtnl.routes(new Route.Filter(Route.TABLE_MAIN, 0, link.index())));
            }
        }
        return routes;
    }
}
