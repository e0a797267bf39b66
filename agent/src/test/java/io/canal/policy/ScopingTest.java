package io.canal.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.canal.model.Decoded;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Policy;
import io.canal.model.calico.PolicyPort;
import io.canal.model.calico.Profile;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import io.canal.policy.selector.Selector;
import io.canal.policy.testing.FelixScenario;
import io.canal.policy.testing.Recorded;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScopingTest {

    private static final Pattern SET = Pattern.compile("(?m)^create cali40([sn]:\\S+)");

    /** All sets of selectors and of named ports in a recording, and whether our ids are the same. */
    @ParameterizedTest
    @ValueSource(strings = {"02-allow-web", "07-named-ports", "09-negated", "12-selectors", "13-namespace-selector",
        "21-ipv6", "22-globalnetworkset", "30-profiles", "40-knp-and-old-names"})
    void selectors_have_the_ids_that_felix_gave_their_sets(String scenario) {
        Set<String> recorded = new TreeSet<>();
        Matcher sets = SET.matcher(Recorded.text("/upstream/felix/" + scenario + "/ipset.txt"));
        while (sets.find()) {
            recorded.add(sets.group(1));
        }
        Set<String> ours = new TreeSet<>();
        FelixScenario felix = FelixScenario.load(scenario);
        for (ScopedRule rule : rules(felix)) {
            ids(rule, rule.source()).forEach(ours::add);
            ids(rule, rule.destination()).forEach(ours::add);
        }
        assertFalse(recorded.isEmpty(), "there is something to compare");
        recorded.removeAll(ours);
        assertEquals(Set.of(), recorded, "sets that no selector of ours has");
    }

    private static List<ScopedRule> rules(FelixScenario felix) {
        List<ScopedRule> rules = new ArrayList<>();
        Stream.concat(felix.all(Kind.NETWORK_POLICY, Policy::of).stream(), felix.all(Kind.GLOBAL_NETWORK_POLICY, Policy::of).stream())
                .map(policy -> Scoping.of(policy).orThrow())
                .forEach(policy -> {
                    rules.addAll(policy.ingress());
                    rules.addAll(policy.egress());
                });
        felix.all(Kind.PROFILE, Profile::of).stream().map(profile -> Scoping.of(profile).orThrow()).forEach(profile -> {
            rules.addAll(profile.ingress());
            rules.addAll(profile.egress());
        });
        return rules;
    }

    private static Stream<String> ids(ScopedRule rule, ScopedEnd end) {
        Stream<String> selectors = Stream.of(end.selector(), end.notSelector()).flatMap(Optional::stream).map(Selector::id);
        Stream<String> ports = Stream.concat(end.ports().stream(), end.notPorts().stream()).filter(PolicyPort.Named.class::isInstance)
                .map(port -> end.selector().orElse(Selector.ALL).namedPortId(rule.protocol(), port.toString()));
        return Stream.concat(selectors, ports).map(id -> id.substring(0, Math.min(id.length(), 25)));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '>', quoteCharacter = '`', value = {
        "NetworkPolicy > {} > projectcalico.org/namespace == \"red\"",
        "NetworkPolicy > {\"selector\":\"a == 'b'\"} > (a == \"b\" && projectcalico.org/namespace == \"red\")",
        "NetworkPolicy > {\"selector\":\"all()\",\"serviceAccountSelector\":\"t == 'x'\"} > ((all() && projectcalico.org/namespace == \"red\") && pcsa.t == \"x\")",
        "GlobalNetworkPolicy > {} > all()",
        "GlobalNetworkPolicy > {\"selector\":\"has(a)\",\"namespaceSelector\":\"env in {'p','d'}\"} > (has(a) && pcns.env in {\"d\", \"p\"})",
        "GlobalNetworkPolicy > {\"namespaceSelector\":\"all()\"} > has(projectcalico.org/namespace)",
        "GlobalNetworkPolicy > {\"serviceAccountSelector\":\"all()\"} > has(projectcalico.org/serviceaccount)",
        "GlobalNetworkPolicy > {\"selector\":\"has(a)\",\"namespaceSelector\":\"has(b)\",\"serviceAccountSelector\":\"!has(c)\"} > ((has(a) && has(pcns.b)) && !has(pcsa.c))"
    })
    void policies_select_in_their_scope(String kind, String spec, String selector) {
        assertEquals(selector, scoped(kind, spec).selector().canonical());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '>', quoteCharacter = '`', value = {
        "NetworkPolicy > {} > none > none",
        "NetworkPolicy > {\"nets\":[\"10.0.0.0/8\"]} > none > none",
        "NetworkPolicy > {\"selector\":\"has(a)\"} > (projectcalico.org/namespace == \"red\" && has(a)) > none",
        "NetworkPolicy > {\"notSelector\":\"has(a)\"} > (projectcalico.org/namespace == \"red\" && !has(a)) > none",
        "NetworkPolicy > {\"namespaceSelector\":\"all()\"} > has(projectcalico.org/namespace) > none",
        "NetworkPolicy > {\"namespaceSelector\":\"global()\",\"selector\":\"has(a)\"} > (!has(projectcalico.org/namespace) && has(a)) > none",
        "NetworkPolicy > {\"serviceAccounts\":{\"names\":[\"b\",\"a\"],\"selector\":\"has(s)\"},\"selector\":\"has(a)\"} > (projectcalico.org/namespace == \"red\" && ((has(pcsa.s) && projectcalico.org/serviceaccount in {\"a\", \"b\"}) && has(a))) > none",
        "GlobalNetworkPolicy > {\"selector\":\"has(a)\"} > has(a) > none",
        "GlobalNetworkPolicy > {\"notSelector\":\"has(a)\"} > none > has(a)",
        "GlobalNetworkPolicy > {\"selector\":\"has(b)\",\"notSelector\":\"has(a)\"} > (has(b) && !has(a)) > none",
        "GlobalNetworkPolicy > {\"namespaceSelector\":\"n == '1'\",\"notSelector\":\"has(a)\"} > (pcns.n == \"1\" && !has(a)) > none",
        "GlobalNetworkPolicy > {\"serviceAccounts\":{\"names\":[\"it's\"]}} > projectcalico.org/serviceaccount in {\"it's\"} > none"
    })
    void rules_select_in_their_scope(String kind, String end, String wanted, String unwanted) {
        ScopedEnd source = scoped(kind, "{\"ingress\":[{\"action\":\"Allow\",\"source\":" + end + "}]}").ingress().getFirst().source();
        assertEquals(wanted, source.selector().map(Selector::canonical).orElse("none"));
        assertEquals(unwanted, source.notSelector().map(Selector::canonical).orElse("none"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"selector\":\"a = 'b'\"}", "{\"namespaceSelector\":\"((\"}", "{\"serviceAccountSelector\":\"a\"}",
        "{\"ingress\":[{\"action\":\"Allow\"},{\"action\":\"Allow\",\"source\":{\"selector\":\"((\"}}]}",
        "{\"egress\":[{\"action\":\"Deny\",\"destination\":{\"serviceAccounts\":{\"selector\":\"!\"}}}]}"})
    void a_selector_that_cannot_be_read_makes_the_policy_bad(String spec) {
        assertInstanceOf(Decoded.Bad.class, Scoping.of(policy("GlobalNetworkPolicy", spec)));
    }

    @Test
    void says_which_selector_is_wrong() {
        Decoded<ScopedPolicy> bad = Scoping.of(policy("NetworkPolicy", "{\"ingress\":[{\"action\":\"Allow\",\"source\":{\"selector\":\"(\"}}]}"));
        assertEquals("/calico/resources/v3/projectcalico.org/networkpolicies/red/p: spec.ingress[0].source.selector is \"(\", expected a selector with a label,"
                + " has(…), all() or a parenthesis at character 2", assertInstanceOf(Decoded.Bad.class, bad).problem().sentence());
    }

    private static ScopedPolicy scoped(String kind, String spec) {
        return Scoping.of(policy(kind, spec)).orThrow();
    }

    private static Policy policy(String kind, String spec) {
        ResourceKey key = kind.equals("NetworkPolicy") ? new ResourceKey(Kind.NETWORK_POLICY, "red", "p") : ResourceKey.of(Kind.GLOBAL_NETWORK_POLICY, "p");
        return Resource.decode(key, "{\"kind\":\"" + kind + "\",\"metadata\":{\"name\":\"p\"},\"spec\":" + spec + "}").then(Policy::of).orThrow();
    }
}
