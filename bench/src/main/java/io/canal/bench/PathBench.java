package io.canal.bench;

import static io.canal.kernel.testing.TestNamespaces.ip;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.store.Store;
import io.canal.store.Txn;
import io.canal.store.testing.TestEtcd;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * TCP from a pod of another node to one of this node, through the tunnel: without any rules, with flannel's masquerade rules alone,
 * and with policies. The rules of each case are saved from the kernel once and put back in turn, so that whatever else the machine
 * does meets all cases alike; nothing of user space has a part in it.
 */
final class PathBench {

    private static final int ROUNDS = 20;
    private static final int APPLYING = 10;
    private static final int FEW = 10;
    private static final int SOME = 1000;
    private static final int MANY = 10_000;
    private static final int PORT = 5201;
    private static final String BARE = "bare";
    private static final String MASQUERADE = "masquerade";
    private static final String FELIX = "felix";
    private static final String POD = "10.99.0.1";
    private static final String POD_INTERFACE = "cali%011d".formatted(0);
    private static final String FAR_NODE = "192.168.77.254";
    private static final String FAR_POD = "10.0.5.2";
    private static final Mac FAR_MAC = new Mac(0x0200_0000_0777L);
    private static final double LEAST = 95;
    private static final NetworkKeys KEYS = new NetworkKeys("/coreos.com/network");
    /** The node can have no other subnet than the one its pod is in. */
    private static final String NETWORK =
            "{\"Network\":\"10.0.0.0/8\",\"SubnetLen\":24,\"SubnetMin\":\"10.99.0.0\",\"SubnetMax\":\"10.99.0.0\",\"Backend\":{\"Type\":\"vxlan\"}}";

    /** What flanneld 0.28.9 puts into nf_tables. */
    private static final String FLANNEL = """
            table ip flannel-ipv4 {
                chain postrtg {
                    type nat hook postrouting priority srcnat; policy accept;
                    meta mark 0x00004000 return
                    ip saddr 10.99.0.0/24 ip daddr 10.0.0.0/8 return
                    ip saddr 10.0.0.0/8 ip daddr 10.99.0.0/24 return
                    ip saddr != 10.99.0.0/24 ip daddr 10.0.0.0/8 return
                    ip saddr 10.0.0.0/8 ip daddr != 224.0.0.0/4 masquerade fully-random
                    ip saddr != 10.0.0.0/8 ip daddr 10.0.0.0/8 masquerade fully-random
                }
                chain forward {
                    type filter hook forward priority filter; policy accept;
                    ip saddr 10.0.0.0/8 accept
                    ip daddr 10.0.0.0/8 accept
                }
            }
            """;

    private PathBench() {}

    static Report run(Options options) throws Exception {
        Report report = new Report("path");
        Map<String, String> rules = new LinkedHashMap<>();
        rules.put(BARE, "");
        rules.put(MASQUERADE, FLANNEL);
        Path root = Files.createTempDirectory("canal-bench-");
        try (TestNamespaces namespaces = new TestNamespaces(); Scene scene = new Scene(options.program(), root, namespaces)) {
            for (int policies : List.of(FEW, SOME, MANY)) {
                Report.progress(policies + " policies: rules");
                rules.put(Integer.toString(policies), scene.rules(scene.node, policies));
            }
            if (options.felix().isPresent()) {
                Felix felix = new Felix(options.felix().get(), scene.etcd.endpoints(), root);
                rules.put(FELIX, scene.rules(felix, SOME));
            }
            scene.node.reset();
            scene.tunnel();
            Map<String, double[]> gigabits = new LinkedHashMap<>();
            rules.keySet().forEach(each -> gigabits.put(each, new double[ROUNDS]));
            for (int round = 0; round < ROUNDS; round++) {
                for (Map.Entry<String, double[]> each : gigabits.entrySet()) {
                    Kernel.flush();
                    scene.load(rules.getOrDefault(each.getKey(), ""), root);
                    each.getValue()[round] = scene.gigabits();
                }
                Report.progress("round " + (round + 1) + " of " + ROUNDS);
            }
            String other = gigabits.containsKey(FELIX) ? "Felix in this run: %.1f %%".formatted(percent(gigabits, FELIX, BARE).median())
                    : "Felix 3.32.1, recorded: 77 to 89 %; not run";
            gigabits.forEach((each, values) -> report.figure("TCP through the tunnel, " + title(each), "Gbit/s", new Sample(values), "not run"));
            report.atLeast("1,000 policies (10 apply) against masquerade rules alone", "%", percent(gigabits, "" + SOME, MASQUERADE), LEAST, "not run");
            report.figure("1,000 policies (10 apply) against the bare tunnel", "%", percent(gigabits, "" + SOME, BARE), other);
            report.atLeast("10,000 policies against 10, of which 10 apply", "%", percent(gigabits, "" + MANY, "" + FEW), LEAST, "not run");
        }
        return report;
    }

    private static String title(String rules) {
        return switch (rules) {
            case BARE -> "no rules";
            case MASQUERADE -> "masquerade rules alone";
            case FELIX -> "Felix with 1,000 policies";
            default -> rules + " policies";
        };
    }

    private static Sample percent(Map<String, double[]> gigabits, String one, String other) {
        double[] ratios = new double[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            ratios[i] = 100 * gigabits.getOrDefault(one, new double[ROUNDS])[i] / gigabits.getOrDefault(other, new double[ROUNDS])[i];
        }
        return new Sample(ratios);
    }

    /** A node with a pod, and another one with a pod that no agent serves. */
    private static final class Scene implements AutoCloseable {

        private final TestEtcd etcd = TestEtcd.plain();
        private final Store store = etcd.store();
        private final NetworkNamespace here = NetworkNamespace.current();
        private final NetworkNamespace pod;
        private final NetworkNamespace farPod;
        private final Node node;

        Scene(Path program, Path root, TestNamespaces namespaces) throws Exception {
            node = new Node(program, etcd, false, root);
            store.commit(Txn.when().put(KEYS.config(), NETWORK, 0));
            store.commit(Txn.when().put(KEYS.lease(SubnetKey.of(Peers.subnet(5))),
                    LeaseValue.vxlan(Ip.of(FAR_NODE), 1, FAR_MAC).text(), 0));
            pod = Probe.pod(namespaces, "pod", POD_INTERFACE, POD);
            NetworkNamespace far = node.neighbour();
            ip(far, "addr", "add", FAR_NODE + "/24", "dev", "eth0");
            TestNamespaces.run(far, "sysctl", "-qw", "net.ipv4.ip_forward=1");
            TestNamespaces.run(here, "sysctl", "-qw", "net.ipv4.ip_forward=1");
            ip(far, "link", "add", "flannel.1", "address", FAR_MAC.toString(), "mtu", "1450", "type", "vxlan", "id", "1", "dstport", "8472", "local", FAR_NODE,
                    "dev", "eth0", "nolearning");
            ip(far, "link", "set", "flannel.1", "up");
            farPod = namespaces.add("farpod");
            namespaces.veth(far, "farpod", farPod, "eth0");
            ip(far, "route", "add", FAR_POD + "/32", "dev", "farpod");
            ip(farPod, "addr", "add", FAR_POD + "/32", "dev", "eth0");
            route(farPod, mac(far, "farpod"));
            route(pod, mac(here, POD_INTERFACE));
            ip(far, "neigh", "add", FAR_POD, "lladdr", mac(farPod, "eth0"), "dev", "farpod", "nud", "permanent");
        }

        /** All of a pod's packets go to its host. */
        private static void route(NetworkNamespace pod, String host) {
            ip(pod, "link", "set", "eth0", "mtu", "1450");
            ip(pod, "route", "replace", "169.254.1.1/32", "dev", "eth0", "scope", "link");
            ip(pod, "neigh", "replace", "169.254.1.1", "lladdr", host, "dev", "eth0", "nud", "permanent");
            ip(pod, "route", "replace", "10.0.0.0/8", "via", "169.254.1.1", "dev", "eth0");
        }

        private static String mac(NetworkNamespace namespace, String device) {
            return ip(namespace, "-o", "link", "show", device).replaceAll("(?s).*link/ether (\\S+).*", "$1");
        }

        /** The kernel's rules with so many policies. */
        String rules(Guard guard, int policies) throws Exception {
            etcd.etcdctl("del", "--prefix", "/calico/");
            PolicyLoad load = PolicyLoad.applying(store, policies, APPLYING);
            load.put();
            load.open(PORT);
            node.reset();
            guard.use(Dataplane.NFTABLES);
            guard.launch();
            guard.awaitReady();
            Node.pause(2000);
            String rules = TestNamespaces.run(here, "nft", "list", "ruleset");
            guard.kill();
            return rules;
        }

        /** The tunnel as the agent makes it, without the agent. */
        void tunnel() {
            ip(here, "link", "add", "flannel.1", "mtu", "1450", "type", "vxlan", "id", "1", "dstport", "8472", "local", Node.ADDRESS.toString(), "dev", "eth0", "nolearning");
            ip(here, "link", "set", "flannel.1", "up");
            link(here, "10.0.5.0", "10.0.5.0/24", FAR_MAC.toString(), FAR_NODE);
            link(node.neighbour(), "10.99.0.0", POD + "/32", mac(here, "flannel.1"), Node.ADDRESS.toString());
        }

        private static void link(NetworkNamespace from, String gateway, String to, String mac, String underlay) {
            ip(from, "route", "replace", to, "via", gateway, "dev", "flannel.1", "onlink");
            ip(from, "neigh", "replace", gateway, "lladdr", mac, "dev", "flannel.1", "nud", "permanent");
            TestNamespaces.bridge(from, "fdb", "append", mac, "dev", "flannel.1", "dst", underlay);
        }

        void load(String rules, Path root) throws IOException {
            Path file = root.resolve("rules.nft");
            Files.writeString(file, rules);
            TestNamespaces.run(here, "nft", "-f", file.toString());
        }

        /** By a server of its own: one that still waits for the end of a connection, which the rules before let through, would take no other. */
        double gigabits() throws IOException {
            Process server = TestNamespaces.start(pod, "iperf3", "-s", "-p", Integer.toString(PORT), "--forceflush");
            String said;
            try (BufferedReader words = server.inputReader()) {
                String line = words.readLine();
                while (line != null && !line.contains("listening")) {
                    line = words.readLine();
                }
                said = TestNamespaces.run(farPod, "timeout", "20", "iperf3", "-c", POD, "-p", Integer.toString(PORT), "-t", "1", "-J");
            } finally {
                server.destroyForcibly();
            }
            JsonNode end = Json.object("iperf3", said).orThrow().path("end").path("sum_received");
            return end.path("bits_per_second").asDouble() / 1e9;
        }

        @Override
        public void close() {
            Kernel.flush();
            node.close();
            store.close();
            etcd.close();
        }
    }
}
