package io.canal.check;

import io.canal.check.Observation.Device;
import io.canal.check.Observation.Etcd;
import io.canal.check.Observation.NetRule;
import io.canal.check.Observation.NetRule.Net;
import io.canal.check.Observation.Pod;
import io.canal.check.Observation.Rules;
import io.canal.check.Observation.Text;
import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.NodePaths;
import io.canal.model.SubnetKey;
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
            List.of(new Observation.Route(Cidr.of("10.1.94.0/24"), Optional.of(Ip.of("10.1.94.0")), "flannel.1"));
    static final Map<Ip, Mac> NEIGHBOURS = Map.of(Ip.of("10.1.94.0"), Mac.of("02:00:00:00:00:02"));

    final Map<SubnetKey, LeaseValue> leases = new HashMap<>(Map.of(
            SubnetKey.of("10.1.49.0-24"), lease("10.10.0.1", "02:00:00:00:00:01"),
            SubnetKey.of("10.1.94.0-24"), lease("10.10.0.2", "02:00:00:00:00:02")));
    final Map<SubnetKey, HolderRecord> holders = new HashMap<>(Map.of(
            SubnetKey.of("10.1.49.0-24"), holder("a1", "canal/0", lease("10.10.0.1", "02:00:00:00:00:01")),
            SubnetKey.of("10.1.94.0-24"), holder("b2", "canal/1", lease("10.10.0.2", "02:00:00:00:00:02"))));
    boolean etcdAway;
    boolean hasConfig = true;
    boolean hasDevice = true;
    boolean rulesReadable = true;
    boolean agentRuns = true;
    String deviceMac = "02:00:00:00:00:01";
    Optional<SubnetKey> lastSubnet = Optional.of(SubnetKey.of("10.1.49.0-24"));
    Text subnetEnv = subnetEnv("10.1.0.0/16", "10.1.49.1/24");
    Text conflist = conflist("10.1.49.0/24");
    List<IpPrefix> deviceAddresses = List.of(IpPrefix.of("10.1.49.0/32"), IpPrefix.of("fe80::1/64"));
    List<String> pods = List.of("10.1.49.2", "10.1.49.3");
    List<NetRule> rules = rules("10.1.0.0/16", "10.1.49.0/24");
    List<Observation.Route> routes = ROUTES;
    Map<Ip, Mac> neighbours = NEIGHBOURS;
    Map<Mac, Set<Ip>> forwarding = Map.of(Mac.of("02:00:00:00:00:02"), Set.of(Ip.of("10.10.0.2")));

    Observation seen() {
        Optional<NetworkConfig> config = hasConfig ? Optional.of(NetworkConfig.of(Cidr.of("10.1.0.0/16"), Backend.VXLAN)) : Optional.empty();
        List<Pod> attached = new ArrayList<>();
        pods.forEach(pod -> attached.add(new Pod("cali" + attached.size(), Ip.of(pod))));
        return new Observation(
                new NodePaths(Path.of("/")),
                "canal/0",
                etcdAway ? new Etcd.Away("etcd is away") : new Etcd.Seen(config, leases, holders, List.of(), "/coreos.com/network"),
                "a1",
                lastSubnet,
                Set.of(Ip.of("10.10.0.1"), Ip.of("127.0.0.1")),
                subnetEnv,
                conflist,
                hasDevice ? Optional.of(new Device("flannel.1", "vxlan", true, deviceAddresses, Optional.of(Mac.of(deviceMac)), 1, 8472, 1450))
                        : Optional.empty(),
                attached,
                rulesReadable ? new Rules.Seen(rules.isEmpty() ? "" : "nftables", rules) : new Rules.Unreadable("there is no packet filter"),
                routes,
                neighbours,
                forwarding,
                agentRuns);
    }

    Text subnetEnv(String network, String subnet) {
        return new Text.Present("FLANNEL_NETWORK=" + network + "\nFLANNEL_SUBNET=" + subnet + "\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n");
    }

    Text conflist(String subnet) {
        return new Text.Present("""
                {"name": "cdk-canal", "cniVersion": "1.0.0", "plugins": [
                  {"type": "calico", "ipam": {"type": "host-local", "subnet": "%s"}}, {"type": "portmap"}]}""".formatted(subnet));
    }

    /** flannel's rules, in its order. */
    static List<NetRule> rules(String network, String own) {
        Optional<Net> all = net(network, false);
        Optional<Net> mine = net(own, false);
        Optional<Net> others = net(network, true);
        return List.of(
                new NetRule("FLANNEL-POSTRTG", Optional.empty(), Optional.empty(), "return"),
                new NetRule("FLANNEL-POSTRTG", mine, all, "return"),
                new NetRule("FLANNEL-POSTRTG", all, mine, "return"),
                new NetRule("FLANNEL-POSTRTG", others, mine, "return"),
                new NetRule("FLANNEL-POSTRTG", all, net("224.0.0.0/4", true), "masquerade"),
                new NetRule("FLANNEL-POSTRTG", others, all, "masquerade"),
                new NetRule("FLANNEL-FWD", all, Optional.empty(), "accept"),
                new NetRule("FLANNEL-FWD", Optional.empty(), all, "accept"));
    }

    static LeaseValue lease(String address, String mac) {
        return LeaseValue.vxlan(Ip.of(address), 1, Mac.of(mac));
    }

    private static HolderRecord holder(String id, String unit, LeaseValue lease) {
        return new HolderRecord(id, unit, unit.replace('/', '-'), Instant.EPOCH, lease);
    }

    private static Optional<Net> net(String cidr, boolean negated) {
        return Optional.of(new Net(Cidr.of(cidr), negated));
    }
}
