package io.canal.model.calico;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.Json;
import io.canal.model.LocalEndpoint.Port;
import io.canal.model.Mac;
import io.canal.reconcile.testing.Chance;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Calico's resources against the bytes that Calico v3.32.1 wrote. */
final class ResourceTest {

    static Stream<RecordedEtcd.Entry> recorded() {
        return RecordedEtcd.all().stream();
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void what_was_read_is_written_back_byte_for_byte(RecordedEtcd.Entry entry) {
        ResourceKey key = ResourceKey.parse(entry.key()).orElseThrow();
        assertEquals(entry.key(), key.path());
        assertEquals(entry.value(), Resource.decode(key, entry.value()).orThrow().encode());
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void an_update_keeps_the_stored_identity(RecordedEtcd.Entry entry) {
        ResourceKey key = ResourceKey.parse(entry.key()).orElseThrow();
        Resource stored = Resource.decode(key, entry.value()).orThrow();
        assertEquals(entry.value(), stored.over(stored).encode());
    }

    @Test
    void the_endpoint_of_a_pod_is_written_as_calico_does() {
        RecordedEtcd.Entry entry = RecordedEtcd.ofPlugin("node--1-k8s-web--0-eth0", "c0ffee");
        var made = WorkloadEndpoint.make("node--1-k8s-web--0-eth0", new WorkloadEndpoint.Parts("node-1", "k8s", "default", "web-0",
                "c0ffee0000000000000000000000000000000000000000000000000000000001", "eth0", "robot", List.of(Ip.of("10.244.1.2")),
                List.of("kns.default", "ksa.default.robot"), "cali0d7763386da", Mac.parse("6e:22:23:e5:ea:fa").orElseThrow(),
                Map.of("tier", "fe", "app", "web"), List.of(new Port("http", "TCP", 8080, 0, ""), new Port("", "TCP", 9999, 31000, ""),
                        new Port("dns", "UDP", 53, 0, ""))));
        assertEquals(entry.key(), made.resource().key().path());
        assertEquals(entry.value(), made.resource().created(UUID.fromString("2a587dae-6c6a-4316-9d34-d9081dde2f95"),
                Instant.parse("2026-11-25T15:49:40.987Z")).encode());
    }

    @Test
    void the_endpoint_of_a_container_is_written_as_calico_does() {
        RecordedEtcd.Entry entry = RecordedEtcd.ofPlugin("node--1-cni-0123456789abcdef-eth0", "0123456789abcdef");
        var made = WorkloadEndpoint.make("node--1-cni-0123456789abcdef-eth0", new WorkloadEndpoint.Parts("node-1", "cni", "default", "",
                "0123456789abcdef", "eth0", "", List.of(Ip.of("10.244.1.2")), List.of("net1"), "cali0123456789a",
                Mac.parse("7e:3c:71:04:8a:51").orElseThrow(), Map.of(), List.of()));
        assertEquals(entry.key(), made.resource().key().path());
        assertEquals(entry.value(), made.resource().created(UUID.fromString("3f09ba37-5d16-4a32-8e1d-a1a2bc134d39"),
                Instant.parse("2026-11-25T15:49:45Z")).encode());
    }

    @Test
    void the_profile_of_a_network_is_written_as_calico_does() {
        RecordedEtcd.Entry entry = RecordedEtcd.ofPlugin("profiles/net1", "has(net1)");
        assertEquals(entry.value(), Profile.ofNetwork("net1").created(UUID.fromString("69ef81f6-5b74-4aec-b791-33cf531677c0"),
                Instant.parse("2026-11-25T15:49:45Z")).encode());
    }

    @Test
    void a_node_is_written_as_calico_does() {
        RecordedEtcd.Entry entry = RecordedEtcd.ofPlugin("nodes/node-1", "\"Node\"");
        assertEquals(entry.value(), CalicoNode.make("node-1", Optional.empty()).resource()
                .created(UUID.fromString("bf703ff7-eb89-4402-9864-4d2fa6e3ab58"), Instant.parse("2026-11-25T15:49:40Z")).encode());
    }

    @Test
    void a_nodes_address_is_listed() {
        assertEquals("[{\"address\":\"192.0.2.5/24\",\"type\":\"CalicoNodeIP\"}]",
                CalicoNode.make("n", Optional.of(IpPrefix.of("192.0.2.5/24"))).resource().spec().path("addresses").toString());
    }

    @Test
    void the_pool_of_a_network_has_calicos_defaults_and_no_masquerading() {
        assertEquals("{\"cidr\":\"10.244.0.0/16\",\"vxlanMode\":\"Never\",\"ipipMode\":\"Never\",\"blockSize\":26,\"nodeSelector\":\"all()\","
                + "\"allowedUses\":[\"Workload\",\"Tunnel\"],\"assignmentMode\":\"Automatic\"}",
                IpPool.ofNetwork("default", Cidr.of("10.244.0.0/16")).resource().spec().toString());
    }

    @Test
    void go_escapes_what_browsers_might_run() {
        var resource = Resource.make(ResourceKey.of(Kind.TIER, "t"), Map.of(), Json.object().put("a", "x && y < z > \u2028\u2029\u0001\u007f\u00e4"));
        assertEquals("{\"kind\":\"Tier\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\"t\"},"
                + "\"spec\":{\"a\":\"x \\u0026\\u0026 y \\u003c z \\u003e \\u2028\\u2029\\u0001\u007f\u00e4\"}}", resource.encode());
    }

    @Test
    void a_recorded_endpoint_is_read() {
        RecordedEtcd.Entry entry = RecordedEtcd.ofPlugin("node--1-k8s-web--0-eth0", "c0ffee");
        var endpoint = WorkloadEndpoint.decode(ResourceKey.parse(entry.key()).orElseThrow(), entry.value()).orThrow();
        var local = endpoint.local().orElseThrow();
        assertEquals("cali0d7763386da", local.interfaceName());
        assertEquals(List.of(Ip.of("10.244.1.2")), local.addresses());
        assertEquals("web-0", local.workload());
        assertEquals("fe", local.labels().get("tier"));
        assertEquals(new Port("", "TCP", 9999, 31000, ""), local.ports().get(1));
        assertEquals("robot", endpoint.serviceAccount());
    }

    @Test
    void a_wrong_field_is_named() {
        var key = new ResourceKey(Kind.WORKLOAD_ENDPOINT, "default", "x");
        var bad = WorkloadEndpoint.decode(key, "{\"kind\":\"WorkloadEndpoint\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"ipNetworks\":[\"10.0.0.1/32\",\"oh\"]}}");
        assertEquals("/calico/resources/v3/projectcalico.org/workloadendpoints/default/x: spec.ipNetworks[1] is \"oh\", expected an address with a prefix length",
                assertInstanceOf(Decoded.Bad.class, bad).problem().sentence());
    }

    @ParameterizedTest
    @MethodSource("recorded")
    void no_damage_gets_past_the_decoders(RecordedEtcd.Entry entry) {
        ResourceKey key = ResourceKey.parse(entry.key()).orElseThrow();
        long seed = Chance.seed();
        Random random = new Random(seed);
        for (int i = 0; i < 200; i++) {
            String damaged = damaged(entry.value(), random);
            try {
                Decoded<?> decoded = Resource.decode(key, damaged).then(resource -> switch (key.kind()) {
                    case WORKLOAD_ENDPOINT -> WorkloadEndpoint.of(resource).map(endpoint -> (Object) endpoint.local());
                    case PROFILE -> Profile.of(resource).map(profile -> (Object) profile.labelsToApply());
                    case CLUSTER_INFORMATION -> ClusterInformation.of(resource).map(information -> (Object) information.datastoreReady());
                    case IP_POOL -> IpPool.of(resource).map(pool -> (Object) pool.cidr());
                    default -> Decoded.good((Object) resource);
                });
                if (decoded instanceof Decoded.Bad<?>(var problem)) {
                    assertTrue(problem.sentence().contains(key.path()), problem.sentence());
                }
            } catch (RuntimeException escaped) {
                throw new AssertionError("-Dcanal.seed=" + seed + ": " + damaged, escaped);
            }
        }
    }

    private static String damaged(String text, Random random) {
        StringBuilder damaged = new StringBuilder(text);
        String[] pieces = {"{", "}", "[", "]", "\"", ",", ":", "null", "true", "-1", "1e999", "\"x\"", "[]", "{}", "\\u0000", "\ud800", "99999999999999999999"};
        for (int i = random.nextInt(3); i >= 0; i--) {
            int at = random.nextInt(damaged.length());
            int to = Math.min(damaged.length(), at + random.nextInt(12));
            damaged.replace(at, to, random.nextBoolean() ? pieces[random.nextInt(pieces.length)] : "");
            if (damaged.isEmpty()) {
                damaged.append('{');
            }
        }
        return damaged.toString();
    }

    @Test
    void a_key_is_read_by_its_parts_and_what_is_none_is_not() {
        for (String key : List.of("networkpolicies/web/default.allow", "globalnetworkpolicies/a.b", "workloadendpoints/web/node-k8s-a-eth0", "profiles/kns.web")) {
            assertEquals(ResourceKey.ROOT + key, ResourceKey.parse(ResourceKey.ROOT + key).orElseThrow().path());
        }
        for (String key : List.of("", "profiles", "profiles/", "profiles/a/b", "profiles/a/", "networkpolicies", "networkpolicies/", "networkpolicies/web", "networkpolicies//a",
                "networkpolicies/web/", "networkpolicies//", "networkpolicies/web/a/b", "networkpolicies/web/a/", "/a/b", "nothing/a")) {
            assertEquals(Optional.empty(), ResourceKey.parse(ResourceKey.ROOT + key), key);
        }
        assertEquals(Optional.empty(), ResourceKey.parse("/elsewhere/profiles/a"));
    }
}
