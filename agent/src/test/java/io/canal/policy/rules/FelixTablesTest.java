package io.canal.policy.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.policy.reference.Evaluator;
import io.canal.policy.reference.Flow;
import io.canal.policy.reference.NodeView;
import io.canal.policy.reference.Passage;
import io.canal.policy.reference.Passage.State;
import io.canal.policy.reference.PolicyTables;
import io.canal.policy.rules.RuleSettings.ToHost;
import io.canal.policy.testing.Objects;
import io.canal.policy.testing.PacketWay;
import io.canal.policy.testing.RenderedNode;
import io.canal.ruleset.CtState;
import io.canal.ruleset.Met;
import io.canal.ruleset.Packet;
import io.canal.ruleset.iptables.IptablesMachine;
import io.canal.ruleset.nft.NftMachine;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The truth tables of Felix's own tests with a real kernel ({@code felix/fv}: ingress_egress, ep_to_host_action, hostendpoints, pre_dnat,
 * apply_on_forward, tiered_policy, forward_drop, spoof, named_ports), for the evaluator and for what is rendered on both dataplanes.
 */
class FelixTablesTest {

    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final Ip HOST = Ip.of("192.0.2.1");
    private static final Ip OTHER_HOST = Ip.of("192.0.2.2");
    private static final Ip CLIENT = Ip.of("192.0.2.66");
    private static final Ip REMOTE = Ip.of("10.1.50.2");
    private static final Map<String, Set<Ip>> INTERFACES = Map.of("eth0", Set.of(HOST), "lo", Set.of(Ip.of("127.0.0.1")), "flannel.1", Set.of(Ip.of("10.1.49.0")));
    private static final String NO_ONE = "{\"order\":20,\"selector\":\"has(host)\",\"types\":[\"Ingress\"],\"applyOnForward\":true,\"preDNAT\":true,\"ingress\":[{\"action\":\"Deny\"}]}";

    /** A node with three pods and these objects. */
    private static final class World {

        private final Evaluator evaluator;
        private final RenderedNode node;
        private final List<PacketWay> ways;

        World(ToHost toHost, List<Resource> more) {
            List<Resource> all = new ArrayList<>(more);
            all.add(Objects.resource(Kind.PROFILE, "open", "{\"ingress\":[{\"action\":\"Allow\"}],\"egress\":[{\"action\":\"Allow\"}]}"));
            for (int i = 0; i < 3; i++) {
                all.add(Objects.resource("""
                        {"kind":"WorkloadEndpoint","metadata":{"name":"n-k8s-w%1$d-eth0","namespace":"red","labels":{"name":"w%1$d"}},"spec":{"orchestrator":"k8s","node":"n","pod":"w%1$d",
                        "endpoint":"eth0","ipNetworks":["%2$s/32"],"profiles":["open"],"interfaceName":"cali%1$d","ports":[{"name":"tcpport","protocol":"TCP","port":8055},
                        {"name":"second","protocol":"TCP","port":8057},{"name":"udpport","protocol":"UDP","port":8055}]}}
                        """.formatted(i, pod(i))));
            }
            NodeView view = NodeView.of("n", INTERFACES).with(NodeView.ToHost.valueOf(toHost.name()));
            evaluator = new Evaluator(PolicyTables.of(all, problem -> {
                throw new AssertionError(problem.sentence());
            }), view);
            node = new RenderedNode("n", INTERFACES, RuleSettings.defaults().with(toHost)).put(all);
            ways = List.of(node.onNftables(), node.onIptables());
        }

        void check(boolean expected, Passage passage) {
            assertEquals(expected, evaluator.judge(passage).allowed(), () -> "evaluator: " + passage + " " + evaluator.judge(passage));
            boolean translated = !passage.arriving().equals(passage.flow());
            ways.forEach(way -> assertEquals(expected, way.run(passage, translated).through(), () -> way.dataplane() + ": " + passage));
        }

        /** Whether rules of ours end a packet's way in a chain of the kernel, on both dataplanes; else the kernel's own policy does. */
        boolean decides(String hook, String in, String out, Flow flow) {
            Packet packet = new Packet(in, out, flow.source(), flow.destination(), flow.protocol(), flow.sourcePort(), flow.destinationPort(), -1, -1, 0, CtState.NEW, false,
                    true, Set.of(HOST));
            List<Met> onNftables = new ArrayList<>();
            List<Met> onIptables = new ArrayList<>();
            NftMachine.of(node.ruleset()).run("filter-" + hook, packet, onNftables::add);
            IptablesMachine.of(node.ruleset(), Family.V4).run("filter", hook, packet, onIptables::add);
            boolean decides = onNftables.stream().anyMatch(Met::ends);
            assertEquals(decides, onIptables.stream().anyMatch(Met::ends), "the dataplanes differ");
            return decides;
        }
    }

    private static Ip pod(int number) {
        return Ip.of("10.1.49." + (number + 2));
    }

    private static World world(Resource... objects) {
        return new World(ToHost.ACCEPT, List.of(objects));
    }

    private static Resource policy(String name, String spec) {
        return Objects.resource(Kind.GLOBAL_NETWORK_POLICY, name, spec);
    }

    private static Resource host(String interfaceName) {
        return Objects.resource("{\"kind\":\"HostEndpoint\",\"metadata\":{\"name\":\"h\",\"labels\":{\"host\":\"n\"}},\"spec\":{\"node\":\"n\",\"interfaceName\":\"" + interfaceName + "\"}}");
    }

    private static Passage pods(int from, int to) {
        return pods(from, to, TCP, 8055);
    }

    private static Passage pods(int from, int to, int protocol, int port) {
        return Passage.of("cali" + from, "cali" + to, Flow.ports(pod(from), pod(to), protocol, 40_000, port));
    }

    private static Passage toHost(int from, int port) {
        return Passage.of("cali" + from, "", Flow.ports(pod(from), HOST, TCP, 40_000, port));
    }

    private static Passage out(int from) {
        return Passage.of("cali" + from, "eth0", Flow.ports(pod(from), CLIENT, TCP, 40_000, 8055));
    }

    private static Passage hostIn(int port) {
        return Passage.of("eth0", "", Flow.ports(OTHER_HOST, HOST, TCP, 40_000, port));
    }

    private static Passage hostOut(int port) {
        return Passage.of("", "eth0", Flow.ports(HOST, OTHER_HOST, TCP, 40_000, port));
    }

    private static Passage remoteTo(int to) {
        return Passage.of("flannel.1", "cali" + to, Flow.ports(REMOTE, pod(to), TCP, 40_000, 8055));
    }

    private static Passage hostTo(int to) {
        return Passage.of("", "cali" + to, Flow.ports(HOST, pod(to), TCP, 40_000, 8055));
    }

    /** Port 32010 of the node is pod 0's 8055, 32011 is pod 1's. */
    private static Passage nodePort(int port, String in, Ip from) {
        int to = port - 32010;
        return new Passage(in, "cali" + to, Flow.ports(from, HOST, TCP, 40_000, port), Flow.ports(from, pod(to), TCP, 40_000, 8055), State.NEW);
    }

    // ---- ingress_egress ----------------------------------------------------------------------------------------------------------

    private static final String FROM_1 = "\"ingress\":[{\"action\":\"Allow\",\"source\":{\"selector\":\"name == 'w1'\"}}]";

    @Test
    void an_ingress_policy_governs_only_what_comes_in() {
        World world = world(policy("p", "{\"selector\":\"name == 'w0'\",\"types\":[\"Ingress\"]," + FROM_1 + "}"));
        world.check(true, pods(1, 0));
        world.check(false, pods(2, 0));
        world.check(true, pods(0, 1));
        world.check(true, pods(0, 2));
    }

    @Test
    void an_egress_policy_governs_only_what_goes_out() {
        World world = world(policy("p", "{\"selector\":\"name == 'w0'\",\"types\":[\"Egress\"],\"egress\":[{\"action\":\"Allow\",\"destination\":{\"selector\":\"name == 'w1'\"}}]}"));
        world.check(true, pods(0, 1));
        world.check(false, pods(0, 2));
        world.check(true, pods(1, 0));
        world.check(true, pods(2, 0));
    }

    @Test
    void a_type_without_rules_closes_its_direction() {
        World world = world(policy("p", "{\"selector\":\"name == 'w0'\",\"types\":[\"Ingress\",\"Egress\"]," + FROM_1 + "}"));
        world.check(true, pods(1, 0));
        world.check(false, pods(0, 1));
        world.check(false, pods(0, 2));
        World closed = world(policy("p", "{\"selector\":\"name == 'w0'\",\"types\":[\"Ingress\"]}"));
        closed.check(false, pods(1, 0));
        closed.check(false, pods(2, 0));
        closed.check(true, pods(0, 1));
    }

    @Test
    void rules_of_a_direction_without_its_type_are_not_asked() {
        String rules = FROM_1 + ",\"egress\":[{\"action\":\"Deny\"}]";
        World ingress = world(policy("p", "{\"selector\":\"name == 'w0'\",\"types\":[\"Ingress\"]," + rules + "}"));
        World both = world(policy("p", "{\"selector\":\"name == 'w0'\",\"types\":[\"Ingress\",\"Egress\"]," + rules + "}"));
        for (World world : List.of(ingress, both)) {
            world.check(true, pods(1, 0));
            world.check(false, pods(2, 0));
            world.check(world == ingress, pods(0, 1));
        }
    }

    // ---- ep_to_host_action -------------------------------------------------------------------------------------------------------

    /** What the kernel's INPUT chain makes of what no rule decides, the parameter, and whether a pod reaches its node. */
    @ParameterizedTest
    @CsvSource({"DROP,ACCEPT,true", "DROP,RETURN,false", "DROP,DROP,false", "ACCEPT,ACCEPT,true", "ACCEPT,RETURN,true", "ACCEPT,DROP,false"})
    void what_a_pod_sends_to_its_node(String inputPolicy, ToHost action, boolean reaches) {
        Resource normalDeny = policy("p", "{\"selector\":\"has(host)\",\"types\":[\"Ingress\",\"Egress\"],\"ingress\":[{\"action\":\"Deny\"}],\"egress\":[{\"action\":\"Deny\"}]}");
        Resource normalAllow = policy("p", "{\"selector\":\"has(host)\",\"types\":[\"Ingress\"],\"ingress\":[{\"action\":\"Allow\"}]}");
        Resource preDnatAllow = policy("p", "{\"selector\":\"has(host)\",\"types\":[\"Ingress\"],\"applyOnForward\":true,\"preDNAT\":true,\"ingress\":[{\"action\":\"Allow\"}]}");
        Stream.of(List.<Resource>of(), List.of(host("eth0"), normalDeny), List.of(host("*"), preDnatAllow), List.of(host("*"), normalAllow), List.of(host("*"), normalDeny))
                .forEach(objects -> {
                    World world = new World(action, objects);
                    boolean dropped = action == ToHost.DROP;
                    world.check(!dropped, toHost(0, 8055));
                    boolean decided = world.decides("INPUT", "cali0", "", toHost(0, 8055).flow());
                    assertEquals(reaches, !dropped && (decided || inputPolicy.equals("ACCEPT")), objects::toString);
                    world.check(true, pods(0, 1));
                });
        World denied = new World(action, List.of(host("*"), policy("p", NO_ONE)));
        denied.check(false, toHost(0, 8055));
    }

    // ---- hostendpoints, apply_on_forward -----------------------------------------------------------------------------------------

    @Test
    void a_host_endpoint_without_policies_closes_the_node_and_not_its_pods() {
        for (String name : List.of("eth0", "*")) {
            World world = world(host(name));
            world.check(false, hostIn(8055));
            world.check(false, hostOut(8055));
            world.check(true, hostIn(22));
            world.check(true, hostOut(2379));
            world.check(true, remoteTo(0));
            world.check(true, pods(0, 1));
            world.check(true, hostTo(0));
        }
    }

    @Test
    void a_policy_that_applies_on_forward_closes_what_passes_through() {
        Resource deny = policy("p", "{\"selector\":\"has(host)\",\"types\":[\"Ingress\"],\"applyOnForward\":true,\"ingress\":[{\"action\":\"Deny\"}]}");
        for (String name : List.of("flannel.1", "*")) {
            World world = world(host(name), deny);
            world.check(false, remoteTo(0));
            world.check(true, hostTo(0));
        }
    }

    // ---- pre_dnat ----------------------------------------------------------------------------------------------------------------

    private static Resource allowPort(int port) {
        return policy("allow", "{\"order\":10,\"selector\":\"has(host)\",\"types\":[\"Ingress\"],\"applyOnForward\":true,\"preDNAT\":true,\"ingress\":[{\"action\":\"Allow\",\"protocol\":\"TCP\","
                + "\"destination\":{\"ports\":[" + port + "]}}]}");
    }

    @Test
    void policies_before_translation_see_the_port_of_the_node() {
        World closed = world(host("eth0"), policy("p", NO_ONE));
        World open = world(host("eth0"), policy("p", NO_ONE), allowPort(32010));
        World behind = world(host("eth0"), policy("p", NO_ONE), allowPort(8055));
        for (int port : List.of(32010, 32011)) {
            closed.check(false, nodePort(port, "eth0", CLIENT));
            closed.check(true, nodePort(port, "cali2", pod(2)));
            open.check(port == 32010, nodePort(port, "eth0", CLIENT));
            behind.check(false, nodePort(port, "eth0", CLIENT));
        }
    }

    @Test
    void those_of_all_interfaces_hold_for_pods_too() {
        World closed = world(host("*"), policy("p", NO_ONE));
        World open = world(host("*"), policy("p", NO_ONE), allowPort(32010));
        for (int port : List.of(32010, 32011)) {
            closed.check(false, nodePort(port, "eth0", CLIENT));
            closed.check(false, nodePort(port, "cali2", pod(2)));
            open.check(port == 32010, nodePort(port, "eth0", CLIENT));
            open.check(port == 32010, nodePort(port, "cali2", pod(2)));
        }
    }

    @Test
    void what_is_allowed_before_translation_meets_the_pods_policies_all_the_same() {
        World world = world(host("*"), policy("p", NO_ONE), allowPort(32010), policy("out",
                "{\"selector\":\"name == 'w2'\",\"types\":[\"Egress\"],\"egress\":[{\"action\":\"Deny\",\"destination\":{\"selector\":\"name == 'w0'\"}},{\"action\":\"Allow\"}]}"));
        world.check(true, nodePort(32010, "eth0", CLIENT));
        world.check(false, nodePort(32010, "cali2", pod(2)));
    }

    // ---- tiered_policy, forward_drop, spoof, named_ports ------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"Deny,false", "Pass,true"})
    void a_tier_without_a_decision_does_as_it_says(String defaultAction, boolean passes) {
        world(Objects.resource(Kind.TIER, "tier1", "{\"order\":10,\"defaultAction\":\"" + defaultAction + "\"}"),
                policy("p", "{\"tier\":\"tier1\",\"selector\":\"name == 'w0'\",\"types\":[\"Ingress\"]}")).check(passes, pods(1, 0));
    }

    @Test
    void of_interfaces_that_are_no_pods_nothing_is_decided() {
        assertEquals(false, world().decides("FORWARD", "eth1", "eth2", Flow.ports(CLIENT, Ip.of("198.51.100.7"), TCP, 40_000, 80)));
    }

    @Test
    void a_pod_has_only_its_own_source() {
        World world = world();
        world.check(true, out(0));
        world.check(false, Passage.of("cali0", "eth0", Flow.ports(pod(1), CLIENT, TCP, 40_000, 8055)));
        world.check(false, Passage.of("cali0", "cali2", Flow.ports(pod(1), pod(2), TCP, 40_000, 8055)));
    }

    @Test
    void a_named_port_is_a_name_and_a_protocol() {
        World positive = world(policy("p", "{\"selector\":\"name == 'w0'\",\"types\":[\"Ingress\"],\"ingress\":[{\"action\":\"Allow\",\"protocol\":\"TCP\","
                + "\"destination\":{\"ports\":[\"tcpport\",\"second\",9000]}}]}"));
        positive.check(true, pods(1, 0, TCP, 8055));
        positive.check(true, pods(1, 0, TCP, 8057));
        positive.check(true, pods(1, 0, TCP, 9000));
        positive.check(false, pods(1, 0, UDP, 8055));
        positive.check(false, pods(1, 0, TCP, 8056));
        World negative = world(policy("p", "{\"selector\":\"name == 'w0'\",\"types\":[\"Ingress\"],\"ingress\":[{\"action\":\"Allow\",\"protocol\":\"TCP\","
                + "\"destination\":{\"notPorts\":[\"tcpport\",9000]}}]}"));
        negative.check(false, pods(1, 0, TCP, 8055));
        negative.check(true, pods(1, 0, TCP, 8057));
        negative.check(false, pods(1, 0, TCP, 9000));
        World many = world(policy("p", "{\"selector\":\"name == 'w0'\",\"types\":[\"Ingress\"],\"ingress\":[{\"action\":\"Allow\",\"protocol\":\"TCP\",\"destination\":{\"ports\":[1,3,5,7,9,11,13,15,17,"
                + "19,21,23,25,27,29,31,33,\"second\"]}}]}"));
        many.check(true, pods(1, 0, TCP, 33));
        many.check(true, pods(1, 0, TCP, 8057));
        many.check(false, pods(1, 0, TCP, 32));
    }
}
