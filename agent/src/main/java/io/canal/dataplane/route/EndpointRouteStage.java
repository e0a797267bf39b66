package io.canal.dataplane.route;

import io.canal.dataplane.event.Hears;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Refusal;
import io.canal.kernel.netlink.Route;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netlink.RtnlBatch;
import io.canal.kernel.netlink.RtnlEvent;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.LocalEndpoint;
import io.canal.reconcile.Delta;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Repair;
import io.canal.reconcile.StageFailed;
import io.canal.reconcile.Table;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps the host route to each local pod: made with the pod's interface by the CNI plugin, and restored here when somebody
 * removes it or the interface was down. Interfaces that the table does not name are left alone.
 */
public final class EndpointRouteStage implements Hears {

    /** In place of an index: the interface is being looked at. */
    private static final int LOOKING = -1;

    private final Rtnl rtnl;
    private final Table<String, LocalEndpoint> endpoints;
    private final Delta<Cidr, Route> delta = new Delta<>();
    /** The interfaces that the table names and that are up, by name; also read by the listener's thread. */
    private final Map<String, Integer> links = new ConcurrentHashMap<>();
    /** By interface, the destinations asked for because of it. */
    private final Map<String, Set<Cidr>> destinations = new ConcurrentHashMap<>();
    private final Set<String> dirty = new HashSet<>();
    private boolean suspect = true;

    /** @param endpoints by interface name; this stage takes the table's changes */
    public EndpointRouteStage(Rtnl rtnl, Table<String, LocalEndpoint> endpoints) {
        this.rtnl = rtnl;
        this.endpoints = endpoints;
    }

    @Override
    public String name() {
        return "endpoint-route";
    }

    @Override
    public void run(Pass pass) throws StageFailed {
        dirty.addAll(endpoints.takeChanged());
        try {
            if (suspect) {
                dirty.addAll(endpoints.rows().keySet());
                dirty.addAll(destinations.keySet());
            }
            for (String name : Set.copyOf(dirty)) {
                translate(name);
                dirty.remove(name);
            }
            if (suspect) {
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
    public List<Repair> takeRepairs() {
        return delta.takeRepairs(RouteStage.ROUTES, destination -> "route to pod " + destination.base(),
                route -> "one by interface " + route.link() + ", protocol " + route.protocol());
    }

    @Override
    public boolean concerns(RtnlEvent event) {
        return switch (event) {
            case RtnlEvent.LinkChanged changed -> isNews(changed.link(), changed.gone());
            case RtnlEvent.RouteChanged changed -> changed.route().table() == Route.TABLE_MAIN
                    && (links.containsValue(changed.route().link()) || links.containsValue(LOOKING));
            case RtnlEvent.AddressChanged changed -> false;
            case RtnlEvent.NeighbourChanged changed -> false;
            case RtnlEvent.FdbChanged changed -> false;
        };
    }

    /**
     * Whether it says something else than what is believed: the kernel tells of a new pod's interface four or five times. What it tells
     * while the interface is being looked at may be older than the look, or younger.
     */
    private boolean isNews(Link link, boolean gone) {
        Integer believed = links.get(link.name());
        if (believed == null) {
            return link.up() && !gone && destinations.containsKey(link.name());
        }
        return gone || !link.up() || link.index() != believed;
    }

    @Override
    public void heard(RtnlEvent event) {
        switch (event) {
            case RtnlEvent.LinkChanged(Link link, boolean gone, int sender) -> {
                int believed = links.getOrDefault(link.name(), 0);
                if (gone || !link.up() || link.index() != believed) {
                    // The kernel dropped its IPv4 routes without a word.
                    destinations.getOrDefault(link.name(), Set.of()).forEach(delta::lost);
                    dirty.add(link.name());
                }
            }
            case RtnlEvent.RouteChanged(Route route, boolean gone, int sender) -> {
                Route believed = delta.seen(route.destination());
                if (gone) {
                    suspect |= route.equals(believed);
                } else if (route.equals(delta.wanted(route.destination()))) {
                    delta.saw(route.destination(), route);
                } else {
                    suspect |= isHostRoute(route) && !route.equals(believed);
                }
            }
            case RtnlEvent.AddressChanged changed -> {}
            case RtnlEvent.NeighbourChanged changed -> {}
            case RtnlEvent.FdbChanged changed -> {}
        }
    }

    private void translate(String name) throws KernelException {
        LocalEndpoint endpoint = endpoints.get(name);
        // Before the look: what changes from now on is heard.
        links.put(name, LOOKING);
        Optional<Link> link = endpoint == null ? Optional.empty() : rtnl.link(name).filter(Link::up);
        Set<Cidr> now = new HashSet<>();
        if (endpoint != null) {
            for (Ip address : endpoint.addresses()) {
                Cidr destination = new Cidr(address, address.family().bits());
                now.add(destination);
                link.ifPresent(present -> delta.want(destination, Route.onLink(destination, present.index(), Route.PROTO_BOOT)));
            }
        }
        Set<Cidr> before = destinations.getOrDefault(name, Set.of());
        for (Cidr destination : before) {
            if ((!now.contains(destination) || link.isEmpty()) && !isAskedForElsewhere(name, destination)) {
                delta.unwant(destination);
            }
        }
        if (endpoint == null) {
            destinations.remove(name);
        } else {
            destinations.put(name, Set.copyOf(now));
        }
        link.ifPresentOrElse(present -> links.put(name, present.index()), () -> links.remove(name));
    }

    /** The address may have passed to another interface before this one was looked at. */
    private boolean isAskedForElsewhere(String name, Cidr destination) {
        return destinations.entrySet().stream().anyMatch(entry -> !entry.getKey().equals(name) && entry.getValue().contains(destination)
                && links.containsKey(entry.getKey()));
    }

    private void observe() throws KernelException {
        Map<Cidr, Route> seen = new HashMap<>();
        Set<Integer> ours = Set.copyOf(links.values());
        for (Route route : rtnl.routes(new Route.Filter(Route.TABLE_MAIN, 0, 0))) {
            if (isHostRoute(route) && ours.contains(route.link())) {
                seen.put(route.destination(), route);
            }
        }
        delta.sawOnly(seen);
        suspect = false;
    }

    /** Of an interface's routes the kernel's own stay. */
    private static boolean isHostRoute(Route route) {
        return route.type() == Route.UNICAST && route.protocol() != Route.PROTO_KERNEL && route.destination().length() == route.destination().family().bits();
    }

    private void apply(boolean mayRemove) throws KernelException, StageFailed {
        RtnlBatch batch = new RtnlBatch();
        delta.toSet().forEach((destination, route) ->
                batch.set(route.replace(), () -> "route to pod " + destination.base(), () -> delta.saw(destination, route)));
        if (mayRemove) {
            for (Cidr destination : List.copyOf(delta.toRemove())) {
                Route stale = delta.seen(destination);
                if (stale != null) {
                    batch.remove(stale.delete(), () -> "removal of the route to pod " + destination.base(), () -> delta.gone(destination));
                }
            }
        }
        Map<String, Refusal> refused = batch.apply(rtnl);
        if (!refused.isEmpty()) {
            throw new StageFailed(RtnlBatch.sentence(refused));
        }
    }
}
