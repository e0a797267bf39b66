package io.canal.check;

import io.canal.check.Observation.Etcd;
import io.canal.check.Observation.Route;
import io.canal.control.Finding;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.Mac;
import io.canal.model.Problem;
import io.canal.model.SubnetKey;
import io.canal.network.FarEnd;
import io.canal.network.Hop;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the other nodes' leases ask of this node, against what its kernel has. Pure.
 *
 * <p>A peer is reached through the overlay (route through its subnet's base, that base's neighbour entry, the tunnel end's
 * forwarding entry), or directly through its address, as the network and its lease say.
 */
final class PeerExamination {

    private final Observation seen;
    private final Expected expected;
    private final List<Finding> problems = new ArrayList<>();
    /** Of nodes whose lease cannot be read: what leads there is kept as it was. */
    private final Set<Cidr> remembered;

    private PeerExamination(Observation seen, Expected expected) {
        this.seen = seen;
        this.expected = expected;
        this.remembered = seen.etcd() instanceof Etcd.Seen etcd ? etcd.remembered() : Set.of();
    }

    static List<Finding> of(Observation seen, Expected expected) {
        PeerExamination examination = new PeerExamination(seen, expected);
        examination.routes();
        examination.neighbours();
        examination.forwarding();
        expected.problems().forEach(examination::malformed);
        return examination.problems;
    }

    private void routes() {
        new TreeMap<>(expected.routes()).forEach((subnet, hop) -> {
            List<Route> routes = seen.routes().stream().filter(route -> route.destination().equals(subnet)).toList();
            if (routes.stream().noneMatch(route -> leads(route, subnet, hop))) {
                String what = hop instanceof Hop.Blackhole
                        ? "The blackhole route of this node's own subnet is missing: what is for a pod that has gone leaves the node."
                        : "The route to the peer with subnet " + subnet + " is wrong or missing.";
                problems.add(new Finding(what, where(subnet, hop), words(subnet, hop), Words.of(routes.stream().map(PeerExamination::words).toList()), repair()));
            }
        });
        for (Route route : seen.routes()) {
            if (route.ours() && !remembered.contains(route.destination()) && !expected.routes().containsKey(route.destination())) {
                problems.add(new Finding(
                        route.isBlackhole()
                                ? "There is a blackhole route to a subnet that is not this node's: it swallows packets to the pods of another."
                                : "There is a route to the subnet of a node that has no lease.",
                        "route " + route.destination() + (route.isBlackhole() ? "" : " on " + route.device()), "no route", words(route), repair()));
            }
        }
    }

    private boolean leads(Route route, Cidr subnet, Hop hop) {
        return switch (hop) {
            case Hop.Tunnelled(Ip gateway) -> route.device().equals(tunnel(subnet.family())) && route.gateway().filter(gateway::equals).isPresent();
            case Hop.Direct(Ip gateway) -> route.device().equals(expected.local().uplink().name()) && route.gateway().filter(gateway::equals).isPresent();
            case Hop.Blackhole() -> route.isBlackhole();
        };
    }

    private void neighbours() {
        new TreeMap<>(expected.neighbours()).forEach((address, mac) -> {
            Mac known = seen.neighbours().get(address);
            if (!mac.equals(known)) {
                problems.add(new Finding("The neighbour entry of the peer with subnet base " + address + " is wrong or missing.",
                        "neighbour " + address + " on " + tunnel(address.family()), mac.toString(), known == null ? "nothing" : known.toString(), repair()));
            }
        });
        new TreeMap<>(seen.neighbours()).forEach((address, mac) -> {
            if (!expected.neighbours().containsKey(address) && !isRemembered(address)) {
                problems.add(new Finding("There is a neighbour entry of a node that has no lease.",
                        "neighbour " + address + " on " + tunnel(address.family()), "no entry", mac.toString(), repair()));
            }
        });
    }

    private void forwarding() {
        sorted(expected.farEnds()).forEach((end, address) -> {
            Set<Ip> found = seen.forwarding().getOrDefault(end, Set.of());
            if (!found.equals(Set.of(address))) {
                problems.add(new Finding("The forwarding entry of the peer at " + address + " is wrong or missing.", where(end), address.toString(),
                        Words.of(found), repair()));
            }
        });
        sorted(seen.forwarding()).forEach((end, found) -> {
            if (!expected.farEnds().containsKey(end) && !isRemembered(end)) {
                problems.add(new Finding("There is a forwarding entry of a node that has no lease.", where(end), "no entry", Words.of(found), repair()));
            }
        });
    }

    private boolean isRemembered(Ip base) {
        return remembered.stream().anyMatch(subnet -> subnet.base().equals(base));
    }

    private boolean isRemembered(FarEnd end) {
        return seen.neighbours().entrySet().stream().anyMatch(neighbour -> neighbour.getValue().equals(end.mac()) && isRemembered(neighbour.getKey()));
    }

    private void malformed(Problem bad) {
        Optional<SubnetKey> former = expected.subnets().stream().filter(subnet -> bad.where().equals("lease " + subnet))
                .filter(_ -> seen.addresses().stream().anyMatch(own -> own.toString().equals(bad.found()))).findFirst();
        if (former.isPresent()) {
            problems.add(new Finding("There is another lease with this node's own address: of the subnet that it had as another node, before "
                    + seen.paths().stateDir() + " was removed, or of a copy of it.", bad.where(), bad.expected(), bad.found(),
                    "If no other machine has that address, free the subnet: " + Remedy.byReleasing(seen, former.get())));
            return;
        }
        if (bad.field().endsWith("VtepMAC") && seen.devices().stream().anyMatch(device -> device.mac().filter(mac -> mac.toString().equals(bad.found())).isPresent())) {
            problems.add(new Finding("Another node cannot be reached, as its tunnel has the MAC of this node's.", bad.where(), bad.expected(), bad.found(),
                    "On one of the two, stop canal-agent, delete the tunnel's device and " + seen.paths().stateDir().resolve("tunnels") + ", and start canal-agent: it makes another MAC"));
            return;
        }
        problems.add(new Finding("Another node cannot be reached by its lease: " + bad.sentence() + ".", bad.where(), bad.expected(), bad.found(),
                "Mend it on that node, or release its lease where the node has gone"));
    }

    private static <V> Map<FarEnd, V> sorted(Map<FarEnd, V> ends) {
        Map<FarEnd, V> sorted = new TreeMap<>(Comparator.comparing(FarEnd::tunnel).thenComparing(end -> end.mac().toString()));
        sorted.putAll(ends);
        return sorted;
    }

    private String where(FarEnd end) {
        return "forwarding entry " + end.mac() + " on " + tunnel(end.tunnel());
    }

    private String where(Cidr subnet, Hop hop) {
        return "route " + subnet + switch (hop) {
            case Hop.Tunnelled _ -> " on " + tunnel(subnet.family());
            case Hop.Direct _ -> " on " + expected.local().uplink().name();
            case Hop.Blackhole() -> "";
        };
    }

    private String words(Cidr subnet, Hop hop) {
        return switch (hop) {
            case Hop.Tunnelled(Ip gateway) -> "through " + gateway + " on " + tunnel(subnet.family());
            case Hop.Direct(Ip gateway) -> "through " + gateway;
            case Hop.Blackhole() -> "blackhole";
        };
    }

    private String repair() {
        return Remedy.byTheAgent(seen);
    }

    private String tunnel(Family family) {
        return expected.tunnel(family);
    }

    private static String words(Route route) {
        return route.isBlackhole() ? "blackhole" : route.gateway().map(gateway -> "through " + gateway + " on ").orElse("on ") + route.device();
    }
}
