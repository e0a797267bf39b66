package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.agent.NewFlows.Flow;
import io.canal.agent.TestNode.Pod;
import io.canal.config.AgentConfig;
import io.canal.config.DataplaneOption;
import io.canal.control.Op;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Json;
import io.canal.store.testing.TestEtcd;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Policies of two pods, labels of two more and a set change at one revision of etcd, again and again, under five thousand new flows a
 * second. In both states the pod {@code a} may talk to one port, by other rules and other sets each time, and {@code b} may not; {@code c}
 * may never, once because the server's policy says so and once because its own does. What a mixture of both states would let through,
 * or drop, is seen at once.
 */
@TestInstance(Lifecycle.PER_CLASS)
@Tag("long")
@Tag("alone")
class SwapIT {

    private static final String ROOT = "/calico/resources/v3/projectcalico.org/";
    private static final int STEADY = 6001;
    private static final int TURN = 6002;
    private static final int MIXED = 6003;

    private static final int A_STEADY = 0;
    private static final int B_STEADY = 1;
    private static final int C_MIXED = 2;
    private static final int A_TURN = 3;
    private static final int B_TURN = 4;

    private static final int SWAPS = 24;
    /** Packets of each flow. */
    private static final int ENOUGH = 2_000;
    private static final int KILLS = 3;
    private static final int SWAPS_WHILE_DEAD = 2;
    /** A packet on either side of a swap may have been overtaken by the next flow's. */
    private static final int LONGEST_OVERLAP = 2;

    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace hub = TestNode.makeSwitch(namespaces);
    private final TestEtcd etcd = TestEtcd.tls(hub, "10.10.0.254");
    private final TestNode onNft;
    private final TestNode onIptables;
    private final List<Pod> pods = new ArrayList<>();
    private final Map<Pod, String> endpoints = new LinkedHashMap<>();
    private boolean second;

    SwapIT(@TempDir Path folder) {
        onNft = new TestNode(namespaces, hub, 1, etcd, folder.resolve("nft"), config -> with(config, DataplaneOption.NFTABLES));
        onIptables = new TestNode(namespaces, hub, 2, etcd, folder.resolve("iptables"), config -> with(config, DataplaneOption.IPTABLES));
    }

    private static AgentConfig with(AgentConfig config, DataplaneOption dataplane) {
        return new AgentConfig(config.unit(), config.nodename(), config.etcd(), config.iface(), config.publicIp(), config.mtu(), dataplane, config.leaseTtl(),
                config.logLevel(), config.listen(), config.kubeconfig(), config.charmDir());
    }

    @BeforeAll
    void start() {
        etcd.etcdctl("put", "/coreos.com/network/config", "{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}");
        onNft.start();
        onIptables.start();
        for (TestNode node : List.of(onNft, onIptables)) {
            // Thousands of flows a second would fill the table of connections.
            TestNamespaces.run(node.namespace, "sysctl", "-qw", "net.netfilter.nf_conntrack_udp_timeout=2");
        }
    }

    @AfterAll
    void stop() {
        onNft.close();
        onIptables.close();
        etcd.close();
        namespaces.close();
    }

    /** The pods, their endpoints in etcd, and the first state in force. */
    private NewFlows begin(TestNode node) throws Exception {
        for (int i = 0; i < 4; i++) {
            pods.add(node.add());
        }
        for (Pod pod : pods) {
            node.await("the endpoint of " + pod.name() + " is in etcd", () -> endpoint(pod).contains("spec"));
            endpoints.put(pod, endpoint(pod));
        }
        second = false;
        etcd.putTogether(state());
        Pod server = pods.get(0);
        Pod a = pods.get(1);
        Pod b = pods.get(2);
        Pod c = pods.get(3);
        List<Flow> flows = List.of(new Flow(a, STEADY), new Flow(b, STEADY), new Flow(c, MIXED), new Flow(a, TURN), new Flow(b, TURN));
        try (NewFlows first = new NewFlows(server, flows, NewFlows.LOW_PORTS)) {
            node.await("the first state is in force", () -> first.passes(A_STEADY) && !first.passes(B_STEADY) && !first.passes(C_MIXED) && !first.passes(B_TURN));
        }
        return new NewFlows(server, flows, NewFlows.HIGH_PORTS);
    }

    @AfterEach
    void end() {
        etcd.etcdctl("del", "--prefix", ROOT + "globalnetworkpolicies/");
        etcd.etcdctl("del", "--prefix", ROOT + "globalnetworksets/");
        for (Pod pod : pods) {
            (pod.name().startsWith("pod-1-") ? onNft : onIptables).del(pod);
        }
        pods.clear();
        endpoints.clear();
    }

    /** All that differs between the two states. */
    private Map<String, String> state() {
        String one = second ? "two" : "one";
        String other = second ? "one" : "two";
        Map<String, String> values = new LinkedHashMap<>();
        label(values, pods.get(0), "server", "none");
        label(values, pods.get(1), "a", one);
        label(values, pods.get(2), "b", other);
        label(values, pods.get(3), "c", "none");
        policy(values, "server", "{\"order\":1,\"selector\":\"who == 'server'\",\"types\":[\"Ingress\"],\"ingress\":["
                + allow("x == '" + one + "'", STEADY) + "," + allow("turn == 'yes'", TURN) + (second ? "" : "," + allow("who == 'c'", MIXED)) + "]}");
        policy(values, "client", "{\"order\":1,\"selector\":\"who == 'c'\",\"types\":[\"Egress\"],\"egress\":["
                + (second ? "" : "{\"action\":\"Deny\",\"protocol\":\"UDP\",\"destination\":{\"ports\":[" + MIXED + "]}},") + "{\"action\":\"Allow\"}]}");
        values.put(ROOT + "globalnetworksets/turn", "{\"kind\":\"GlobalNetworkSet\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\"turn\",\"labels\":{\"turn\":\"yes\"}},"
                + "\"spec\":{\"nets\":[\"" + pods.get(second ? 2 : 1).address() + "/32\"]}}");
        return values;
    }

    private static String allow(String selector, int port) {
        return "{\"action\":\"Allow\",\"protocol\":\"UDP\",\"source\":{\"selector\":\"" + selector + "\"},\"destination\":{\"ports\":[" + port + "]}}";
    }

    private static void policy(Map<String, String> values, String name, String spec) {
        values.put(ROOT + "globalnetworkpolicies/" + name,
                "{\"kind\":\"GlobalNetworkPolicy\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\"" + name + "\"},\"spec\":" + spec + "}");
    }

    private void label(Map<String, String> values, Pod pod, String who, String x) {
        String labelled = String.valueOf(endpoints.get(pod)).strip().replaceFirst("\"labels\":\\{", "\"labels\":{\"who\":\"" + who + "\",\"x\":\"" + x + "\",");
        assertTrue(labelled.contains("\"who\":\"" + who + "\""), labelled);
        values.put(key(pod), labelled);
    }

    private String key(Pod pod) {
        String node = pod.name().startsWith("pod-1-") ? "node--1" : "node--2";
        return ROOT + "workloadendpoints/default/" + node + "-k8s-" + pod.name().replace("-", "--") + "-eth0";
    }

    private String endpoint(Pod pod) {
        return etcd.etcdctl("get", "--print-value-only", key(pod));
    }

    private void swap() {
        second = !second;
        etcd.putTogether(state());
    }

    private static void assertWhole(NewFlows flows, String when) {
        int sent = flows.sent();
        assertTrue(sent > ENOUGH, sent + " packets of each flow");
        BitSet lost = new BitSet();
        lost.set(0, sent);
        lost.andNot(flows.arrived(A_STEADY));
        assertEquals(new BitSet(), lost, "of " + sent + " packets that both states allow these were lost, " + when);
        assertEquals(new BitSet(), flows.arrived(B_STEADY), "of " + sent + " packets that neither state allows these came through, " + when);
        assertEquals(new BitSet(), flows.arrived(C_MIXED), "of " + sent + " packets that neither state allows, for other reasons, these came through, " + when);
    }

    @ParameterizedTest
    @EnumSource(names = {"NFTABLES", "IPTABLES"})
    void each_packet_meets_the_old_state_or_the_new_one_whole(DataplaneOption dataplane) throws Exception {
        TestNode node = dataplane == DataplaneOption.NFTABLES ? onNft : onIptables;
        try (NewFlows flows = begin(node)) {
            int swaps = 0;
            // The faster the agent, the fewer packets meet one swap.
            while (swaps < SWAPS || flows.sent() <= ENOUGH) {
                swap();
                swaps++;
                node.await("it is the other's turn", () -> flows.passes(second ? B_TURN : A_TURN) && !flows.passes(second ? A_TURN : B_TURN));
            }
            flows.stop();
            assertWhole(flows, "in " + swaps + " swaps");
            assertTurns(flows, swaps, dataplane);
        }
    }

    /** With one transaction for all that changes, the two clients swap at one moment; ipsets are filled before they are emptied. */
    private static void assertTurns(NewFlows flows, int swaps, DataplaneOption dataplane) {
        BitSet a = flows.arrived(A_TURN);
        BitSet b = flows.arrived(B_TURN);
        BitSet both = (BitSet) a.clone();
        both.and(b);
        BitSet neither = new BitSet();
        neither.set(0, flows.sent());
        neither.andNot(a);
        neither.andNot(b);
        System.out.println(dataplane + ": " + flows.sent() + " packets of each flow; both clients passed with " + both.cardinality()
                + ", neither with " + neither.cardinality());
        assertTrue(longest(neither) <= LONGEST_OVERLAP, "neither client passed with " + neither);
        assertTrue(neither.cardinality() <= swaps, "neither client passed with " + neither);
        if (dataplane == DataplaneOption.NFTABLES) {
            assertTrue(longest(both) <= LONGEST_OVERLAP && both.cardinality() <= swaps, "both clients passed with " + both);
        }
        assertTrue(a.cardinality() > swaps && b.cardinality() > swaps, a.cardinality() + " and " + b.cardinality());
    }

    private static int longest(BitSet numbers) {
        int longest = 0;
        for (int at = numbers.nextSetBit(0); at >= 0; at = numbers.nextSetBit(numbers.nextClearBit(at))) {
            longest = Math.max(longest, numbers.nextClearBit(at) - at);
        }
        return longest;
    }

    @ParameterizedTest
    @EnumSource(names = {"NFTABLES", "IPTABLES"})
    void an_agent_that_is_killed_again_and_again_mixes_no_states(DataplaneOption dataplane) throws Exception {
        TestNode node = dataplane == DataplaneOption.NFTABLES ? onNft : onIptables;
        try (NewFlows flows = begin(node)) {
            for (int kill = 0; kill < KILLS; kill++) {
                swap();
                node.kill();
                for (int i = 0; i < SWAPS_WHILE_DEAD + kill % 2; i++) {
                    swap();
                }
                node.launch();
                node.await("the agent follows", () -> flows.passes(second ? B_TURN : A_TURN) && !flows.passes(second ? A_TURN : B_TURN));
            }
            node.await("the agent is ready", node::ready);
            flows.stop();
            assertWhole(flows, "in " + KILLS + " kills");
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"NFTABLES", "IPTABLES"})
    void a_switch_of_the_dataplane_mixes_no_states(DataplaneOption dataplane) throws Exception {
        TestNode node = dataplane == DataplaneOption.NFTABLES ? onNft : onIptables;
        try (NewFlows flows = begin(node)) {
            DataplaneOption other = dataplane == DataplaneOption.NFTABLES ? DataplaneOption.IPTABLES : DataplaneOption.NFTABLES;
            for (DataplaneOption next : List.of(other, dataplane, other, dataplane, other, dataplane, other, dataplane)) {
                node.configure(with(node.config(), next));
                node.call(Op.RELOAD, Json.object());
                swap();
                node.await("the rules are in " + next, () -> node.status().dataplane().startsWith(next == DataplaneOption.NFTABLES ? "nftables" : "iptables"));
                swap();
                node.await("the agent follows", () -> flows.passes(second ? B_TURN : A_TURN) && !flows.passes(second ? A_TURN : B_TURN));
            }
            flows.stop();
            assertWhole(flows, "in eight switches");
        }
    }
}
