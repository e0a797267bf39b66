package io.canal.agent;

import io.canal.dataplane.filter.NodeNetworks;
import io.canal.model.Cidr;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import io.canal.ruleset.tenants.PodNetwork;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * The networks that the packet filter is for: the configured one, and each earlier one of which some node still has a subnet. Asked
 * on the apply loop's thread.
 */
final class FilterNetworks implements Supplier<NodeNetworks> {

    private final Facts facts;
    private final Tables tables;
    private final NetworkMemory memory;
    /** That of the life before. */
    private final Optional<Integer> lastPort;

    FilterNetworks(Facts facts, Tables tables, NetworkMemory memory) {
        this.facts = facts;
        this.tables = tables;
        this.memory = memory;
        lastPort = memory.port();
    }

    @Override
    public NodeNetworks get() {
        LocalFacts now = facts.inPass();
        SortedSet<Integer> ports = new TreeSet<>();
        // A port that we have only just learnt is guarded once the peers are known: until then nobody would count as one, and a node that
        // is taken over from flanneld with pods on it would be cut off.
        (tables.peers.inSync() ? memory.port() : lastPort).ifPresent(ports::add);
        if (now.network().isEmpty()) {
            // Only what local data says: the overlay is guarded at its last port.
            return new NodeNetworks(List.of(), ports, true);
        }
        NetworkConfig config = now.network().get();
        if (config.backend().isVxlan() && tables.peers.inSync()) {
            ports.add(config.backend().udpPort());
        }
        List<PodNetwork> networks = new ArrayList<>();
        config.networks().forEach(network -> networks.add(network(network, now.own().subnet())));
        for (Cidr before : memory.before(config)) {
            if (isInUse(before, now.own().subnet())) {
                networks.add(network(before, now.own().subnet()));
            } else if (tables.peers.inSync()) {
                memory.forget(before);
            }
        }
        return new NodeNetworks(networks, ports, true);
    }

    private static PodNetwork network(Cidr network, Optional<SubnetKey> own) {
        return new PodNetwork(network, own.flatMap(subnet -> subnet.cidr(network.family())).filter(network::contains));
    }

    private boolean isInUse(Cidr network, Optional<SubnetKey> own) {
        return own.filter(subnet -> lies(subnet, network)).isPresent() || tables.peers.rows().keySet().stream().anyMatch(subnet -> lies(subnet, network));
    }

    private static boolean lies(SubnetKey subnet, Cidr network) {
        return subnet.cidr(network.family()).filter(network::contains).isPresent();
    }
}
