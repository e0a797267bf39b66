package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.agent.NewFlows.Flow;
import io.canal.agent.TestNode.Pod;
import io.canal.config.AgentConfig;
import io.canal.config.DataplaneOption;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.Spawned;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.store.testing.TestEtcd;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/**
 * A node whose rules go from a real Felix to canal and back, over each other's chains and sets: {@code canal test --with-felix PATH}. By
 * its name no run of the tests takes it up by itself.
 */
@TestInstance(Lifecycle.PER_CLASS)
@Tag("long")
class WithFelix {

    private static final String ROOT = "/calico/resources/v3/projectcalico.org/";
    private static final int STEADY = 6001;
    private static final int CLOSED = 6002;
    private static final int TURN = 6003;
    private static final int STEADY_FLOW = 0;
    private static final int STRANGER_FLOW = 1;
    private static final int CLOSED_FLOW = 2;
    private static final int TURN_FLOW = 3;
    /** For what somebody may still do in the background once it is ready. */
    private static final int SETTLE_MILLIS = 2_500;

    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace hub = TestNode.makeSwitch(namespaces);
    private final TestEtcd etcd = TestEtcd.tls(hub, "10.10.0.254");
    private final TestNode node;
    private Pod server;
    private Pod friend;
    private Pod stranger;
    private boolean open;

    WithFelix(@TempDir Path folder) {
        node = new TestNode(namespaces, hub, 1, etcd, folder, config -> new AgentConfig(config.unit(), config.nodename(), config.etcd(), config.iface(), config.publicIp(),
                config.mtu(), DataplaneOption.IPTABLES, config.leaseTtl(), config.logLevel(), config.listen(), config.kubeconfig(), config.charmDir()));
    }

    @BeforeAll
    void start() {
        etcd.etcdctl("put", "/coreos.com/network/config", "{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}");
        node.start();
        // Thousands of flows a second would fill the table of connections.
        TestNamespaces.run(node.namespace, "sysctl", "-qw", "net.netfilter.nf_conntrack_udp_timeout=2");
        server = pod("server");
        friend = pod("friend");
        stranger = pod("stranger");
        put("clusterinformations", "ClusterInformation", "default", "{\"clusterGUID\":\"0123456789abcdef0123456789abcdef\",\"calicoVersion\":\"v3.32.1\",\"datastoreReady\":true}");
        put("tiers", "Tier", "default", "{\"order\":1000000,\"defaultAction\":\"Deny\"}");
        put("profiles", "Profile", "kns.default", "{\"ingress\":[{\"action\":\"Allow\"}],\"egress\":[{\"action\":\"Allow\"}]}");
        put("profiles", "Profile", "ksa.default.default", "{}");
        turn(false);
    }

    @AfterAll
    void stop() {
        node.close();
        etcd.close();
        namespaces.close();
    }

    /** A pod with a label of its name. */
    private Pod pod(String who) {
        Pod made = node.add();
        String key = ROOT + "workloadendpoints/default/node--1-k8s-" + made.name().replace("-", "--") + "-eth0";
        node.await("the endpoint of " + made.name() + " is in etcd", () -> etcd.etcdctl("get", "--print-value-only", key).contains("spec"));
        String labelled = etcd.etcdctl("get", "--print-value-only", key).strip().replaceFirst("\"labels\":\\{", "\"labels\":{\"who\":\"" + who + "\",");
        assertTrue(labelled.contains("\"who\":\"" + who + "\""), labelled);
        etcd.putTogether(Map.of(key, labelled));
        return made;
    }

    private void put(String folder, String kind, String name, String spec) {
        etcd.putTogether(Map.of(ROOT + folder + "/" + name,
                "{\"kind\":\"" + kind + "\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\"" + name + "\"},\"spec\":" + spec + "}"));
    }

    /** The port by which is seen that a change takes effect, opened or closed to the friend. */
    private void turn(boolean now) {
        open = now;
        put("globalnetworkpolicies", "GlobalNetworkPolicy", "server", "{\"tier\":\"default\",\"order\":1,\"selector\":\"who == 'server'\",\"types\":[\"Ingress\"],\"ingress\":["
                + "{\"action\":\"Allow\",\"protocol\":\"UDP\",\"source\":{\"selector\":\"who == 'friend'\"},\"destination\":{\"ports\":[" + STEADY + (open ? "," + TURN : "") + "]}},"
                + "{\"action\":\"Allow\",\"protocol\":\"UDP\",\"source\":{\"nets\":[\"192.0.2.0/24\"]}}]}");
    }

    @Test
    void rules_go_from_felix_to_canal_and_back_without_a_flush_a_lost_packet_or_one_too_many() throws Exception {
        node.stop();
        // As on a node that never had canal's rules.
        TestNamespaces.run(node.namespace, "nft", "flush", "ruleset");
        TestNamespaces.run(node.namespace, "ipset", "destroy");
        List<Flow> wanted = List.of(new Flow(friend, STEADY), new Flow(stranger, STEADY), new Flow(friend, CLOSED), new Flow(friend, TURN));
        try (Felix felix = new Felix()) {
            felix.launch();
            try (NewFlows first = new NewFlows(server, wanted, NewFlows.LOW_PORTS)) {
                node.await("the policy is in force", () -> first.passes(STEADY_FLOW) && !first.passes(STRANGER_FLOW) && !first.passes(CLOSED_FLOW) && !first.passes(TURN_FLOW));
            }
            goThereAndBack(felix, wanted);
        }
    }

    private void goThereAndBack(Felix felix, List<Flow> wanted) throws Exception {
        try (NewFlows flows = new NewFlows(server, wanted, NewFlows.HIGH_PORTS)) {
            assertGoverns(flows);
            felix.close();
            node.start();
            assertGoverns(flows);
            String ours = rules();
            node.stop();
            felix.launch();
            assertGoverns(flows);
            felix.close();
            node.start();
            assertGoverns(flows);
            flows.stop();
            assertEquals(ours, rules(), "what Felix left would be there for ever");
            int sent = flows.sent();
            BitSet lost = new BitSet();
            lost.set(0, sent);
            lost.andNot(flows.arrived(STEADY_FLOW));
            assertEquals(new BitSet(), lost, "of " + sent + " packets that are allowed these were lost");
            assertEquals(new BitSet(), flows.arrived(STRANGER_FLOW), "of " + sent + " packets of a pod that is not allowed these came through");
            assertEquals(new BitSet(), flows.arrived(CLOSED_FLOW), "of " + sent + " packets to a port that is not allowed these came through");
            System.out.println("Felix, canal, Felix, canal: " + sent + " packets of each flow, none lost, none too many");
        }
    }

    /** Whoever is at work now follows what etcd says, both ways, and then has time for what else it may do. */
    private void assertGoverns(NewFlows flows) throws InterruptedException {
        turn(!open);
        node.await("the turn is " + open, () -> flows.passes(TURN_FLOW) == open);
        turn(!open);
        node.await("the turn is " + open, () -> flows.passes(TURN_FLOW) == open);
        Thread.sleep(SETTLE_MILLIS);
    }

    /** Without what counts. */
    private String rules() {
        List<String> all = new ArrayList<>();
        for (String program : List.of("iptables-nft-save", "ip6tables-nft-save")) {
            all.addAll(TestNamespaces.run(node.namespace, program).lines().filter(line -> !line.startsWith("#")).map(line -> line.replaceAll(" \\[\\d+:\\d+]", "")).toList());
        }
        all.addAll(TestNamespaces.run(node.namespace, "ipset", "save").lines().map(line -> line.replaceAll(" initval \\S+| bucketsize \\d+", "")).sorted().toList());
        return all.stream().collect(Collectors.joining("\n"));
    }

    /** Felix on the node, by the same etcd. */
    private final class Felix implements AutoCloseable {

        private static final int PORT = 9099;
        private static final int TOLD = 2_000;
        private final Path log = node.paths.root().resolve("felix.log");
        private Optional<Process> process = Optional.empty();

        void launch() throws IOException {
            String program = System.getProperty("felix", "");
            if (program.isEmpty()) {
                throw new AssertionError("no Felix is named: canal test --with-felix PATH");
            }
            ProcessBuilder builder = new ProcessBuilder("nsenter", "--net=" + node.namespace.path(), program).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.to(log.toFile()));
            String authority = etcd.certificates().file("ca.pem").toString();
            String certificate = etcd.certificates().file("client.pem").toString();
            String key = etcd.certificates().file("client.key").toString();
            builder.environment().putAll(Map.of(
                    "DATASTORE_TYPE", "etcdv3", "ETCD_ENDPOINTS", String.join(",", etcd.endpoints()),
                    "ETCD_CA_CERT_FILE", authority, "ETCD_CERT_FILE", certificate, "ETCD_KEY_FILE", key,
                    "FELIX_ETCDCAFILE", authority, "FELIX_ETCDCERTFILE", certificate, "FELIX_ETCDKEYFILE", key));
            builder.environment().putAll(Map.of(
                    "FELIX_DATASTORETYPE", "etcdv3", "FELIX_FELIXHOSTNAME", node.name, "FELIX_NFTABLESMODE", "Disabled", "FELIX_IPTABLESBACKEND", "NFT",
                    "FELIX_HEALTHENABLED", "true", "FELIX_HEALTHPORT", Integer.toString(PORT), "FELIX_LOGFILEPATH", "none", "FELIX_LOGSEVERITYSCREEN", "Warning",
                    "FELIX_USAGEREPORTINGENABLED", "false",
                    // One that was built without libbpf cannot look for what an eBPF mode of before would have left.
                    "FELIX_DebugSkipCTLBCleanup", "true"));
            Process started = Spawned.with(builder.start());
            process = Optional.of(started);
            node.await("Felix is ready", () -> {
                if (!started.isAlive()) {
                    throw new AssertionError("Felix has ended:\n" + logText());
                }
                return isReady();
            });
        }

        private String logText() {
            try {
                String all = Files.readString(log);
                return all.substring(Math.max(0, all.length() - TOLD));
            } catch (IOException absent) {
                return "(no log)";
            }
        }

        private boolean isReady() {
            try {
                return node.namespace.<Integer, IOException>call(() ->
                        ((HttpURLConnection) URI.create("http://127.0.0.1:" + PORT + "/readiness").toURL().openConnection()).getResponseCode()) == HttpURLConnection.HTTP_OK;
            } catch (IOException notYet) {
                return false;
            }
        }

        @Override
        public void close() {
            try {
                if (process.isPresent()) {
                    process.get().destroy();
                    if (!process.get().waitFor(5, TimeUnit.SECONDS)) {
                        process.get().destroyForcibly().waitFor();
                    }
                }
            } catch (InterruptedException interrupted) {
                throw new AssertionError(interrupted);
            }
        }
    }
}
