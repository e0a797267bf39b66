package io.canal.dataplane;

import io.canal.dataplane.event.Hears;
import io.canal.dataplane.event.KernelEvents;
import io.canal.dataplane.fdb.FdbStage;
import io.canal.dataplane.link.LinkStage;
import io.canal.dataplane.link.Remade;
import io.canal.dataplane.link.TunnelState;
import io.canal.dataplane.neighbour.NeighbourStage;
import io.canal.dataplane.route.EndpointRouteStage;
import io.canal.dataplane.route.RouteStage;
import io.canal.dataplane.sysctl.SavedSysctls;
import io.canal.dataplane.sysctl.SysctlStage;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netlink.RtnlEvent;
import io.canal.model.Ip.Family;
import io.canal.model.LeaseValue;
import io.canal.model.LocalEndpoint;
import io.canal.model.NodePaths;
import io.canal.model.Problem;
import io.canal.model.SubnetKey;
import io.canal.network.LocalNetwork;
import io.canal.network.PeerCalculator;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Stage;
import io.canal.reconcile.StageFailed;
import io.canal.reconcile.Table;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The stages that carry packets between nodes and to local pods, wired to each other.
 *
 * <p>They act in the network namespace of the thread that opened them, through one socket; the apply loop must run in it too.
 */
public final class NetworkStages implements AutoCloseable {

    private final Rtnl rtnl;
    private final SysctlStage sysctl;
    private final LinkStage link;
    private final NetworkStage network;
    private final NeighbourStage neighbour;
    private final FdbStage fdb;
    private final RouteStage route;
    private final EndpointRouteStage endpointRoute;
    private final boolean hadTunnels;
    private final boolean hadLoosePathFilter;
    private @Nullable KernelEvents events;

    private NetworkStages(Rtnl rtnl, NodePaths paths, Table<SubnetKey, LeaseValue> peers, Table<String, LocalEndpoint> endpoints,
            Supplier<Optional<LocalNetwork>> local, RandomGenerator random, Clock clock) throws IOException {
        this.rtnl = rtnl;
        SavedSysctls saved = SavedSysctls.load(paths.stateDir());
        sysctl = new SysctlStage(rtnl, saved, local, endpoints);
        link = new LinkStage(rtnl, paths, saved, local, random, clock);
        hadTunnels = link.knowsTunnels();
        hadLoosePathFilter = sysctl.hasLoosePathFilter();
        neighbour = new NeighbourStage(rtnl, link.tunnels());
        fdb = new FdbStage(rtnl, link.tunnels());
        route = new RouteStage(rtnl, link.tunnels(), local);
        network = new NetworkStage(new PeerCalculator(route, neighbour, fdb), peers, local, link.tunnels());
        endpointRoute = new EndpointRouteStage(rtnl, endpoints);
    }

    /**
     * @param peers the leases, or holders, of other nodes; its changes are taken
     * @param endpoints local pods by interface name; its changes are taken
     * @param local asked on the loop's thread; while it is empty, what the peers and the network ask for is left as it is
     * @param random for the MAC of a first tunnel
     */
    public static NetworkStages open(NodePaths paths, Table<SubnetKey, LeaseValue> peers, Table<String, LocalEndpoint> endpoints,
            Supplier<Optional<LocalNetwork>> local, RandomGenerator random, Clock clock) throws IOException {
        Rtnl rtnl = Rtnl.open();
        try {
            return new NetworkStages(rtnl, paths, peers, endpoints, local, random, clock);
        } catch (IOException | RuntimeException failure) {
            rtnl.close();
            throw failure;
        }
    }

    /** Whether there were tunnels of ours when the stages were made. */
    public boolean hadTunnels() {
        return hadTunnels;
    }

    /** Whether an agent before us had made a reverse path filter loose, as peers were reached in two forms. */
    public boolean hadLoosePathFilter() {
        return hadLoosePathFilter;
    }

    /** In the order in which they must run; others may run between them. */
    public List<Stage> stages() {
        return List.of(sysctl, link, network, neighbour, fdb, route, fdb.removals(), neighbour.removals(), endpointRoute);
    }

    /**
     * Starts to listen to the kernel; before the loop is started, so that nothing is missed.
     *
     * @param others told of all events of the route family, on the listener's thread
     * @param missed told, on that thread too, that some were dropped
     */
    public void listen(ApplyLoop loop, Consumer<List<RtnlEvent>> others, Runnable missed) throws KernelException {
        events = KernelEvents.open(loop, List.<Hears>of(link, neighbour, fdb, route, endpointRoute), rtnl.portId(), others, missed);
    }

    /** How it stands with the node's tunnels; from any thread. */
    public Map<Family, TunnelState> tunnels() {
        return link.tunnels().states();
    }

    /** The last tunnel that was made again since the last call; on the loop's thread, after a pass. */
    public Optional<Remade> takeRemade() {
        return link.takeRemade();
    }

    /** What others have done to the node's tunnels that is not ours to undo; from any thread. */
    public List<String> strangers() {
        return link.problems().stream().map(problem -> problem.sentence() + ".").toList();
    }

    /** What is wrong with peers' leases; from any thread. */
    public List<Problem> problems() {
        return network.problems();
    }

    /** Removes all that the stages own, the last first; the loop must not run. What cannot be removed is named. */
    public void removeAll() throws StageFailed {
        List<String> failures = new ArrayList<>();
        for (Stage stage : stages().reversed()) {
            try {
                stage.removeAll();
            } catch (StageFailed failure) {
                failures.add(stage.name() + ": " + failure.getMessage());
            }
        }
        if (!failures.isEmpty()) {
            throw new StageFailed(String.join("; ", failures));
        }
    }

    @Override
    public void close() {
        if (events != null) {
            events.close();
        }
        rtnl.close();
    }
}
