package io.canal.policy.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Json;
import io.canal.model.Problem;
import io.canal.policy.testing.Recorded;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.yaml.snakeyaml.Yaml;

class NetworkPoliciesTest {

    /** kube-controllers open the first two, and lose the third. */
    private static final Set<String> DIFFERENT = Set.of("cidr-bad", "except-bad", "endport-bad");

    record Pair(String name, ObjectNode kubernetes, JsonNode calico) {

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Pair> recorded() {
        Map<String, JsonNode> calico = new LinkedHashMap<>();
        String key = "";
        for (String line : Recorded.text("/upstream/kube-controllers/etcd.txt.gz").split("\n")) {
            if (line.startsWith("key ")) {
                key = line.substring(6);
            } else if (line.startsWith("value ") && key.contains("/networkpolicies/")) {
                calico.putIfAbsent(key.substring(key.indexOf("/networkpolicies/") + "/networkpolicies/".length()), Json.object(key, line.substring(6)).orThrow());
            }
        }
        Stream.Builder<Pair> pairs = Stream.builder();
        for (Object document : new Yaml().loadAll(Recorded.text("/upstream/kube-controllers/k8s-objects.yaml"))) {
            ObjectNode object = new ObjectMapper().valueToTree(document);
            String name = object.path("metadata").path("name").asText();
            if (object.path("kind").asText().equals("NetworkPolicy") && !DIFFERENT.contains(name)) {
                pairs.add(new Pair(name, object, calico.get(object.path("metadata").path("namespace").asText() + "/knp.default." + name)));
            }
        }
        return pairs.build();
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void makes_what_kube_controllers_make(Pair pair) {
        Converted converted = NetworkPolicies.convert(pair.kubernetes).orThrow();
        assertEquals(List.of(), converted.notes());
        // The text, since the order of the fields is part of it.
        assertEquals(pair.calico.path("spec").toString(), converted.policy().path("spec").toString());
        assertEquals(pair.calico.path("metadata").path("name"), converted.policy().path("metadata").path("name"));
    }

    @Test
    void there_are_policies_to_compare() {
        assertEquals(19, recorded().count());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '>', quoteCharacter = '`', value = {
        // what is wrong > the field that is named > what is left of the rules
        "{\"ingress\":[{\"from\":[{\"ipBlock\":{\"cidr\":\"10.0.0.0/99\"}}]}]} > spec.ingress[0].from[0].ipBlock.cidr > null",
        "{\"ingress\":[{\"from\":[{\"ipBlock\":{\"cidr\":\"10.0.0.0/8\",\"except\":[\"10.1.0.0/16\",\"nope\"]}}]}]} > spec.ingress[0].from[0].ipBlock.except[1] > null",
        "{\"ingress\":[{\"from\":[{\"ipBlock\":{\"cidr\":\"10.0.0.0/8\",\"except\":[\"fd00::/8\"]}}]}]} > spec.ingress[0].from[0].ipBlock.except[0] > null",
        "{\"ingress\":[{\"from\":[{\"ipBlock\":{\"cidr\":\"x\"}},{\"ipBlock\":{\"cidr\":\"10.0.0.1/8\"}}]}]} > spec.ingress[0].from[0].ipBlock.cidr > [{\"action\":\"Allow\",\"source\":{\"nets\":[\"10.0.0.0/8\"]},\"destination\":{}}]",
        "{\"ingress\":[{\"from\":[{}]}]} > spec.ingress[0].from[0] > null",
        "{\"ingress\":[{\"from\":[null]}]} > spec.ingress[0].from[0] > null",
        "{\"ingress\":[{\"from\":{\"podSelector\":{}}}]} > spec.ingress[0].from > null",
        "{\"ingress\":[null]} > spec.ingress[0] > null",
        "{\"ingress\":{}} > spec.ingress > null",
        "{\"ingress\":[{\"from\":[{\"podSelector\":{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Like\",\"values\":[\"b\"]}]}}]}]} > spec.ingress[0].from[0].podSelector.matchExpressions[0].operator > null",
        "{\"ingress\":[{\"ports\":[{\"port\":90,\"endPort\":80}]},{\"ports\":[{\"port\":443}]}]} > spec.ingress[0].ports[0].endPort > [{\"action\":\"Allow\",\"protocol\":\"TCP\",\"source\":{},\"destination\":{\"ports\":[443]}}]",
        "{\"ingress\":[{\"ports\":[{\"port\":0}]}]} > spec.ingress[0].ports[0].port > null",
        "{\"ingress\":[{\"ports\":[{\"port\":\"80\"}]}]} > spec.ingress[0].ports[0].port > null",
        "{\"ingress\":[{\"ports\":[{\"port\":\"1:65535\"}]}]} > spec.ingress[0].ports[0].port > null",
        "{\"ingress\":[{\"ports\":[{\"protocol\":\"ANY\",\"port\":80}]}]} > spec.ingress[0].ports[0].protocol > null",
        "{\"ingress\":[{\"ports\":[null]}]} > spec.ingress[0].ports[0] > null"
    })
    void opens_nothing_for_what_cannot_be_converted(String spec, String field, String rules) {
        Converted converted = converted(spec);
        assertEquals(field, converted.notes().getFirst().field());
        assertEquals(rules.equals("null") ? "" : rules, converted.policy().path("spec").path("ingress").toString());
        assertTrue(converted.policy().path("spec").path("types").toString().contains("Ingress"), "the pods are isolated");
    }

    @Test
    void isolates_all_that_a_policy_may_mean_where_its_selector_cannot_be_converted() {
        Converted converted = converted("{\"podSelector\":{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"?\"}]},\"ingress\":[{}],\"policyTypes\":[\"Ingress\",\"Egress\"]}");
        assertEquals("{\"tier\":\"default\",\"order\":1000,\"selector\":\"projectcalico.org/orchestrator == 'k8s'\",\"types\":[\"Ingress\",\"Egress\"]}",
                converted.policy().path("spec").toString());
        assertEquals(List.of("NetworkPolicy red/p: spec.podSelector.matchExpressions[0].operator is \"?\", expected In, NotIn, Exists or DoesNotExist"),
                converted.notes().stream().map(Problem::sentence).toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '>', quoteCharacter = '`', value = {
        "{\"matchLabels\":{\"a\":\"it's\"}} > projectcalico.org/orchestrator == 'k8s' && a == \"it's\"",
        "{\"matchLabels\":{\"a\":\"' || all() || a == '\"}} > projectcalico.org/orchestrator == 'k8s' && a == \"' || all() || a == '\"",
        "{\"matchLabels\":{\"a\":\"'\\\"\"}} > projectcalico.org/orchestrator == 'k8s' && !all()",
        "{\"matchLabels\":{\"a) || all(\":\"x\"}} > projectcalico.org/orchestrator == 'k8s' && !all()",
        "{\"matchExpressions\":[{\"key\":\"a) || has(b\",\"operator\":\"NotIn\",\"values\":[\"x\"]}]} > projectcalico.org/orchestrator == 'k8s'",
        "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"x\",\"'\\\"\"]}]} > projectcalico.org/orchestrator == 'k8s' && a in { 'x' }"
    })
    void labels_cannot_leave_their_place_in_a_selector(String selector, String expected) {
        assertEquals(expected, converted("{\"podSelector\":" + selector + "}").policy().path("spec").path("selector").asText());
    }

    @Test
    void the_api_servers_default_of_types_is_added_for_files() {
        ObjectNode file = policy("{\"egress\":[{}]}");
        assertEquals("[\"Ingress\",\"Egress\"]", NetworkPolicies.defaulted(file).path("spec").path("policyTypes").toString());
        assertEquals("[\"Ingress\"]", NetworkPolicies.defaulted(policy("{\"ingress\":[{}]}")).path("spec").path("policyTypes").toString());
        assertEquals("[\"Egress\"]", NetworkPolicies.defaulted(policy("{\"policyTypes\":[\"Egress\"]}")).path("spec").path("policyTypes").toString());
    }

    @Test
    void a_policy_without_a_name_or_a_spec_is_refused() {
        assertInstanceOf(Decoded.Bad.class, NetworkPolicies.convert(Json.object()));
        assertInstanceOf(Decoded.Bad.class, NetworkPolicies.convert(Json.object("test", "{\"metadata\":{\"name\":\"p\"},\"spec\":[]}").orThrow()));
    }

    private static Converted converted(String spec) {
        return NetworkPolicies.convert(policy(spec)).orThrow();
    }

    private static ObjectNode policy(String spec) {
        return Json.object("test", "{\"kind\":\"NetworkPolicy\",\"metadata\":{\"name\":\"p\",\"namespace\":\"red\"},\"spec\":" + spec + "}").orThrow();
    }
}
