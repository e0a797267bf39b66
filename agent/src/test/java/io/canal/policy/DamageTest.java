package io.canal.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.calico.Direction;
import io.canal.model.calico.HostEndpoint;
import io.canal.model.calico.Kind;
import io.canal.model.calico.NetworkSet;
import io.canal.model.calico.Policy;
import io.canal.model.calico.PolicyRule;
import io.canal.model.calico.Profile;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import io.canal.model.calico.RuleAction;
import io.canal.model.calico.Tier;
import io.canal.model.calico.WorkloadEndpoint;
import io.canal.policy.kubernetes.ClusterNetworkPolicies;
import io.canal.policy.kubernetes.NetworkPolicies;
import io.canal.policy.reference.Evaluator;
import io.canal.policy.reference.Flow;
import io.canal.policy.reference.NodeView;
import io.canal.policy.reference.Pod;
import io.canal.policy.reference.PolicyTables;
import io.canal.policy.reference.Stage.Outcome;
import io.canal.policy.selector.Selector;
import io.canal.policy.testing.FelixScenario;
import io.canal.policy.testing.Objects;
import io.canal.reconcile.testing.Chance;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is wrong with one object opens nothing, and harms no other. */
class DamageTest {

    private static final Flow TO_80 = Flow.ports(Ip.of("10.244.1.9"), Ip.of("10.244.1.7"), 6, 33_333, 80);

    /** A rule that cannot be read: left out where it was to allow or to log; else it denies all. */
    @ParameterizedTest
    @CsvSource(delimiter = '>', quoteCharacter = '`', value = {
        "{\"action\":\"Allow\",\"source\":{\"nets\":[\"10.0.0.0/99\"]}} > 0",
        "{\"action\":\"Allow\",\"source\":{\"notNets\":[\"x\"]}} > 0",
        "{\"action\":\"Allow\",\"protocol\":\"TCP\",\"destination\":{\"ports\":[\"90:80\"]}} > 0",
        "{\"action\":\"Allow\",\"protocol\":\"TCP\",\"destination\":{\"ports\":[0]}} > 0",
        "{\"action\":\"Allow\",\"protocol\":\"TCP\",\"destination\":{\"ports\":[65536]}} > 0",
        "{\"action\":\"Allow\",\"protocol\":\"TCP\",\"destination\":{\"ports\":[\"70000\"]}} > 0",
        "{\"action\":\"Allow\",\"protocol\":\"ICMP\",\"destination\":{\"ports\":[80]}} > 0",
        "{\"action\":\"Allow\",\"destination\":{\"ports\":[80]}} > 0",
        "{\"action\":\"Allow\",\"protocol\":\"nosuch\"} > 0",
        "{\"action\":\"Allow\",\"protocol\":0} > 0",
        "{\"action\":\"Allow\",\"ipVersion\":5} > 0",
        "{\"action\":\"Allow\",\"protocol\":\"ICMP\",\"icmp\":{\"code\":3}} > 0",
        "{\"action\":\"Allow\",\"protocol\":\"ICMP\",\"icmp\":{\"type\":256}} > 0",
        "{\"action\":\"Allow\",\"source\":[]} > 0",
        "{\"action\":\"Allow\",\"source\":{\"selector\":7}} > 0",
        "{\"action\":\"Log\",\"protocol\":\"nosuch\"} > 0",
        "{\"action\":\"Deny\",\"protocol\":\"nosuch\"} > 1",
        "{\"action\":\"Pass\",\"source\":{\"nets\":[\"x\"]}} > 1",
        "{\"action\":\"Permit\"} > 1",
        "{\"action\":7} > 1",
        "{} > 1"
    })
    void a_rule_that_cannot_be_read_opens_nothing(String rule, int denials) {
        Policy policy = Policy.of(Objects.resource(Kind.GLOBAL_NETWORK_POLICY, "p", "{\"ingress\":[" + rule + "],\"types\":[\"Ingress\"]}")).orThrow();
        assertEquals(1, policy.notes().size());
        assertTrue(policy.notes().getFirst().sentence().startsWith("/calico/resources/v3/projectcalico.org/globalnetworkpolicies/p: spec.ingress[0]."), policy.notes()::toString);
        assertEquals(denials == 0 ? List.of() : List.of(PolicyRule.all(RuleAction.DENY)), policy.rules(Direction.INGRESS));
    }

    /** What makes Felix crash is enforced as it says. */
    @ParameterizedTest
    @CsvSource(delimiter = '>', quoteCharacter = '`', value = {
        "{\"action\":\"Allow\",\"protocol\":\"TCP\",\"notProtocol\":\"UDP\"} > true",
        "{\"action\":\"Allow\",\"protocol\":\"TCP\",\"notProtocol\":\"TCP\"} > false",
        "{\"action\":\"allow\"} > true",
        "{\"action\":\"Permit\"} > false",
        "{\"action\":\"Allow\",\"protocol\":\"ICMP\",\"icmp\":{\"type\":3,\"code\":4}} > false",
        "{\"action\":\"next-tier\"} > true",
        "{\"action\":\"Allow\",\"newField\":{\"a\":1}} > true",
        "{\"action\":\"Allow\",\"http\":{\"methods\":[\"GET\"]}} > true"
    })
    void what_felix_crashes_on_is_enforced(String rule, boolean allowed) {
        assertEquals(allowed, ingress(List.of(Objects.resource(Kind.GLOBAL_NETWORK_POLICY, "p", "{\"ingress\":[" + rule + "],\"types\":[\"Ingress\"]}"))));
    }

    @Test
    void icmp_type_and_code_must_both_be() {
        List<Resource> allow = List.of(Objects.resource(Kind.GLOBAL_NETWORK_POLICY, "p", "{\"ingress\":[{\"action\":\"Allow\",\"protocol\":\"ICMP\",\"icmp\":{\"type\":3,\"code\":4}}],\"types\":[\"Ingress\"]}"));
        List<Resource> except = List.of(Objects.resource(Kind.GLOBAL_NETWORK_POLICY, "p", "{\"ingress\":[{\"action\":\"Allow\",\"protocol\":\"ICMP\",\"notICMP\":{\"type\":3,\"code\":4}}],\"types\":[\"Ingress\"]}"));
        for (int[] typeAndCode : new int[][] {{3, 4}, {3, 1}, {8, 4}, {8, 0}}) {
            Flow flow = Flow.icmp(TO_80.source(), TO_80.destination(), typeAndCode[0], typeAndCode[1]);
            boolean both = typeAndCode[0] == 3 && typeAndCode[1] == 4;
            assertEquals(both, ingress(allow, flow), flow.toString());
            assertEquals(!both, ingress(except, flow), flow.toString());
        }
    }

    @Test
    void one_bad_object_disturbs_no_other() {
        List<Resource> good = List.of(Objects.resource(Kind.GLOBAL_NETWORK_POLICY, "good", "{\"order\":5,\"ingress\":[{\"action\":\"Allow\",\"source\":{\"selector\":\"feed == 'x'\"}}],\"types\":[\"Ingress\"]}"),
                Objects.resource("{\"kind\":\"GlobalNetworkSet\",\"metadata\":{\"name\":\"bad\",\"labels\":{\"feed\":\"x\"}},\"spec\":{\"nets\":[\"foo\",\"10.244.1.0/24\"]}}"),
                Objects.resource(Kind.GLOBAL_NETWORK_POLICY, "no-selector", "{\"order\":1,\"selector\":\"a = = b\",\"ingress\":[{\"action\":\"Deny\"}]}"),
                Objects.resource(Kind.GLOBAL_NETWORK_POLICY, "wrong-type", "{\"order\":\"x\",\"ingress\":[{\"action\":\"Deny\"}]}"),
                Objects.resource(Kind.GLOBAL_NETWORK_POLICY, "no-list", "{\"ingress\":{\"action\":\"Deny\"}}"),
                Objects.resource(Kind.TIER, "t", "{\"defaultAction\":\"Open\"}"));
        assertTrue(ingress(good));
    }

    @Test
    void names_are_only_names() {
        for (String name : List.of("$(reboot)", "a;b", "a\"b", "a'b", "a\nb", "-j ACCEPT", "{}", "a".repeat(10_000), "ü", "..")) {
            Resource policy = Resource.make(ResourceKey.of(Kind.GLOBAL_NETWORK_POLICY, name), Map.of(),
                    Json.object("test", "{\"selector\":\"all()\",\"ingress\":[{\"action\":\"Allow\"}],\"types\":[\"Ingress\"]}").orThrow());
            assertTrue(ingress(List.of(policy)), name);
        }
    }

    /** No text, however damaged, gets more out of a decoder than a value or a sentence. */
    @Test
    void no_damage_gets_past_the_decoders() {
        long seed = Chance.seed();
        Random dice = new Random(seed);
        List<Resource> all = FelixScenario.NAMES.stream().flatMap(name -> FelixScenario.load(name).resources().stream()).toList();
        for (int i = 0; i < 20_000; i++) {
            Resource resource = all.get(dice.nextInt(all.size()));
            String damaged = damaged(resource.encode(), dice);
            try {
                read(Resource.decode(resource.key(), damaged));
                if (Json.object("test", damaged) instanceof Decoded.Good<ObjectNode>(ObjectNode object)) {
                    NetworkPolicies.convert(object);
                    ClusterNetworkPolicies.convert(object, List.of());
                }
            } catch (RuntimeException | StackOverflowError escaped) {
                throw new AssertionError("seed " + seed + ", " + resource.key() + ": " + damaged, escaped);
            }
        }
    }

    @Test
    void no_text_gets_past_the_parser_of_selectors() {
        long seed = Chance.seed();
        Random dice = new Random(seed);
        List<String> words = List.of("a", "has(", "all()", "global()", "==", "!=", "in", "not in", "contains", "starts with", "ends with", "!", "&&", "||", "(", ")", "{", "}", ",", "'x'", "\"y\"", " ",
                "'", "=", "&", "ü", "\n", "x.y/z-1");
        for (int i = 0; i < 100_000; i++) {
            StringBuilder text = new StringBuilder();
            for (int left = dice.nextInt(12); left > 0; left--) {
                text.append(words.get(dice.nextInt(words.size()))).append(dice.nextBoolean() ? " " : "");
            }
            try {
                if (Selector.parse(text.toString()) instanceof Decoded.Good<Selector>(Selector selector)) {
                    assertEquals(selector, Selector.of(selector.canonical()), text::toString);
                    selector.matches(Map.of("a", "x"));
                    selector.restrictions();
                }
            } catch (RuntimeException | StackOverflowError escaped) {
                throw new AssertionError("seed " + seed + ": " + text, escaped);
            }
        }
    }

    /** What an index may rely on: who matches fulfils the restrictions. */
    @Test
    void restrictions_never_ask_for_more_than_the_selector() {
        long seed = Chance.seed();
        Random dice = new Random(seed);
        List<String> terms = List.of("a == '1'", "a != '1'", "a in {'1', '2'}", "a not in {'2'}", "has(a)", "!has(a)", "b == '1'", "has(b)", "!has(b)", "b starts with '1'", "all()", "!(a == '2')");
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder(terms.get(dice.nextInt(terms.size())));
            for (int more = dice.nextInt(4); more > 0; more--) {
                text.append(dice.nextBoolean() ? " && " : " || ").append(terms.get(dice.nextInt(terms.size())));
                if (dice.nextInt(3) == 0) {
                    text.insert(0, "(").append(")");
                }
            }
            Selector selector = Selector.of(text.toString());
            for (Map<String, String> labels : List.<Map<String, String>>of(Map.of(), Map.of("a", "1"), Map.of("a", "2"), Map.of("b", "1"), Map.of("a", "1", "b", "2"), Map.of("a", "3", "b", "1"))) {
                boolean fulfilled = selector.restrictions().entrySet().stream().allMatch(entry -> {
                    String value = labels.get(entry.getKey());
                    return (value != null || !entry.getValue().mustBePresent()) && (value == null || !entry.getValue().mustBeAbsent())
                            && (entry.getValue().values().isEmpty() || value != null && entry.getValue().values().get().contains(value));
                });
                assertTrue(!selector.matches(labels) || fulfilled, () -> "seed " + seed + ": " + text + " matches " + labels + ", asks for " + selector.restrictions());
            }
        }
    }

    private static void read(Decoded<Resource> decoded) {
        if (decoded instanceof Decoded.Good<Resource>(Resource resource)) {
            switch (resource.key().kind()) {
                case TIER -> Tier.of(resource);
                case PROFILE -> Profile.of(resource).then(Scoping::of);
                case HOST_ENDPOINT -> HostEndpoint.of(resource).map(Labelled::of);
                case NETWORK_SET, GLOBAL_NETWORK_SET -> NetworkSet.of(resource).map(Labelled::of);
                case WORKLOAD_ENDPOINT -> WorkloadEndpoint.of(resource).map(Labelled::of);
                default -> Policy.of(resource).then(Scoping::of);
            }
        }
    }

    private static String damaged(String text, Random dice) {
        int at = dice.nextInt(text.length());
        int end = Math.min(text.length(), at + dice.nextInt(6));
        return switch (dice.nextInt(5)) {
            case 0 -> text.substring(0, at) + text.substring(end);
            case 1 -> text.substring(0, at) + (char) (' ' + dice.nextInt(95)) + text.substring(end);
            case 2 -> text.substring(0, at) + List.of("null", "{}", "[]", "\"\"", "-1", "1e999", "true", "[[", "\\u0000").get(dice.nextInt(9)) + text.substring(end);
            case 3 -> text.substring(0, at) + text.substring(0, end) + text.substring(end);
            default -> text.replace(List.of("Allow", "selector", "nets", "ports", "spec", "80", "\"", "{", "[").get(dice.nextInt(9)), List.of("7", "null", "", "[", "{").get(dice.nextInt(5)));
        };
    }

    private static boolean ingress(List<Resource> resources) {
        return ingress(resources, TO_80);
    }

    private static boolean ingress(List<Resource> resources, Flow flow) {
        List<Resource> all = new ArrayList<>(resources);
        all.add(Objects.resource(Kind.TIER, "default", "{\"order\":1000000,\"defaultAction\":\"Deny\"}"));
        Pod pod = new Pod("red", "web", "node", "cali1", new Labelled(Map.of("app", "web"), List.of("projectcalico-default-allow"), List.of(Cidr.of("10.244.1.7/32")), List.of()));
        PolicyTables read = PolicyTables.of(all, problem -> { });
        PolicyTables tables = new PolicyTables(read.tiers(), read.policies(), read.profiles(), List.of(pod), read.hosts(), read.sets());
        return new Evaluator(tables, NodeView.of("node", Map.of())).ingress(pod, flow).outcome() == Outcome.ALLOWED;
    }
}
