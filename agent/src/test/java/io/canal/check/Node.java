package io.canal.check;

import io.canal.check.Observation.Device;
import io.canal.check.Observation.Etcd;
import io.canal.check.Observation.Pod;
import io.canal.check.Observation.Rules;
import io.canal.check.Observation.Text;
import io.canal.dataplane.filter.RulesWitness;
import io.canal.model.Backend;
import io.canal.model.Cidr;
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
import io.canal.ruleset.tenants.PodNetwork;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A node with subnet 10.1.49.0/24 and one peer, healthy until a test breaks something of it. */
final class Node {

    static final List<Observation.Route> ROUTES =
            List.of(new Observation.Route(Cidr.of("10.1.94.0/24"), Optional.of(Ip.of("10.1.94.0")), "flannel.1", true),
                    new Observation.Route(Cidr.of("10.1.49.0/24"), Optional.empty(), "", true));
    static final Map<Ip, Mac> NEIGHBOURS = Map.of(Ip.of("10.1.94.0"), Mac.of("02:00:00:00:00:02"));

    final Map<SubnetKey, LeaseValue> leases = new HashMap<>(Map.of(
            SubnetKey.of("10.1.49.0-24"), lease("10.10.0.1", "02:00:00:00:00:01"),
            SubnetKey.of("10.1.94.0-24"), lease("10.10.0.2", "02:00:00:00:00:02")));
    final Map<SubnetKey, HolderRecord> holders = new HashMap<>(Map.of(
            SubnetKey.of("10.1.49.0-24"), holder("a1", "canal/0", lease("10.10.0.1", "02:00:00:00:00:01")),
            SubnetKey.of("10.1.94.0-24"), holder("b2", "canal/1", lease("10.10.0.2", "02:00:00:00:00:02"))));
    final Map<SubnetKey, String> damaged = new HashMap<>();
    final List<Problem> malformed = new ArrayList<>();
    boolean etcdAway;
    boolean hasConfig = true;
    boolean hasDevice = true;
    boolean rulesReadable = true;
    boolean agentRuns = true;
    String deviceLocal = "10.10.0.1";
    String deviceMac = "02:00:00:00:00:01";
    Optional<SubnetKey> lastSubnet = Optional.of(SubnetKey.of("10.1.49.0-24"));
    Text subnetEnv = subnetEnv("10.1.0.0/16", "10.1.49.1/24");
    Text conflist = conflist("10.1.49.0/24");
    List<IpPrefix> deviceAddresses = List.of(IpPrefix.of("10.1.49.0/32"), IpPrefix.of("fe80::1/64"));
    List<String> pods = List.of("10.1.49.2", "10.1.49.3");
    Optional<RulesWitness> rules = rules("10.1.0.0/16", "10.1.49.0/24");
    Backend backend = Backend.VXLAN;
    Optional<SessionRecord> session = Optional.of(new SessionRecord("boot-1", Optional.of(Ip.of("10.10.0.1")), Optional.empty()));
    List<Path> full = List.of();
    int mtu = 1450;
    String command = "juju";
    List<Observation.Route> routes = ROUTES;
    Map<Ip, Mac> neighbours = NEIGHBOURS;
    Map<FarEnd, Set<Ip>> forwarding = forwarding("10.10.0.2");

    Observation seen() {
        Optional<NetworkConfig> config = hasConfig ? Optional.of(NetworkConfig.of(Cidr.of("10.1.0.0/16"), backend)) : Optional.empty();
        List<Pod> attached = new ArrayList<>();
        pods.forEach(pod -> attached.add(new Pod("cali" + attached.size(), Ip.of(pod))));
        return new Observation(
                new NodePaths(Path.of("/")),
                "canal/0",
                command,
                0,
                etcdAway ? new Etcd.Away("etcd is away") : new Etcd.Seen(config, leases, holders, damaged, session, malformed, "/coreos.com/network"),
                "a1",
                "boot-1",
                lastSubnet,
                Set.of(Ip.of("10.10.0.1"), Ip.of("10.10.0.200"), Ip.of("127.0.0.1")),
                Optional.of(Uplink.of(2, "eth0", 1500, IpPrefix.of("10.10.0.1/24"))),
                subnetEnv,
                conflist,
                hasDevice ? List.of(new Device("flannel.1", Ip.Family.V4, "vxlan", true, deviceAddresses, Optional.of(Mac.of(deviceMac)), 1, 8472, mtu,
                        Optional.of(Ip.of(deviceLocal))))
                        : List.of(),
                attached,
                rulesReadable ? rules.<Rules>map(Rules.Seen::new).orElse(new Rules.None()) : new Rules.Unreadable("there is no packet filter"),
                routes,
                neighbours,
                forwarding,
                full,
                agentRuns);
    }

    /** The holder record of a subnet is garbage, or lacks all but the node id. */
    void damageHolder(String subnet, String nodeId) {
        SubnetKey key = SubnetKey.of(subnet);
        holders.remove(key);
        damaged.put(key, nodeId);
        malformed.add(new Problem(NetworkKeys.holder(key), "", "garbage", "a JSON object"));
    }

    void damageLease(String subnet) {
        SubnetKey key = SubnetKey.of(subnet);
        leases.remove(key);
        malformed.add(new Problem(NetworkKeys.DEFAULT.lease(key), "PublicIP", "127.0.0.1", "the IPv4 address of a host"));
    }

    Text subnetEnv(String network, String subnet) {
        return new Text.Present("FLANNEL_NETWORK=" + network + "\nFLANNEL_SUBNET=" + subnet + "\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n");
    }

    Text conflist(String subnet) {
        return new Text.Present("""
                {"name": "cdk-canal", "cniVersion": "1.0.0", "plugins": [
                  {"type": "calico", "ipam": {"type": "host-local", "subnet": "%s"}}, {"type": "portmap"}]}""".formatted(subnet));
    }

    static Map<FarEnd, Set<Ip>> forwarding(String address) {
        return Map.of(new FarEnd(Ip.Family.V4, Mac.of("02:00:00:00:00:02")), Set.of(Ip.of(address)));
    }

    static Optional<RulesWitness> rules(String network, String own) {
        return Optional.of(RulesWitness.whole("nftables", List.of(new PodNetwork(Cidr.of(network), Optional.of(Cidr.of(own))))));
    }

    static LeaseValue lease(String address, String mac) {
        return LeaseValue.vxlan(Ip.of(address), 1, Mac.of(mac));
    }

    static HolderRecord holder(String id, String unit, LeaseValue lease) {
        return new HolderRecord(id, unit, unit.replace('/', '-'), Instant.EPOCH, lease);
    }
}
