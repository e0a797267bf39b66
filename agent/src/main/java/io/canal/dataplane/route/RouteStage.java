package io.canal.dataplane.route;

import io.canal.dataplane.event.Hears;
import io.canal.dataplane.link.Tunnels;
import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Refusal;
import io.canal.kernel.netlink.Route;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netlink.RtnlBatch;
import io.canal.kernel.netlink.RtnlEvent;
import io.canal.model.Cidr;
import io.canal.model.Ip.Family;
import io.canal.network.Hop;
import io.canal.network.LocalNetwork;
import io.canal.network.Wanted;
import io.canal.reconcile.Delta;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Repair;
import io.canal.reconcile.StageFailed;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * Keeps the routes to peers and the blackhole of our own subnet.
 *
 * <p>Routes through a tunnel are made as flannel makes them (protocol boot), so that either finds the other's in place; the device
 * says that they are ours. The blackhole and routes to gateways have a protocol number of canal's own.
 */
public final class RouteStage implements Hears, Wanted<Cidr, Hop> {

    /** The protocol number of the routes that no device marks as canal's; unassigned in rtnetlink.h. */
    public static final int PROTOCOL = 202;

    /** Of all stages for routes. */
    static final Repair.Kind ROUTES = new Repair.Kind("route", "routes");

    private final Rtnl rtnl;
    private final Tunnels tunnels;
    private final Supplier<Optional<LocalNetwork>> local;
    /** Also read by the listener's thread. */
    private final Map<Cidr, Hop> hops = new ConcurrentHashMap<>();
    private Set<Cidr> changed = new HashSet<>();
    private final Delta<Key, Route> delta = new Delta<>();
    private boolean suspect = true;
    /** The uplink was down, or lost an address, and routes with it. */
    private boolean swept;
    private long incarnation = -1;
    private volatile int uplink;

    /** What the kernel tells routes of the main table apart by. */
    private record Key(Cidr destination, int metric) {

        static Key of(Route route) {
            return new Key(route.destination(), route.metric());
        }
    }

    public RouteStage(Rtnl rtnl, Tunnels tunnels, Supplier<Optional<LocalNetwork>> local) {
        this.rtnl = rtnl;
        this.tunnels = tunnels;
        this.local = local;
    }

    @Override
    public String name() {
        return "route";
    }

    @Override
    public void want(Cidr key, Hop value) {
        hops.put(key, value);
        changed.add(key);
    }

    @Override
    public void unwant(Cidr key) {
        hops.remove(key);
        changed.add(key);
    }

    @Override
    public void run(Pass pass) throws StageFailed {
        Optional<LocalNetwork> now = local.get();
        if (now.isEmpty()) {
            return;
        }
        boolean anew = suspect || incarnation != tunnels.incarnation() || uplink != now.get().uplink().link();
        uplink = now.get().uplink().link();
        if (anew) {
            changed.addAll(hops.keySet());
        }
        translate();
        try {
            if (anew) {
                observe();
            }
            if (!delta.settled()) {
                apply(pass.mayRemove());
            }
        } catch (KernelException failure) {
            throw new StageFailed(String.valueOf(failure.getMessage()), failure);
        }
    }

    @Override
    public void distrust() {
        suspect = true;
    }

    @Override
    public boolean concerns(RtnlEvent event) {
        return switch (event) {
            case RtnlEvent.RouteChanged changed -> changed.route().table() == Route.TABLE_MAIN
                    && (tunnels.family(changed.route().link()).isPresent() || changed.route().protocol() == PROTOCOL || hops.containsKey(changed.route().destination()));
            // The kernel drops the IPv4 routes of a link that goes down, or loses its last address, without a word about each.
            case RtnlEvent.LinkChanged changed -> changed.link().index() == uplink;
            case RtnlEvent.AddressChanged changed -> changed.gone()
                    && (changed.address().link() == uplink || tunnels.family(changed.address().link()).isPresent());
            case RtnlEvent.NeighbourChanged changed -> false;
            case RtnlEvent.FdbChanged changed -> false;
        };
    }

    @Override
    public void heard(RtnlEvent event) {
        switch (event) {
            case RtnlEvent.RouteChanged(Route route, boolean gone, int sender) -> {
                Route believed = delta.seen(Key.of(route));
                suspect |= gone || !isOurs(route) ? believed != null : !route.equals(believed);
            }
            case RtnlEvent.LinkChanged(Link link, boolean gone, int sender) -> {
                swept |= gone || !link.up();
                suspect |= gone || !link.up() || !delta.settled();
            }
            case RtnlEvent.AddressChanged lost -> {
                swept = true;
                suspect = true;
            }
            case RtnlEvent.NeighbourChanged other -> {}
            case RtnlEvent.FdbChanged other -> {}
        }
    }

    @Override
    public List<Repair> takeRepairs() {
        return delta.takeRepairs(ROUTES, key -> "route " + key.destination(), RouteStage::what);
    }

    @Override
    public void removeAll() throws StageFailed {
        List.copyOf(delta.allWanted().keySet()).forEach(delta::unwant);
        hops.clear();
        changed.clear();
        try {
            observe();
            apply(true);
        } catch (KernelException failure) {
            throw new StageFailed(String.valueOf(failure.getMessage()), failure);
        }
    }

    /** From what is wanted, in words of the network, to the kernel's. */
    private void translate() {
        for (Cidr subnet : changed) {
            Hop hop = hops.get(subnet);
            Optional<Route> route = hop == null ? Optional.empty() : route(subnet, hop);
            // All that we make have the metric that none is given; for IPv6 the kernel makes 1024 of it.
            Key key = Key.of(Route.blackhole(subnet, PROTOCOL));
            route.ifPresentOrElse(wanted -> delta.want(key, wanted), () -> delta.unwant(key));
        }
        changed = new HashSet<>();
    }

    /** Empty while there is no tunnel; the link stage says why. */
    private Optional<Route> route(Cidr subnet, Hop hop) {
        return switch (hop) {
            case Hop.Tunnelled tunnelled -> {
                int link = tunnels.index(subnet.family());
                yield link == 0 ? Optional.empty() : Optional.of(Route.onlink(subnet, tunnelled.gateway(), link, Route.PROTO_BOOT));
            }
            case Hop.Direct direct -> Optional.of(Route.via(subnet, direct.gateway(), uplink, PROTOCOL));
            case Hop.Blackhole blackhole -> Optional.of(Route.blackhole(subnet, PROTOCOL));
        };
    }

    private boolean isOurs(Route route) {
        if (route.protocol() == PROTOCOL) {
            return true;
        }
        return route.type() == Route.UNICAST && route.protocol() != Route.PROTO_KERNEL && route.protocol() != Route.PROTO_RA
                && tunnels.family(route.link()).isPresent();
    }

    private void observe() throws KernelException {
        long at = tunnels.incarnation();
        Map<Key, Route> seen = new HashMap<>();
        for (Family family : Family.values()) {
            int link = tunnels.index(family);
            if (link != 0) {
                // Also an IPv6 tunnel may have been given IPv4 routes, and the other way round.
                rtnl.routes(new Route.Filter(Route.TABLE_MAIN, 0, link)).stream().filter(this::isOurs).forEach(route -> seen.put(Key.of(route), route));
            }
        }
        rtnl.routes(new Route.Filter(Route.TABLE_MAIN, PROTOCOL, 0)).forEach(route -> seen.put(Key.of(route), route));
        delta.sawOnly(seen);
        if (swept || incarnation != at) {
            delta.excuse();
        }
        swept = false;
        suspect = false;
        incarnation = at;
    }

    private void apply(boolean mayRemove) throws KernelException, StageFailed {
        RtnlBatch batch = new RtnlBatch();
        Map<String, Route> made = new HashMap<>();
        delta.toSet().forEach((key, route) -> {
            // Only a route of ours is replaced; any other keeps its place.
            if (delta.seen(key) == null) {
                batch.set(route.create(), () -> {
                    made.put(what(route), route);
                    return what(route);
                }, () -> delta.saw(key, route));
            } else {
                batch.set(route.replace(), () -> what(route), () -> delta.saw(key, route));
            }
        });
        if (mayRemove) {
            for (Key key : delta.toRemove()) {
                Route stale = delta.seen(key);
                if (stale != null) {
                    batch.remove(stale.delete(), () -> "removal of " + what(stale), () -> delta.gone(key));
                }
            }
        }
        Map<String, Refusal> refused = overSteppingStones(batch.apply(rtnl));
        if (refused.values().stream().anyMatch(refusal -> refusal.errno() == Errno.EEXIST)) {
            throw new StageFailed(conflicts(refused, made));
        }
        if (!refused.isEmpty()) {
            throw new StageFailed(RtnlBatch.sentence(refused));
        }
    }

    /**
     * For IPv6 the kernel refuses a gateway on a link that it would reach over another one, even by the route that is to be replaced. A
     * route to the gateway alone, for the moment, shows it the link; so nothing is lost in between.
     *
     * @return what was refused nevertheless
     */
    private Map<String, Refusal> overSteppingStones(Map<String, Refusal> first) throws KernelException {
        if (first.isEmpty()) {
            return first;
        }
        Map<String, Refusal> refused = new HashMap<>(first);
        RtnlBatch batch = new RtnlBatch();
        delta.toSet().forEach((key, route) -> {
            Refusal refusal = refused.get(what(route));
            if (refusal != null && refusal.errno() == Errno.EINVAL && route.onlink() && route.destination().family() == Family.V6) {
                Route stone = Route.onLink(Cidr.containing(route.gateway().orElseThrow(), Family.V6.bits()), route.link(), Route.PROTO_BOOT);
                batch.set(stone.replace(), () -> what(stone), () -> {});
                batch.set(delta.seen(key) == null ? route.create() : route.replace(), () -> what(route), () -> delta.saw(key, route));
                batch.remove(stone.delete(), () -> "removal of " + what(stone), () -> {});
                refused.remove(what(route));
            }
        });
        refused.putAll(batch.apply(rtnl));
        return refused;
    }

    /** Names the routes of others that are in the way of ours. */
    private String conflicts(Map<String, Refusal> refused, Map<String, Route> made) throws KernelException {
        Map<Key, Route> present = new HashMap<>();
        rtnl.routes(new Route.Filter(Route.TABLE_MAIN, 0, 0)).forEach(route -> present.put(Key.of(route), route));
        Map<String, Refusal> explained = new HashMap<>();
        refused.forEach((what, refusal) -> {
            Route ours = made.get(what);
            Route theirs = ours == null ? null : present.get(Key.of(ours));
            explained.put(what, theirs == null || refusal.errno() != Errno.EEXIST
                    ? refusal
                    : new Refusal(refusal.index(), refusal.errno(), "another program's " + what(theirs) + " is in its place; remove that"));
        });
        return RtnlBatch.sentence(explained);
    }

    private static String what(Route route) {
        String target = route.type() == Route.BLACKHOLE ? "blackhole " + route.destination() : "route " + route.destination();
        return target + route.gateway().map(gateway -> " via " + gateway).orElse("") + (route.protocol() == Route.PROTO_BOOT ? "" : " proto " + route.protocol());
    }
}
