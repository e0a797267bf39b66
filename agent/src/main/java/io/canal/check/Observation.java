package io.canal.check;

import io.canal.model.Cidr;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.NodePaths;
import io.canal.model.Problem;
import io.canal.model.SubnetKey;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What was seen on a node at one time, unjudged.
 *
 * @param paths for the sentences
 * @param nodeId who we are in holder records; empty where the node has no state yet
 * @param lastSubnet the subnet that the node remembers on its disk
 * @param addresses the node's own, for finding its lease by PublicIP
 * @param routes those through the overlay's device, and those to other nodes' subnets
 * @param unit the Juju unit that owns the node; empty where none
 * @param agentRuns whether the agent's service runs: then it mends by itself what it owns
 */
public record Observation(
        NodePaths paths,
        String unit,
        Etcd etcd,
        String nodeId,
        Optional<SubnetKey> lastSubnet,
        Set<Ip> addresses,
        Text subnetEnv,
        Text conflist,
        Optional<Device> device,
        List<Pod> pods,
        Rules rules,
        List<Route> routes,
        Map<Ip, Mac> neighbours,
        Map<Mac, Set<Ip>> forwarding,
        boolean agentRuns) {

    public Observation {
        addresses = Set.copyOf(addresses);
        pods = List.copyOf(pods);
        routes = List.copyOf(routes);
        neighbours = Map.copyOf(neighbours);
        forwarding = Map.copyOf(forwarding);
    }

    /** What etcd holds, or that it did not say. */
    public sealed interface Etcd {

        /**
         * Read at one time.
         *
         * @param config empty where the key is absent or malformed
         * @param leases by subnet; those that can be read
         * @param holders likewise
         * @param malformed keys whose value cannot be read
         * @param prefix of flannel's keys, for the sentences
         */
        record Seen(Optional<NetworkConfig> config, Map<SubnetKey, LeaseValue> leases, Map<SubnetKey, HolderRecord> holders,
                List<Problem> malformed, String prefix) implements Etcd {

            public Seen {
                leases = Map.copyOf(leases);
                holders = Map.copyOf(holders);
                malformed = List.copyOf(malformed);
            }
        }

        record Away(String reason) implements Etcd {}
    }

    /** A file's text, or why there is none. */
    public sealed interface Text {

        record Present(String text) implements Text {}

        record Absent(String reason) implements Text {}
    }

    /**
     * The overlay's device.
     *
     * @param kind of link, such as {@code vxlan}
     * @param vni 0 where it is no vxlan device
     */
    public record Device(String name, String kind, boolean up, List<IpPrefix> addresses, Optional<Mac> mac, int vni, int port, int mtu) {

        public Device {
            addresses = List.copyOf(addresses);
        }
    }

    /** A pod, as the kernel knows it: a host route to an address through a {@code cali} interface. */
    public record Pod(String interfaceName, Ip address) {}

    /** A route of the main table. */
    public record Route(Cidr destination, Optional<Ip> gateway, String device) {}

    /** The masquerade and forward rules of flannel's chains, or why they could not be read. */
    public sealed interface Rules {

        /** @param dataplane where they were found, in words; empty where there are none at all */
        record Seen(String dataplane, List<NetRule> rules) implements Rules {

            public Seen {
                rules = List.copyOf(rules);
            }
        }

        record Unreadable(String reason) implements Rules {}
    }

    /**
     * A rule, as far as it speaks of networks.
     *
     * @param chain such as {@code FLANNEL-POSTRTG}
     * @param verdict {@code return}, {@code masquerade} or {@code accept}
     */
    public record NetRule(String chain, Optional<Net> source, Optional<Net> destination, String verdict) {

        /** A network, or everything but it. */
        public record Net(Cidr cidr, boolean negated) {}
    }
}
