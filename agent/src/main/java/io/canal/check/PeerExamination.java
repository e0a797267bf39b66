package io.canal.check;

import io.canal.check.Observation.Etcd;
import io.canal.check.Observation.Route;
import io.canal.control.Finding;
import io.canal.model.Cidr;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.SubnetKey;
import io.canal.model.Vtep;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the other nodes' leases ask of this node, against what its kernel has. Pure.
 *
 * <p>A peer is reached through the overlay (route through its subnet's base, that base's neighbour entry, the tunnel end's
 * forwarding entry), or directly through its address.
 */
final class PeerExamination {

    private final Observation seen;
    private final Map<SubnetKey, LeaseValue> peers;
    private final List<Finding> problems = new ArrayList<>();

    private PeerExamination(Observation seen, Map<SubnetKey, LeaseValue> peers) {
        this.seen = seen;
        this.peers = peers;
    }

    static List<Finding> of(Observation seen, Etcd.Seen etcd, Optional<SubnetKey> own) {
        PeerExamination examination = new PeerExamination(seen, peers(etcd, own));
        examination.examine();
        return examination.problems;
    }

    /** Leases, and holders that no lease overlaps: a node that is cut off from etcd is still reached. */
    private static Map<SubnetKey, LeaseValue> peers(Etcd.Seen etcd, Optional<SubnetKey> own) {
        Map<SubnetKey, LeaseValue> peers = new TreeMap<>(etcd.leases());
        for (Map.Entry<SubnetKey, HolderRecord> holder : etcd.holders().entrySet()) {
            if (etcd.leases().keySet().stream().noneMatch(holder.getKey()::overlaps)) {
                peers.put(holder.getKey(), holder.getValue().lease());
            }
        }
        own.ifPresent(peers::remove);
        return peers;
    }

    private void examine() {
        peers.forEach((subnet, lease) -> {
            for (Cidr cidr : subnet.cidrs()) {
                examine(cidr, lease);
            }
        });
        for (Route route : seen.routes()) {
            if (isOverlay(route.device()) && peers.keySet().stream().noneMatch(subnet -> subnet.cidrs().contains(route.destination()))) {
                problems.add(new Finding("There is a route to the subnet of a node that has no lease.", "route " + route.destination() + " on flannel.1", "no route",
                        words(route), repair()));
            }
        }
    }

    private void examine(Cidr subnet, LeaseValue lease) {
        Optional<Ip> address = lease.publicAddress(subnet.family());
        Optional<Vtep> vtep = lease.vtep(subnet.family());
        List<Route> routes = seen.routes().stream().filter(route -> route.destination().equals(subnet)).toList();
        if (address.isPresent() && routes.stream().anyMatch(route -> route.gateway().equals(address))) {
            return;
        }
        if (vtep.isEmpty()) {
            address.ifPresent(ip -> judge(routes, subnet, "through " + ip));
            return;
        }
        if (routes.stream().noneMatch(route -> isOverlay(route.device()) && route.gateway().equals(Optional.of(subnet.base())))) {
            judge(routes, subnet, "through " + subnet.base() + " on flannel.1");
        }
        Mac mac = vtep.get().mac();
        Mac known = seen.neighbours().get(subnet.base());
        if (!mac.equals(known)) {
            problems.add(new Finding("The neighbour entry of the peer with subnet " + subnet + " is wrong or missing.",
                    "neighbour " + subnet.base() + " on flannel.1", mac.toString(), known == null ? "nothing" : known.toString(), repair()));
        }
        Set<Ip> ends = seen.forwarding().getOrDefault(mac, Set.of());
        if (address.isPresent() && !ends.equals(Set.of(address.get()))) {
            problems.add(new Finding("The forwarding entry of the peer with subnet " + subnet + " is wrong or missing.",
                    "forwarding entry " + mac + " on flannel.1", address.get().toString(), Words.of(ends), repair()));
        }
    }

    private void judge(List<Route> routes, Cidr subnet, String expected) {
        problems.add(new Finding("The route to the peer with subnet " + subnet + " is wrong or missing.", "route " + subnet + " on flannel.1", expected,
                Words.of(routes.stream().map(PeerExamination::words).toList()), repair()));
    }

    private String repair() {
        return Remedy.byTheAgent(seen);
    }

    private static boolean isOverlay(String device) {
        return device.startsWith("flannel");
    }

    private static String words(Route route) {
        return route.gateway().map(gateway -> "through " + gateway + " on ").orElse("on ") + route.device();
    }
}
