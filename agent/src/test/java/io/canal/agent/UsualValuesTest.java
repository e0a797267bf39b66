package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.canal.model.calico.KnownTexts;
import io.canal.model.calico.Kind;
import io.canal.model.calico.ResourceKey;
import io.canal.model.calico.Usual;
import io.canal.reconcile.testing.Chance;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is read without a tree is what is read with one, whatever a text is like. */
final class UsualValuesTest {

    private static final ResourceKey POD = new ResourceKey(Kind.WORKLOAD_ENDPOINT, "web", "node--1-k8s-web--0-eth0");
    private static final String POD_TEXT = """
            {"kind":"WorkloadEndpoint","apiVersion":"projectcalico.org/v3","metadata":{"name":"node--1-k8s-web--0-eth0","namespace":"web",\
            "uid":"0b9cba33-7c4b-4d1a-8b16-a20ee3a5c6a1","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"app":"web","pcns.x":"no","role":"",\
            "projectcalico.org/namespace":"other"},"annotations":{"a":"b"}},"spec":{"orchestrator":"k8s","node":"node-1","containerID":"c0","pod":"web-0",\
            "endpoint":"eth0","serviceAccountName":"default","ipNetworks":["10.1.2.3/32"],"profiles":["kns.web","ksa.web.default"],\
            "interfaceName":"cali0","mac":"02:00:00:00:00:01"}}""";
    private static final ResourceKey POLICY = new ResourceKey(Kind.NETWORK_POLICY, "web", "allow");
    private static final String POLICY_TEXT = """
            {"kind":"NetworkPolicy","apiVersion":"projectcalico.org/v3","metadata":{"name":"allow","namespace":"web","creationTimestamp":null},\
            "spec":{"tier":"default","order":100,"ingress":[{"action":"Allow","protocol":"TCP","source":{"selector":"app == 'x' \\u0026\\u0026 has(y)",\
            "namespaceSelector":"all()"},"destination":{"ports":[80,"443:444"]}},{"action":"Pass"}],"egress":[{"action":"Deny"}],"selector":"app == 'web'",\
            "serviceAccountSelector":"has(z)","types":["Ingress","Egress"],"performanceHints":["AssumeNeededOnEveryNode"]}}""";
    private static final ResourceKey GLOBAL = ResourceKey.of(Kind.GLOBAL_NETWORK_POLICY, "security.all");
    private static final String GLOBAL_TEXT = """
            {"metadata":{"name":"security.all"},"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3","spec":{"tier":"security","order":0,\
            "namespaceSelector":"a in {'b','c'}","ingress":[],"types":["Egress"],"preDNAT":false,"doNotTrack":true,"applyOnForward":true}}""";
    private static final String PIECES = "\"{}[],:\\\\/ 0123456789-.eEntfu\u0000\n\u00e9\u20acxa";

    private record Value(ResourceKey key, String text) {}

    private static final List<Value> VALUES = List.of(new Value(POD, POD_TEXT), new Value(POLICY, POLICY_TEXT), new Value(GLOBAL, GLOBAL_TEXT));

    private static void same(ResourceKey key, String text, Shared shared) {
        assertEquals(PolicyObject.decodeAny(key, text, new Shared()), PolicyObject.decode(key, text, shared), text);
    }

    @Test
    void usual_values_are_read_without_a_tree_and_as_with_one() {
        KnownTexts known = new KnownTexts();
        assertNotNull(Usual.pod(POD, POD_TEXT, known));
        assertNotNull(Usual.policy(POLICY, POLICY_TEXT, known));
        assertNotNull(Usual.policy(GLOBAL, GLOBAL_TEXT, known));
        VALUES.forEach(value -> same(value.key, value.text, new Shared()));
    }

    @Test
    void labels_and_rules_that_come_again_are_one_object() {
        KnownTexts known = new KnownTexts();
        assertSame(Usual.pod(POD, POD_TEXT, known).labels(), Usual.pod(POD, POD_TEXT.replace("10.1.2.3", "10.1.2.4"), known).labels());
        assertSame(Usual.policy(POLICY, POLICY_TEXT, known).ingress().getFirst(),
                Usual.policy(POLICY, POLICY_TEXT.replace("\"order\":100", "\"order\":101"), known).ingress().getFirst());
    }

    /** The labels' text has a quotation mark or a brace where another's has none: where they end is not to be guessed. */
    @Test
    void what_was_read_before_is_not_taken_for_what_only_begins_so() {
        Shared shared = new Shared();
        for (String labels : List.of("{\"a\":\"}\"}", "{\"a\":\"\"}", "{}", "{\"a\":\"\\\"}\"}", "{\"a\":\"}\",\"b\":\"\"}", "{\"a\":{}}", "[]", "{\"a\":\"")) {
            same(POD, POD_TEXT.replaceFirst("\"labels\":\\{[^}]*}", "\"labels\":" + labels.replace("\\", "\\\\")), shared);
        }
    }

    @Test
    void what_is_not_usual_is_left_to_the_tree() {
        KnownTexts known = new KnownTexts();
        for (String field : List.of("\"ports\":[]", "\"qosControls\":{}", "\"ipNATs\":[]", "\"allowSpoofedSourcePrefixes\":[]", "\"node\":\"node-2\"", "\"new\":1")) {
            assertNull(Usual.pod(POD, POD_TEXT.replace("\"pod\":\"web-0\"", field), known), field);
        }
        assertNull(Usual.policy(POLICY, POLICY_TEXT.replace("\"Allow\"", "\"Open\""), known));
        assertNull(Usual.policy(POLICY, POLICY_TEXT.replace("\"tier\"", "\"preDNAT\":true,\"tier\""), known));
    }

    /** What is wrong with one is named as ever, and a rule of it that cannot be read opens nothing. */
    @Test
    void damaged_values_are_read_as_with_a_tree_or_refused_with_the_same_words() {
        long seed = Chance.seed();
        Random random = new Random(seed);
        Shared shared = new Shared();
        for (int i = 0; i < 6_000; i++) {
            Value value = VALUES.get(random.nextInt(VALUES.size()));
            String text = value.text;
            for (int times = 1 + random.nextInt(2); times > 0; times--) {
                text = damaged(text, random);
            }
            String now = text;
            assertEquals(PolicyObject.decodeAny(value.key, now, new Shared()), PolicyObject.decode(value.key, now, shared), () -> "seed " + seed + ": " + now);
        }
    }

    private static String damaged(String whole, Random random) {
        String text = whole.isEmpty() ? "{}" : whole;
        int at = random.nextInt(text.length());
        String piece = String.valueOf(PIECES.charAt(random.nextInt(PIECES.length())));
        return switch (random.nextInt(6)) {
            case 0 -> text.substring(0, at) + text.substring(at + 1);
            case 1 -> text.substring(0, at) + piece + text.substring(at);
            case 2 -> text.substring(0, at) + piece + text.substring(at + 1);
            case 3 -> text.substring(0, at);
            case 4 -> {
                // A field comes twice, or is in another's place.
                int from = text.indexOf(",\"", at);
                int to = from < 0 ? -1 : text.indexOf(",\"", from + 1);
                yield to < 0 ? text : text.substring(0, from) + text.substring(from, to) + text.substring(from);
            }
            default -> {
                int from = text.indexOf('"', at);
                int to = from < 0 ? -1 : text.indexOf('"', from + 1);
                yield to < 0 ? text : text.substring(0, from) + new String[] {"null", "7", "\"\"", "{}", "true"}[random.nextInt(5)] + text.substring(to + 1);
            }
        };
    }
}
