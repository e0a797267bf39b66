package io.canal.agent;

import static io.canal.kernel.testing.TestNamespaces.ip;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.agent.TestNode.Pod;
import io.canal.config.AgentConfig;
import io.canal.config.DataplaneOption;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.packet.Place;
import io.canal.kernel.packet.Probe;
import io.canal.kernel.packet.Probes;
import io.canal.kernel.testing.Conntrack;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import io.canal.policy.reference.Flow;
import io.canal.policy.reference.NodeView.ToHost;
import io.canal.policy.reference.Passage;
import io.canal.reconcile.Clock;
import io.canal.store.EtcdSettings;
import io.canal.store.EtcdStore;
import io.canal.store.StoreException;
import io.canal.store.testing.OwnKeys;
import io.canal.store.testing.TcpRelay;
import io.canal.store.testing.TestEtcd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * One node with a real agent on one dataplane, a machine beside it, and a real etcd: policies are put there, and packets go between pods,
 * node and the other machine.
 *
 * <p>Addresses are those that {@code verdicts/cluster.json} has: the node is 10.10.0.1 and fd00:10::1; the other machine has 10.10.0.2
 * and fd00:10::2, and behind them 198.51.100.7 and 2001:db8:51::7; pods are in 10.244.1.0/24 and fd00:10:244:1::/64.
 */
final class PolicyScene implements AutoCloseable {

    /** What carries the rules. */
    enum Backend {
        NFTABLES,
        IPTABLES_NFT,
        IPTABLES_LEGACY
    }

    private static final String NODE = "vd-node";
    /** Among those that Calico never closes. */
    private static final int ETCD_PORT = 2379;
    private static final String NETWORK = """
            {"Network":"10.244.0.0/16","SubnetLen":24,"SubnetMin":"10.244.1.0","SubnetMax":"10.244.1.0","EnableIPv6":true,"IPv6Network":"fd00:10:244::/48",
            "IPv6SubnetLen":64,"IPv6SubnetMin":"fd00:10:244:1::","IPv6SubnetMax":"fd00:10:244:1::","Backend":{"Type":"vxlan"}}""";

    private final Backend backend;
    private final Path folder;
    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace outside;
    private final TestEtcd etcd;
    private final TcpRelay relay;
    private final EtcdStore store;
    private final OwnKeys keys;
    private final TestNode node;
    private final Map<String, Pod> pods = new HashMap<>();
    /** As the agent wrote them, by interface. */
    private final Map<String, ObjectNode> endpoints = new HashMap<>();
    private String translations = "none yet";

    PolicyScene(Backend backend, Path folder) {
        this.backend = backend;
        this.folder = folder;
        NetworkNamespace hub = TestNode.makeSwitch(namespaces);
        etcd = TestEtcd.tls(hub, "10.10.0.254", ETCD_PORT);
        relay = etcd.relay();
        // This process has enough to do for three of these, and no packet waits for it.
        store = new EtcdStore(new EtcdSettings(List.of("https://127.0.0.1:" + relay.port()), etcd.settings().tls(), Duration.ofSeconds(20), Duration.ofSeconds(40)),
                Clock.system());
        keys = new OwnKeys(store);
        node = new TestNode(namespaces, hub, 1, etcd, folder, this::configured);
        outside = namespaces.add("out");
        namespaces.veth(outside, "eth0", hub, "out");
        ip(hub, "link", "set", "out", "master", "br0");
        ip(node.namespace, "-6", "addr", "add", "fd00:10::1/64", "dev", "eth0", "nodad");
        ip(outside, "addr", "add", "10.10.0.2/24", "dev", "eth0");
        ip(outside, "-6", "addr", "add", "fd00:10::2/64", "dev", "eth0", "nodad");
        ip(outside, "addr", "add", "198.51.100.7/32", "dev", "lo");
        ip(outside, "-6", "addr", "add", "2001:db8:51::7/128", "dev", "lo", "nodad");
        ip(outside, "route", "add", "10.244.1.0/24", "via", "10.10.0.1");
        ip(outside, "-6", "route", "add", "fd00:10:244:1::/64", "via", "fd00:10::1");
        ip(node.namespace, "route", "add", "198.51.100.0/24", "via", "10.10.0.2");
        ip(node.namespace, "-6", "route", "add", "2001:db8:51::/64", "via", "fd00:10::2");
        // Policies for interfaces of the node may stop neighbour discovery there, and are not about packets that wait for it.
        meet(node.namespace, "eth0", "fd00:10::2", mac(outside, "eth0"));
        meet(outside, "eth0", "fd00:10::1", mac(node.namespace, "eth0"));
        // No connection of the agent's may have the port that probes come from.
        TestNamespaces.run(node.namespace, "sysctl", "-qw", "net.ipv4.ip_local_reserved_ports=33333");
    }

    private void meet(String iface, Pod pod) {
        pod.addresses().stream().filter(address -> address.contains(":")).forEach(address -> meet(node.namespace, iface, address, mac(pod.namespace(), "eth0")));
        String gateway = ip(pod.namespace(), "-6", "route", "show", "default").replaceAll("(?s).*via (\\S+) .*", "$1");
        meet(pod.namespace(), "eth0", gateway, mac(node.namespace, iface));
    }

    private static void meet(NetworkNamespace namespace, String device, String address, String mac) {
        ip(namespace, "-6", "neigh", "replace", address, "lladdr", mac, "dev", device, "nud", "permanent");
    }

    private static String mac(NetworkNamespace namespace, String device) {
        return ip(namespace, "-o", "link", "show", device).replaceAll("(?s).*link/ether (\\S+) .*", "$1");
    }

    private AgentConfig configured(AgentConfig config) {
        return new AgentConfig(config.unit(), NODE, config.etcd(), config.iface(), config.publicIp(), config.mtu(),
                backend == Backend.NFTABLES ? DataplaneOption.NFTABLES : DataplaneOption.IPTABLES, config.leaseTtl(), config.logLevel(), config.listen(),
                config.kubeconfig(), config.charmDir());
    }

    void start() {
        if (backend == Backend.IPTABLES_LEGACY) {
            // As kube-proxy's: the agent follows them.
            TestNamespaces.run(node.namespace, "iptables-legacy", "-N", "KUBE-FORWARD");
        }
        etcd.etcdctl("put", "/coreos.com/network/config", NETWORK);
        node.start();
        String dataplane = node.status().dataplane();
        if (!dataplane.equals(backend.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'))) {
            throw new AssertionError("the agent uses " + dataplane + ", not " + backend);
        }
    }

    /** Makes the pods of these endpoints, and no others, as a runtime does. */
    void pods(List<Resource> wanted) {
        Map<String, Resource> byInterface = new TreeMap<>();
        wanted.stream().filter(one -> one.key().kind() == Kind.WORKLOAD_ENDPOINT).forEach(one -> byInterface.put(one.spec().path("interfaceName").asText(), one));
        Set.copyOf(pods.keySet()).stream().filter(iface -> !byInterface.containsKey(iface)).forEach(gone -> {
            node.del(pods.remove(gone));
            endpoints.remove(gone);
        });
        byInterface.forEach((iface, endpoint) -> pods.computeIfAbsent(iface, missing -> {
            List<String> addresses = new ArrayList<>();
            endpoint.spec().path("ipNetworks").forEach(network -> addresses.add(network.asText().replaceAll("/.*", "")));
            Pod made = node.add(endpoint.key().namespace(), endpoint.spec().path("pod").asText(), addresses);
            meet(iface, made);
            return made;
        }));
        byInterface.forEach((iface, endpoint) -> endpoints.computeIfAbsent(iface, missing -> stored(endpoint)));
    }

    private ObjectNode stored(Resource endpoint) {
        String path = key(endpoint).path();
        node.await(path + " is in etcd", () -> read(path) != null);
        return read(path);
    }

    private ObjectNode read(String path) {
        try {
            return store.get(path).map(entry -> Json.object(path, entry.value()).orThrow()).orElse(null);
        } catch (StoreException failure) {
            throw new AssertionError(failure);
        }
    }

    private static ResourceKey key(Resource resource) {
        String name = resource.key().name().replaceFirst("^node-k8s-", "vd--node-k8s-");
        return resource.key().kind() == Kind.WORKLOAD_ENDPOINT ? new ResourceKey(Kind.WORKLOAD_ENDPOINT, resource.key().namespace(), name) : resource.key();
    }

    /** Puts all of this into etcd, takes what was put before and is not among it away, and waits until it is in the kernel. */
    void hold(List<Resource> resources, ToHost toHost) throws StoreException {
        Map<String, String> values = new TreeMap<>();
        for (Resource resource : resources) {
            ObjectNode json = resource.json().deepCopy();
            if (resource.key().kind() == Kind.WORKLOAD_ENDPOINT) {
                json = endpoints.get(resource.spec().path("interfaceName").asText()).deepCopy();
                ((ObjectNode) json.path("metadata")).set("labels", resource.json().path("metadata").path("labels"));
                ObjectNode spec = (ObjectNode) json.path("spec");
                spec.set("profiles", resource.spec().path("profiles"));
                spec.set("ports", resource.spec().path("ports"));
                spec.put("serviceAccountName", resource.spec().path("serviceAccountName").asText());
            } else if (resource.key().kind() == Kind.HOST_ENDPOINT) {
                ((ObjectNode) json.path("spec")).put("node", NODE);
            }
            values.put(key(resource).path(), Json.compact(json));
        }
        ObjectNode felix = Json.object().put("kind", "FelixConfiguration").put("apiVersion", "projectcalico.org/v3");
        felix.putObject("metadata").put("name", "default");
        String action = toHost.name().charAt(0) + toHost.name().substring(1).toLowerCase(java.util.Locale.ROOT);
        felix.putObject("spec").put("defaultEndpointToHostAction", action);
        values.put(ResourceKey.ROOT + "felixconfigurations/default", Json.compact(felix));
        long revision = keys.hold(values);
        node.await("the policies of revision " + revision + " are in the kernel", () -> revision() >= revision);
    }

    private long revision() {
        return node.call(Op.POLICY_REVISION, Json.object()) instanceof Reply.Done(ObjectNode body) ? body.path("revision").asLong() : 0;
    }

    /** Those that come through, sent from new connections; {@code expected} says which should. */
    Set<Passage> through(List<Passage> passages, Predicate<Passage> expected) throws IOException {
        Map<Probe, Passage> byProbe = new LinkedHashMap<>();
        passages.forEach(passage -> byProbe.putIfAbsent(probe(passage), passage));
        translate(passages);
        Set<Passage> through = new HashSet<>();
        for (List<Probe> round : Probes.rounds(List.copyOf(byProbe.keySet()))) {
            Conntrack.flushBut(ETCD_PORT, node.namespace);
            Probes.through(round, probe -> expected.test(byProbe.get(probe))).forEach(probe -> through.add(byProbe.get(probe)));
        }
        return through;
    }

    /** What the kernel's own rules, read back and executed, make of it. */
    String kernel(Passage passage) {
        Flow flow = passage.flow();
        ObjectNode asked = Json.object().put("source", flow.source().toString()).put("destination", flow.destination().toString()).put("protocol", flow.protocol())
                .put("source-port", flow.sourcePort()).put("destination-port", flow.destinationPort()).put("in", passage.in()).put("out", passage.out());
        if (flow.isIcmp()) {
            asked.put("icmp-type", flow.icmpType());
        }
        return switch (node.call(Op.VERDICT, asked)) {
            case Reply.Done(ObjectNode body) -> (body.path("through").asBoolean() ? "through" : "stopped") + " by " + body.path("rule").asText() + ", " + Json.compact(body.path("rules"));
            case Reply.Refused(String sentence) -> sentence;
            case Reply.Unreachable(String sentence) -> sentence;
        };
    }

    private Probe probe(Passage passage) {
        Flow arriving = passage.arriving();
        Flow flow = passage.flow();
        int port = arriving.isIcmp() ? arriving.icmpType() : arriving.destinationPort();
        return new Probe(place(passage.in(), arriving.source()), place(passage.out(), flow.destination()), arriving.destination(), arriving.protocol(),
                arriving.sourcePort(), port, arriving.isIcmp() ? port : flow.destinationPort());
    }

    private Place place(String iface, Ip address) {
        return new Place(switch (iface) {
            case "" -> node.namespace;
            case "eth0" -> outside;
            default -> pods.get(iface).namespace();
        }, address);
    }

    /**
     * Foreign rules: a translation of destinations, as a service proxy makes it; and the mark by which that proxy keeps packets to itself
     * whose source is to be another, so that none is masqueraded here, as none was where the verdicts were measured.
     */
    private void translate(List<Passage> passages) throws IOException {
        StringBuilder rules = new StringBuilder();
        passages.stream().filter(one -> !one.arriving().equals(one.flow())).map(PolicyScene::translation).distinct().sorted()
                .forEach(rule -> rules.append(rule).append('\n'));
        if (!rules.toString().equals(translations)) {
            translations = rules.toString();
            Path file = folder.resolve("translations.nft");
            Files.writeString(file, "table inet probes\ndelete table inet probes\ntable inet probes {\nchain pre {\ntype nat hook prerouting priority -100;\n"
                    + translations + "}\nchain post {\ntype filter hook postrouting priority 50;\noifname eth0 meta mark set mark or 0x4000\n}\n}\n");
            TestNamespaces.run(node.namespace, "nft", "-f", file.toString());
        }
    }

    private static String translation(Passage passage) {
        Flow arriving = passage.arriving();
        Ip to = passage.flow().destination();
        String protocol = Map.of(Probe.TCP, "tcp", Probe.UDP, "udp", Probe.SCTP, "sctp").get(arriving.protocol());
        return (to.isV4() ? "ip" : "ip6") + " daddr " + arriving.destination() + " " + protocol + " dport " + arriving.destinationPort() + " dnat "
                + (to.isV4() ? "ip to " + to : "ip6 to [" + to + "]") + ":" + passage.flow().destinationPort();
    }

    @Override
    public String toString() {
        return backend.toString();
    }

    String logText() {
        return node.logText();
    }

    @Override
    public void close() {
        node.close();
        store.close();
        relay.close();
        etcd.close();
        namespaces.close();
    }
}
