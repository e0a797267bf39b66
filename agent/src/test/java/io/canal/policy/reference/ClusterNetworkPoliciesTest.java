package io.canal.policy.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.calico.EndpointNames;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.policy.kubernetes.ClusterNetworkPolicies;
import io.canal.policy.kubernetes.ClusterNetworkPolicies.Node;
import io.canal.policy.kubernetes.NetworkPolicies;
import io.canal.policy.testing.Objects;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The 24 conformance cases of ClusterNetworkPolicy, one house a namespace, each with a server of the same ports. */
class ClusterNetworkPoliciesTest {

    private static final List<String> HOUSES = List.of("gryffindor", "hufflepuff", "ravenclaw", "slytherin");
    private static final Map<String, Integer> PROTOCOLS = Map.of("tcp", 6, "udp", 17, "sctp", 132);
    private static final Map<String, List<Integer>> PORTS = Map.of("tcp", List.of(80, 8080), "udp", List.of(53, 5353), "sctp", List.of(9003, 9005));
    private static final Ip NODE = Ip.of("10.10.0.9");

    private final List<Resource> policies = new ArrayList<>();

    /** Rules in order decide, for all ports and for one; what passes meets nothing more, and is allowed. */
    @ParameterizedTest
    @CsvSource({"Admin,ingress,tcp", "Admin,ingress,udp", "Admin,ingress,sctp", "Admin,egress,tcp", "Admin,egress,udp", "Admin,egress,sctp",
        "Baseline,ingress,tcp", "Baseline,ingress,udp", "Baseline,ingress,sctp", "Baseline,egress,tcp", "Baseline,egress,udp", "Baseline,egress,sctp"})
    void rules_decide_in_order(String tier, String direction, String protocol) {
        int first = PORTS.get(protocol).getFirst();
        int second = PORTS.get(protocol).getLast();
        String third = tier.equals("Admin") ? "Pass" : "Accept";
        cluster("order", tier, 10, "gryffindor", direction, rule(direction, "Accept", peer("ravenclaw"), port(protocol, first)),
                rule(direction, "Deny", peer("ravenclaw"), ""), rule(direction, "Accept", peer("ravenclaw"), ""),
                rule(direction, third, peer("hufflepuff"), port(protocol, second)), rule(direction, "Deny", peer("hufflepuff"), port(protocol, second)),
                rule(direction, "Deny", peer("slytherin"), port(protocol, first)));
        assertReached(direction, protocol, first, "gryffindor hufflepuff ravenclaw");
        assertReached(direction, protocol, second, "gryffindor hufflepuff slytherin");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Admin", "Baseline"})
    void both_directions_in_one_policy(String tier) {
        policies.add(converted("{\"metadata\":{\"name\":\"gress\"},\"spec\":{\"tier\":\"" + tier + "\",\"priority\":10,\"subject\":{\"pods\":{\"namespaceSelector\":{\"matchLabels\":"
                + "{\"conformance-house\":\"gryffindor\"}},\"podSelector\":{}}},\"ingress\":[" + rule("ingress", "Deny", peer("slytherin"), port("tcp", 80)) + "],\"egress\":["
                + rule("egress", "Deny", peer("ravenclaw"), port("udp", 53)) + "," + rule("egress", "Deny", peer("slytherin"), port("sctp", 9003)) + "]}}"));
        assertReached("ingress", "tcp", 80, "gryffindor hufflepuff ravenclaw");
        assertReached("egress", "tcp", 80, "gryffindor hufflepuff ravenclaw slytherin");
        assertReached("egress", "udp", 53, "gryffindor hufflepuff slytherin");
        assertReached("egress", "sctp", 9003, "gryffindor hufflepuff ravenclaw");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Admin", "Baseline"})
    void networks_decide_in_order(String tier) {
        String one = "{\"networks\":[\"" + address("ravenclaw") + "/32\"]}";
        String all = "{\"networks\":[\"10.244.0.0/16\",\"fd00::/8\"]}";
        cluster("net", tier, 10, "gryffindor", "egress", rule("egress", "Deny", one, ""), rule("egress", "Accept", all, ""));
        assertReached("egress", "tcp", 80, "gryffindor hufflepuff slytherin");
        policies.clear();
        cluster("net", tier, 10, "gryffindor", "egress", rule("egress", "Accept", one, ""), rule("egress", "Deny", all, ""));
        assertReached("egress", "tcp", 80, "ravenclaw");
    }

    @Test
    void admin_then_network_policy_then_baseline() {
        Resource baseline = policy("base", "Baseline", 10, "gryffindor", "ingress", rule("ingress", "Deny", peer("slytherin"), ""));
        Resource allow = Objects.resource(NetworkPolicies.convert(Json.object("test", "{\"metadata\":{\"name\":\"allow\",\"namespace\":\"gryffindor\"},\"spec\":{\"podSelector\":{},"
                + "\"ingress\":[{\"from\":[{\"namespaceSelector\":{\"matchLabels\":{\"conformance-house\":\"slytherin\"}}}]}],\"policyTypes\":[\"Ingress\"]}}").orThrow()).orThrow().policy());
        policies.addAll(List.of(baseline, allow, policy("admin", "Admin", 10, "gryffindor", "ingress", rule("ingress", "Deny", peer("slytherin"), ""))));
        assertReached("ingress", "tcp", 80, "");
        policies.removeLast();
        policies.add(policy("admin", "Admin", 10, "gryffindor", "ingress", rule("ingress", "Pass", peer("slytherin"), "")));
        assertReached("ingress", "tcp", 80, "slytherin");
        policies.remove(allow);
        assertReached("ingress", "tcp", 80, "gryffindor hufflepuff ravenclaw");
    }

    @Test
    void the_smaller_priority_comes_first() {
        policies.addAll(List.of(policy("deny", "Admin", 50, "gryffindor", "ingress", rule("ingress", "Deny", peer("slytherin"), "")),
                policy("pass", "Admin", 60, "gryffindor", "ingress", rule("ingress", "Pass", peer("slytherin"), "")),
                policy("base", "Baseline", 1, "gryffindor", "ingress", rule("ingress", "Deny", peer("hufflepuff"), ""))));
        assertReached("ingress", "tcp", 80, "gryffindor ravenclaw");
        policies.set(1, policy("pass", "Admin", 40, "gryffindor", "ingress", rule("ingress", "Pass", peer("slytherin"), "")));
        assertReached("ingress", "tcp", 80, "gryffindor ravenclaw slytherin");
    }

    @ParameterizedTest
    @CsvSource({"Admin,ingress", "Admin,egress", "Baseline,ingress", "Baseline,egress"})
    void a_port_by_its_name_has_the_protocol_that_the_pod_gives_it(String tier, String direction) {
        cluster("named", tier, 10, "gryffindor", direction, rule(direction, "Deny", peer("slytherin"), "{\"destinationNamedPort\":\"web\"}"),
                rule(direction, "Deny", peer("hufflepuff"), "{\"destinationNamedPort\":\"dns\"}"));
        assertReached(direction, "tcp", 80, "gryffindor hufflepuff ravenclaw");
        assertReached(direction, "tcp", 8080, "gryffindor hufflepuff ravenclaw slytherin");
        assertReached(direction, "udp", 53, "gryffindor ravenclaw slytherin");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Admin", "Baseline"})
    void nodes_are_their_addresses(String tier) {
        cluster("node", tier, 10, "gryffindor", "egress", rule("egress", "Accept", "{\"nodes\":{\"matchLabels\":{\"rank\":\"high\"}}}", port("tcp", 80)),
                rule("egress", "Deny", "{\"nodes\":{}}", ""));
        assertEquals(true, evaluator().judge(Passage.of(interfaceOf("gryffindor"), "eth0", Flow.ports(address("gryffindor"), NODE, 6, 33_333, 80))).allowed());
        assertEquals(false, evaluator().judge(Passage.of(interfaceOf("gryffindor"), "eth0", Flow.ports(address("gryffindor"), NODE, 6, 33_333, 81))).allowed());
        assertReached("egress", "tcp", 8080, "gryffindor hufflepuff ravenclaw slytherin");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '>', quoteCharacter = '`', value = {
        "{\"action\":\"Accept\",\"from\":[{}]} > gryffindor hufflepuff ravenclaw slytherin",
        "{\"action\":\"Deny\",\"from\":[{}]} > ``",
        "{\"action\":\"Pass\",\"from\":[{\"domainNames\":[\"a.b\"]}]} > ``",
        "{\"action\":\"Deny\"} > ``",
        "{\"action\":\"Open\",\"from\":[{\"namespaces\":{}}]} > ``",
        "{\"action\":\"Deny\",\"from\":[{\"namespaces\":{}}],\"protocols\":[{\"tcp\":{\"destinationPort\":{\"number\":0}}}]} > ``"
    })
    void a_rule_that_cannot_be_converted_opens_nothing(String rule, String reached) {
        ObjectNode policy = Json.object("test", "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"tier\":\"Admin\",\"priority\":1,\"subject\":{\"namespaces\":{}},\"ingress\":[" + rule + "]}}").orThrow();
        var converted = ClusterNetworkPolicies.convert(policy, List.of()).orThrow();
        assertEquals(1, converted.notes().size());
        policies.add(Objects.resource(converted.policy()));
        assertReached("ingress", "tcp", 80, reached);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"tier\":\"Admin\"}", "{\"tier\":\"Other\",\"priority\":1,\"subject\":{\"namespaces\":{}},\"ingress\":[]}",
        "{\"tier\":\"Admin\",\"priority\":1,\"subject\":{},\"ingress\":[{}]}", "{\"tier\":\"Admin\",\"priority\":1001,\"subject\":{\"namespaces\":{}},\"ingress\":[{}]}"})
    void a_policy_whose_place_or_subject_is_unknown_is_refused(String spec) {
        assertInstanceOf(Decoded.Bad.class, ClusterNetworkPolicies.convert(Json.object("test", "{\"metadata\":{\"name\":\"p\"},\"spec\":" + spec + "}").orThrow(), List.of()));
    }

    /** Who may talk to gryffindor (ingress), or whom gryffindor may talk to (egress). */
    private void assertReached(String direction, String protocol, int port, String houses) {
        Evaluator evaluator = evaluator();
        TreeSet<String> reached = new TreeSet<>();
        for (String house : HOUSES) {
            String from = direction.equals("ingress") ? house : "gryffindor";
            String to = direction.equals("ingress") ? "gryffindor" : house;
            Flow flow = Flow.ports(address(from), address(to), PROTOCOLS.get(protocol), 33_333, port);
            if (evaluator.exchange(Passage.of(interfaceOf(from), interfaceOf(to), flow)).allowed()) {
                reached.add(house);
            }
        }
        assertEquals(houses, String.join(" ", reached), direction + " " + protocol + " " + port);
    }

    private Evaluator evaluator() {
        List<Resource> resources = new ArrayList<>(policies);
        resources.add(Objects.resource(Kind.TIER, "kube-admin", "{\"order\":1000,\"defaultAction\":\"Pass\"}"));
        resources.add(Objects.resource(Kind.TIER, "default", "{\"order\":1000000,\"defaultAction\":\"Deny\"}"));
        resources.add(Objects.resource(Kind.TIER, "kube-baseline", "{\"order\":10000000,\"defaultAction\":\"Pass\"}"));
        for (String house : HOUSES) {
            resources.add(Objects.resource(Kind.PROFILE, "kns." + house, "{\"ingress\":[{\"action\":\"Allow\"}],\"egress\":[{\"action\":\"Allow\"}],\"labelsToApply\":{\"pcns.conformance-house\":\""
                    + house + "\"}}"));
            resources.add(Objects.resource("{\"kind\":\"WorkloadEndpoint\",\"metadata\":{\"name\":\"n-k8s-pod-eth0\",\"namespace\":\"" + house + "\",\"labels\":{\"projectcalico.org/orchestrator\":\"k8s\"}},"
                    + "\"spec\":{\"node\":\"n\",\"pod\":\"pod\",\"endpoint\":\"eth0\",\"orchestrator\":\"k8s\",\"ipNetworks\":[\"" + address(house) + "/32\"],\"profiles\":[\"kns." + house
                    + "\"],\"interfaceName\":\"" + interfaceOf(house) + "\",\"ports\":[{\"name\":\"web\",\"protocol\":\"TCP\",\"port\":80},{\"name\":\"dns\",\"protocol\":\"UDP\",\"port\":53}]}}"));
        }
        return new Evaluator(PolicyTables.of(resources, problem -> {
            throw new AssertionError(problem.sentence());
        }), NodeView.of("n", Map.of()));
    }

    private void cluster(String name, String tier, int priority, String house, String direction, String... rules) {
        policies.add(policy(name, tier, priority, house, direction, rules));
    }

    private static Resource policy(String name, String tier, int priority, String house, String direction, String... rules) {
        return converted("{\"metadata\":{\"name\":\"" + name + "\"},\"spec\":{\"tier\":\"" + tier + "\",\"priority\":" + priority + ",\"subject\":" + peer(house) + ",\"" + direction + "\":["
                + String.join(",", rules) + "]}}");
    }

    private static Resource converted(String policy) {
        var converted = ClusterNetworkPolicies.convert(Json.object("test", policy).orThrow(), List.of(new Node(Map.of("rank", "high"), List.of(NODE)))).orThrow();
        assertEquals(List.of(), converted.notes());
        return Objects.resource(converted.policy());
    }

    private static String rule(String direction, String action, String peer, String protocol) {
        return "{\"action\":\"" + action + "\",\"" + (direction.equals("ingress") ? "from" : "to") + "\":[" + peer + "]" + (protocol.isEmpty() ? "" : ",\"protocols\":[" + protocol + "]") + "}";
    }

    private static String peer(String house) {
        return "{\"namespaces\":{\"matchLabels\":{\"conformance-house\":\"" + house + "\"}}}";
    }

    private static String port(String protocol, int port) {
        return "{\"" + protocol + "\":{\"destinationPort\":{\"number\":" + port + "}}}";
    }

    private static Ip address(String house) {
        return Ip.of("10.244.1." + (10 + HOUSES.indexOf(house)));
    }

    private static String interfaceOf(String house) {
        return EndpointNames.podInterface(house, "pod");
    }
}
