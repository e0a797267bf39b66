package io.canal.check;

import io.canal.check.Observation.Device;
import io.canal.check.Observation.Etcd;
import io.canal.model.Cidr;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.Problem;
import io.canal.model.SubnetKey;
import io.canal.model.Vtep;
import io.canal.network.FarEnd;
import io.canal.network.Hop;
import io.canal.network.LocalNetwork;
import io.canal.network.PeerCalculator;
import io.canal.network.Tunnel;
import io.canal.network.Wanted;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What etcd asks of this node's kernel: its tunnels, and the way to each other node in the form that the other's lease has. Pure.
 *
 * <p>Worked out from the whole of etcd in one go, by the rules by which the agent does it step by step.
 *
 * @param local this node in its network
 * @param tunnels one a family; none where nothing is encapsulated
 * @param problems of other nodes' leases that cannot be carried
 * @param subnets those of other nodes
 */
record Expected(
        LocalNetwork local,
        List<Tunnel> tunnels,
        Map<Cidr, Hop> routes,
        Map<Ip, Mac> neighbours,
        Map<FarEnd, Ip> farEnds,
        List<Problem> problems,
        Set<SubnetKey> subnets) {

    /** Empty where the network or the interface to the others is not known. */
    static Optional<Expected> of(Observation seen, Etcd.Seen etcd, Optional<SubnetKey> own) {
        if (etcd.config().isEmpty() || seen.uplink().isEmpty()) {
            return Optional.empty();
        }
        LocalNetwork local = local(new LocalNetwork(etcd.config().get(), own, seen.uplink().get(), seen.mtuOption()), etcd, own);
        Map<Cidr, Hop> routes = new HashMap<>();
        Map<Ip, Mac> neighbours = new HashMap<>();
        Map<FarEnd, Ip> farEnds = new HashMap<>();
        PeerCalculator calculator = new PeerCalculator(into(routes), into(neighbours), into(farEnds));
        Map<Ip.Family, Mac> macs = new EnumMap<>(Ip.Family.class);
        List<Tunnel> tunnels = Tunnel.of(local);
        for (Tunnel tunnel : tunnels) {
            seen.devices().stream().filter(device -> device.name().equals(tunnel.name())).findFirst().flatMap(Device::mac)
                    .ifPresent(mac -> macs.put(tunnel.family(), mac));
        }
        calculator.local(local, macs);
        peers(etcd, own).forEach((subnet, lease) -> calculator.peer(subnet, Optional.of(lease)));
        calculator.calculate();
        return Optional.of(new Expected(local, tunnels, routes, neighbours, farEnds, calculator.problems(), peers(etcd, own).keySet()));
    }

    /** While the network changes from vxlan to host-gw, some lease is still of the old form, and needs its tunnel. */
    private static LocalNetwork local(LocalNetwork plain, Etcd.Seen etcd, Optional<SubnetKey> own) {
        Stream<LeaseValue> values = Stream.concat(peers(etcd, own).values().stream(), own.map(etcd.leases()::get).stream());
        return values.filter(value -> value.backendType().equals(LeaseValue.VXLAN) && plain.vxlan().isEmpty()).findFirst()
                .map(value -> plain.mixed(plain.config().backend().withType(LeaseValue.VXLAN).withVni(vni(value))))
                .orElse(plain);
    }

    private static int vni(LeaseValue value) {
        return value.vtep(Ip.Family.V4).or(() -> value.vtep(Ip.Family.V6)).map(Vtep::vni).filter(vni -> vni != 0).orElse(1);
    }

    /** The tunnel of a family, as it is or would be called. */
    String tunnel(Ip.Family family) {
        return Tunnel.name(family, local.vxlan().orElse(local.config().backend()).vni());
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

    private static <K, V> Wanted<K, V> into(Map<K, V> state) {
        return new Wanted<>() {
            @Override
            public void want(K key, V value) {
                state.put(key, value);
            }

            @Override
            public void unwant(K key) {
                state.remove(key);
            }
        };
    }
}
