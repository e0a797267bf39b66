package io.canal.dataplane.sysctl;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Route;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.sysctl.Sysctl;
import io.canal.model.Ip.Family;
import io.canal.model.LocalEndpoint;
import io.canal.network.LocalNetwork;
import io.canal.network.Tunnel;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Repair;
import io.canal.reconcile.Stage;
import io.canal.reconcile.StageFailed;
import io.canal.reconcile.Table;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Lets the node forward packets, and keeps the controls of the pods' interfaces, which the CNI plugin sets when it makes one.
 *
 * <p>An uplink that lives from router advertisements goes on taking them: an IPv6 router takes them only where {@code accept_ra} is
 * 2. Controls of the whole node are put back when canal leaves; those of an interface leave with it.
 */
public final class SysctlStage implements Stage {

    private static final String FORWARD_V4 = "net/ipv4/ip_forward";
    private static final String FORWARD_V6 = "net/ipv6/conf/all/forwarding";

    private static final String PATH_FILTER = "net/ipv4/conf/%s/rp_filter";

    /** As Calico has them, with the family that they belong to; {@code %s} is the interface. */
    private static final Map<String, String> POD_V4 = Map.of(
            "net/ipv4/conf/%s/forwarding", "1",
            "net/ipv4/conf/%s/proxy_arp", "1",
            "net/ipv4/conf/%s/route_localnet", "1",
            "net/ipv4/neigh/%s/proxy_delay", "0");
    private static final Map<String, String> POD_V6 = Map.of(
            "net/ipv6/conf/%s/forwarding", "1",
            "net/ipv6/conf/%s/proxy_ndp", "1",
            "net/ipv6/conf/%s/accept_ra", "0");

    private final Rtnl rtnl;
    private final SavedSysctls saved;
    private final Supplier<Optional<LocalNetwork>> local;
    private final Table<String, LocalEndpoint> endpoints;

    private boolean suspect = true;
    private Optional<LocalNetwork> settledFor = Optional.empty();
    /** The pods' interfaces whose controls were looked at, and are as they should be. */
    private final Set<String> settledInterfaces = new HashSet<>();
    private final List<Repair> repairs = new ArrayList<>();

    /**
     * @param saved the stage of the tunnels has its own in it
     * @param endpoints by interface name; its changes are not taken
     */
    public SysctlStage(Rtnl rtnl, SavedSysctls saved, Supplier<Optional<LocalNetwork>> local, Table<String, LocalEndpoint> endpoints) {
        this.rtnl = rtnl;
        this.local = local;
        this.endpoints = endpoints;
        this.saved = saved;
    }

    /** Whether a reverse path filter is loose for our sake. */
    public boolean hasLoosePathFilter() {
        return !saved.names("/rp_filter").isEmpty();
    }

    @Override
    public String name() {
        return "sysctl";
    }

    @Override
    public void run(Pass pass) throws StageFailed {
        Optional<LocalNetwork> now = local.get();
        settledInterfaces.retainAll(endpoints.rows().keySet());
        // A new pod's controls are set by who makes its interface, which is not there yet.
        if (!suspect && now.equals(settledFor)) {
            return;
        }
        try {
            saved.set(FORWARD_V4, "1");
            if (now.isPresent() && now.get().config().v6().isPresent()) {
                keepAdvertisements(now.get().uplink().link(), now.get().uplink().name());
                saved.set(FORWARD_V6, "1");
            }
            keepPathFilter(now, pass.mayRemove());
            for (LocalEndpoint endpoint : endpoints.rows().values()) {
                keepPod(endpoint);
            }
        } catch (IOException failure) {
            throw new StageFailed(String.valueOf(failure.getMessage()), failure);
        }
        suspect = false;
        settledFor = now;
        settledInterfaces.addAll(endpoints.rows().keySet());
    }

    @Override
    public void distrust() {
        suspect = true;
    }

    @Override
    public List<Repair> takeRepairs() {
        List<Repair> taken = new ArrayList<>(saved.takeRepairs());
        taken.addAll(repairs);
        repairs.clear();
        return taken;
    }

    @Override
    public void removeAll() throws StageFailed {
        try {
            saved.restore();
        } catch (IOException failure) {
            throw new StageFailed(String.valueOf(failure.getMessage()), failure);
        }
    }

    /**
     * Where peers are reached in two forms a packet may come by the one way and its answer go by the other, which the strict reverse
     * path filter (1) does not bear and the loose one (2) does. The kernel goes by the greater of an interface's value and that of all.
     * It is made strict again when it is known in which forms peers are reached.
     */
    private void keepPathFilter(Optional<LocalNetwork> now, boolean mayRemove) throws IOException {
        Set<String> loose = new HashSet<>();
        if (now.filter(LocalNetwork::mixed).isPresent()) {
            String control = PATH_FILTER.formatted(now.get().uplink().name());
            boolean strictOnAll = Sysctl.read(PATH_FILTER.formatted("all")).filter("1"::equals).isPresent();
            if (strictOnAll || Sysctl.read(control).filter("1"::equals).isPresent()) {
                saved.set(control, "2");
            }
            loose.add(control);
            // Those of the tunnels are set where the tunnels are made.
            Tunnel.of(now.get()).forEach(tunnel -> loose.add(PATH_FILTER.formatted(tunnel.name())));
        }
        for (String control : saved.names("/rp_filter")) {
            if (mayRemove && !loose.contains(control)) {
                saved.putBack(control);
            }
        }
    }

    private void keepAdvertisements(int uplink, String name) throws IOException {
        String control = "net/ipv6/conf/" + name + "/accept_ra";
        if (Sysctl.read(control).filter("1"::equals).isPresent() && hasAdvertisedRoute(uplink)) {
            saved.set(control, "2");
        }
    }

    private boolean hasAdvertisedRoute(int uplink) throws KernelException {
        return !rtnl.routes(Family.V6, new Route.Filter(Route.TABLE_MAIN, Route.PROTO_RA, uplink)).isEmpty();
    }

    private void keepPod(LocalEndpoint endpoint) throws IOException {
        set(POD_V4, endpoint.interfaceName());
        if (endpoint.addresses().stream().anyMatch(address -> address.isV6())) {
            set(POD_V6, endpoint.interfaceName());
        }
    }

    private void set(Map<String, String> controls, String interfaceName) throws IOException {
        for (Map.Entry<String, String> control : controls.entrySet()) {
            String name = control.getKey().formatted(interfaceName);
            Optional<String> found = Sysctl.set(name, control.getValue());
            if (found.isPresent() && settledInterfaces.contains(interfaceName)) {
                repairs.add(Repair.changed(SavedSysctls.REPAIRS, name, found.get(), control.getValue()));
            }
        }
    }
}
