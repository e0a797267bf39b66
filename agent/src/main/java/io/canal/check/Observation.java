package io.canal.check;

import io.canal.dataplane.filter.RulesWitness;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.NetworkKeys;
import io.canal.model.NodePaths;
import io.canal.model.Problem;
import io.canal.model.SessionRecord;
import io.canal.model.SubnetKey;
import io.canal.network.FarEnd;
import io.canal.network.Uplink;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What was seen on a node at one time, unjudged.
 *
 * @param paths for the sentences
 * @param unit the Juju unit that owns the node; empty where none
 * @param command with which the operator has actions run, such as {@code juju}
 * @param mtuOption the operator's MTU of pods; 0 where he leaves it to us
 * @param nodeId who we are in holder records; empty where the node has no state yet
 * @param boot the kernel's boot id; empty where it cannot be read
 * @param lastSubnet the subnet that the node remembers on its disk
 * @param addresses the node's own, for finding its lease by PublicIP
 * @param uplink the interface that carries packets to the others, as far as the kernel tells it
 * @param devices the overlay's
 * @param routes those through the overlay's devices, those to other nodes' subnets, and those that canal's number marks as its own
 * @param neighbours the permanent ones on the overlay's devices
 * @param forwarding likewise
 * @param full folders that canal writes to, on which there is no space left
 * @param agentRuns whether the agent's service runs: then it mends by itself what it owns
 */
public record Observation(
        NodePaths paths,
        String unit,
        String command,
        int mtuOption,
        Etcd etcd,
        String nodeId,
        String boot,
        Optional<SubnetKey> lastSubnet,
        Set<Ip> addresses,
        Optional<Uplink> uplink,
        Text subnetEnv,
        Text conflist,
        List<Device> devices,
        List<Pod> pods,
        Rules rules,
        List<Route> routes,
        Map<Ip, Mac> neighbours,
        Map<FarEnd, Set<Ip>> forwarding,
        List<Path> full,
        boolean agentRuns) {

    public Observation {
        addresses = new TreeSet<>(addresses);
        devices = List.copyOf(devices);
        pods = List.copyOf(pods);
        routes = List.copyOf(routes);
        neighbours = Map.copyOf(neighbours);
        forwarding = Map.copyOf(forwarding);
        full = List.copyOf(full);
    }

    /** The overlay's device of a family. */
    public Optional<Device> device(Ip.Family family) {
        return devices.stream().filter(device -> device.family() == family).findFirst();
    }

    /** What etcd holds, or that it did not say. */
    public sealed interface Etcd {

        /**
         * Read at one time.
         *
         * @param config empty where the key is absent or malformed
         * @param leases by subnet; those that can be read
         * @param holders likewise
         * @param damaged subnets whose holder record cannot be read, and the node id that it names all the same; empty where it names none
         * @param session who says under our node id that he is alive; empty where nobody does
         * @param malformed keys whose value cannot be read
         * @param prefix of flannel's keys, for the sentences
         */
        record Seen(Optional<NetworkConfig> config, Map<SubnetKey, LeaseValue> leases, Map<SubnetKey, HolderRecord> holders, Map<SubnetKey, String> damaged,
                Optional<SessionRecord> session, List<Problem> malformed, String prefix) implements Etcd {

            private static final String LEASES = "/subnets/";

            public Seen {
                leases = Map.copyOf(leases);
                holders = Map.copyOf(holders);
                damaged = Map.copyOf(damaged);
                malformed = List.copyOf(malformed);
            }

            /** Whether the value of a key cannot be read. */
            boolean isMalformed(String key) {
                return malformed.stream().anyMatch(bad -> bad.where().equals(key));
            }

            String leaseKey(SubnetKey subnet) {
                return prefix + LEASES + subnet.text();
            }

            /**
             * The subnets of nodes that agents go by what they knew of, if they knew it: their lease, or the holder that stands for a lease that is
             * gone, cannot be read.
             */
            Set<Cidr> remembered() {
                Set<Cidr> remembered = new TreeSet<>();
                for (Problem bad : malformed) {
                    for (String folder : List.of(prefix + LEASES, NetworkKeys.HOLDERS)) {
                        if (bad.where().startsWith(folder) && NetworkKeys.subnet(folder, bad.where()) instanceof Decoded.Good<SubnetKey>(SubnetKey subnet)
                                && !leases.containsKey(subnet)) {
                            remembered.addAll(subnet.cidrs());
                        }
                    }
                }
                return remembered;
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
     * A device of the overlay.
     *
     * @param family that of the tunnel
     * @param kind of link, such as {@code vxlan}
     * @param vni 0 where it is no vxlan device
     */
    public record Device(String name, Ip.Family family, String kind, boolean up, List<IpPrefix> addresses, Optional<Mac> mac, int vni, int port, int mtu,
            Optional<Ip> local) {

        /** One that sends from whatever address fits. */
        public Device(String name, Ip.Family family, String kind, boolean up, List<IpPrefix> addresses, Optional<Mac> mac, int vni, int port, int mtu) {
            this(name, family, kind, up, addresses, mac, vni, port, mtu, Optional.empty());
        }

        public Device {
            addresses = List.copyOf(addresses);
        }
    }

    /** A pod, as the kernel knows it: a host route to an address through a {@code cali} interface. */
    public record Pod(String interfaceName, Ip address) {}

    /**
     * A route of the main table.
     *
     * @param device empty where the route drops packets
     * @param ours whether it has the number by which canal knows its routes, or leads into the overlay
     */
    public record Route(Cidr destination, Optional<Ip> gateway, String device, boolean ours) {

        /** Whether packets to it are dropped. */
        public boolean isBlackhole() {
            return device.isEmpty();
        }
    }

    /** The masquerade and forward rules, or why there is nothing to read. */
    public sealed interface Rules {

        record Seen(RulesWitness witness) implements Rules {}

        /** Neither dataplane has any. */
        record None() implements Rules {}

        record Unreadable(String reason) implements Rules {}
    }
}
