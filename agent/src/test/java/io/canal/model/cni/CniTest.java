package io.canal.model.cni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.Mac;
import io.canal.reconcile.testing.Chance;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The protocol against calls of the real plugin, v3.32.1. */
final class CniTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    static Stream<RecordedCall> additions() {
        return RecordedCall.ordinary().stream().filter(call -> call.exit() == 0 && "ADD".equals(call.environment().get("CNI_COMMAND"))
                && !call.title().contains("portmap") && !call.title().startsWith("ADD usePodCidr"));
    }

    @Test
    void the_recording_is_read() {
        assertTrue(RecordedCall.ordinary().size() > 60, RecordedCall.ordinary().size() + " calls");
        assertTrue(RecordedCall.wrong().size() > 40, RecordedCall.wrong().size() + " calls");
        assertTrue(additions().count() > 20, additions().count() + " additions");
    }

    @ParameterizedTest
    @MethodSource("additions")
    void results_are_printed_as_the_plugin_prints_them(RecordedCall call) throws Exception {
        var request = CniRequest.of(call.environment());
        var config = PluginConfig.decode(call.stdin()).orThrow();
        JsonNode printed = JSON.readTree(call.stdout());
        List<Ip> addresses = new ArrayList<>();
        for (JsonNode ip : printed.path("ips")) {
            addresses.add(IpPrefix.of(ip.path("address").asText()).address());
        }
        for (String old : new String[] {"ip4", "ip6"}) {
            if (printed.has(old)) {
                addresses.add(IpPrefix.of(printed.path(old).path("ip").asText()).address());
            }
        }
        Mac mac = Mac.parse(printed.path("interfaces").path(1).path("mac").asText("00:00:00:00:00:00")).orElseThrow();
        var result = new CniResult(printed.path("interfaces").path(0).path("name").asText(), request.interfaceInPod(), mac, request.netns(),
                printed.path("interfaces").path(1).path("mtu").asInt(0), addresses, config.ipam().orElseThrow().routes(), Dns.NONE);
        assertEquals(printed, JSON.readTree(result.print(config.version().orElseThrow())));
    }

    @Test
    void a_result_of_0_3_1_is_printed_with_go_s_indentation() {
        var result = new CniResult("cali1", "eth0", Mac.parse("06:6c:24:c2:df:5d").orElseThrow(), "/var/run/netns/x", 1450, List.of(Ip.of("10.0.0.5")), List.of(), Dns.NONE);
        assertEquals("""
                {
                    "cniVersion": "0.3.1",
                    "interfaces": [
                        {
                            "name": "cali1"
                        },
                        {
                            "name": "eth0",
                            "mac": "06:6c:24:c2:df:5d",
                            "sandbox": "/var/run/netns/x"
                        }
                    ],
                    "ips": [
                        {
                            "version": "4",
                            "interface": 1,
                            "address": "10.0.0.5/32"
                        }
                    ],
                    "dns": {}
                }""", result.print(CniVersion.V0_3_1));
    }

    @Test
    void what_resolv_conf_says_is_in_the_result() throws Exception {
        Dns dns = Dns.ofResolvConf("""
                # nameserver 9.9.9.9
                nameserver 10.152.183.10
                  nameserver\t10.152.183.11 ignored
                domain first
                domain cluster.local
                search default.svc.cluster.local svc.cluster.local
                search cluster.local
                options ndots:5 rotate
                nameserver
                lookup file bind
                """);
        var result = new CniResult("cali1", "eth0", Mac.parse("06:6c:24:c2:df:5d").orElseThrow(), "/ns", 0, List.of(Ip.of("10.0.0.5")), List.of(), dns);
        assertEquals("{\"nameservers\":[\"10.152.183.10\",\"10.152.183.11\"],\"domain\":\"cluster.local\","
                + "\"search\":[\"default.svc.cluster.local\",\"svc.cluster.local\",\"cluster.local\"],\"options\":[\"ndots:5\",\"rotate\"]}", dns(result, CniVersion.V0_3_1));
        assertEquals(dns(result, CniVersion.V0_3_1), dns(result, CniVersion.V0_2_0));
        assertEquals("{\"domain\":\"cluster.local\",\"nameservers\":[\"10.152.183.10\",\"10.152.183.11\"],"
                + "\"options\":[\"ndots:5\",\"rotate\"],\"search\":[\"default.svc.cluster.local\",\"svc.cluster.local\",\"cluster.local\"]}", dns(result, CniVersion.V1_0_0));
    }

    private static String dns(CniResult result, CniVersion version) throws Exception {
        return JSON.readTree(result.print(version)).path("dns").toString();
    }

    @Test
    void another_store_of_addresses_is_refused() {
        String config = "{\"name\":\"n\",\"ipam\":{\"type\":\"host-local\",\"dataDir\":\"%s\"}}";
        var bad = assertInstanceOf(Decoded.Bad.class, PluginConfig.decode(config.formatted("/run/ipam")));
        assertEquals("the network configuration: ipam.dataDir is \"/run/ipam\", expected /var/lib/cni/networks, where canal keeps the addresses of all pods", bad.problem().sentence());
        assertInstanceOf(Decoded.Good.class, PluginConfig.decode(config.formatted("/var/lib/cni/networks/")));
    }

    @ParameterizedTest
    @CsvSource({"no container ID", "'no netns, ifname, path'", "container ID with a slash", "ifname too long", "ifname with slash", "CNI_ARGS malformed"})
    void wrong_environments_get_upstreams_words(String title) throws Exception {
        RecordedCall call = RecordedCall.titled(RecordedCall.wrong(), title);
        JsonNode recorded = JSON.readTree(call.stdout());
        CniError error = assertThrows(CniRefused.class, () -> CniRequest.of(call.environment())).error();
        assertEquals(4, error.code());
        assertEquals(recorded.path("msg").asText(), error.message());
        assertEquals(recorded.path("details").asText(), error.details());
    }

    @ParameterizedTest
    @CsvSource({"stdin empty,6", "stdin not JSON,6", "network name with space,7", "no name,7", "ipam subnet bad,7", "mtu string,7", "datastore_type unknown,7"})
    void wrong_configurations_get_the_right_code(String title, int code) {
        RecordedCall call = RecordedCall.titled(RecordedCall.wrong(), title);
        var bad = assertInstanceOf(Decoded.Bad.class, PluginConfig.decode(call.stdin()));
        assertEquals(code, CniError.of(bad.problem()).code(), bad.problem().sentence());
    }

    @Test
    void a_wrong_field_is_named_with_its_value() {
        var bad = assertInstanceOf(Decoded.Bad.class, PluginConfig.decode("{\"name\":\"n\",\"ipam\":{\"type\":\"host-local\",\"ranges\":[[{\"subnet\":\"10.0.0.0/33\"}]]}}"));
        assertEquals("the network configuration: ipam.ranges[0][0].subnet is \"10.0.0.0/33\", expected a CIDR such as 10.1.49.0/24", bad.problem().sentence());
    }

    @Test
    void keys_are_matched_in_any_case_and_exactly_if_possible() {
        var config = PluginConfig.decode("{\"NAME\":\"n\",\"Mtu\":1400,\"mtu\":1300,\"IPAM\":{\"Type\":\"host-local\",\"Subnet\":\"10.1.94.1/24\"}}").orThrow();
        assertEquals("n", config.name());
        assertEquals(1300, config.mtu());
        assertEquals(IpPrefix.of("10.1.94.1/24"), config.ipam().orElseThrow().ranges().getFirst().getFirst().subnet().orElseThrow());
    }

    @Test
    void the_single_range_comes_before_the_sets() {
        var ipam = PluginConfig.decode("{\"name\":\"n\",\"ipam\":{\"type\":\"host-local\",\"ranges\":[[{\"subnet\":\"usePodCidrIPv6\"}]],\"subnet\":\"usepodcidr\"}}")
                .orThrow().ipam().orElseThrow();
        assertEquals(List.of(Ip.Family.V4, Ip.Family.V6), ipam.ranges().stream().map(set -> set.getFirst().family()).toList());
        assertTrue(ipam.ranges().getFirst().getFirst().subnet().isEmpty());
    }

    @Test
    void labels_ports_and_addresses_come_from_args() {
        var config = PluginConfig.decode("""
                {"name":"n","args":{"cni":{"labels":[{"key":"app","value":"web"}],"ips":["10.0.0.9"],
                "ports":[{"name":"http","port":80,"protocol":"TCP"}]}},"runtimeConfig":{"ips":["10.0.0.8/24"]}}""").orThrow();
        assertEquals(Map.of("app", "web"), config.labels());
        assertEquals(List.of(Ip.of("10.0.0.9"), Ip.of("10.0.0.8")), config.requestedAddresses());
        assertEquals("http", config.ports().getFirst().name());
    }

    @Test
    void a_pod_needs_both_namespace_and_name() throws Exception {
        Map<String, String> environment = new HashMap<>(Map.of("CNI_COMMAND", "ADD", "CNI_CONTAINERID", "c", "CNI_NETNS", "/n", "CNI_IFNAME", "eth0", "CNI_PATH", "/p"));
        environment.put("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAME=p");
        assertTrue(CniRequest.of(environment).pod().isEmpty());
        environment.put("CNI_ARGS", "K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p;OTHER=");
        assertEquals(new CniRequest.Pod("ns", "p"), CniRequest.of(environment).pod().orElseThrow());
    }

    @Test
    void a_pod_name_that_would_leave_its_key_is_refused() {
        Map<String, String> environment = new HashMap<>(Map.of("CNI_COMMAND", "ADD", "CNI_CONTAINERID", "c", "CNI_NETNS", "/n", "CNI_IFNAME", "eth0", "CNI_PATH", "/p"));
        environment.put("CNI_ARGS", "K8S_POD_NAMESPACE=../x;K8S_POD_NAME=p");
        assertEquals(4, assertThrows(CniRefused.class, () -> CniRequest.of(environment)).error().code());
    }

    @Test
    void a_del_is_not_refused_for_its_args() throws Exception {
        Map<String, String> environment = Map.of("CNI_COMMAND", "DEL", "CNI_CONTAINERID", "c", "CNI_IFNAME", "eth0", "CNI_PATH", "/p",
                "CNI_ARGS", "FOO;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p;A=B=C");
        assertEquals(new CniRequest.Pod("ns", "p"), CniRequest.of(environment).pod().orElseThrow());
    }

    @Test
    void gc_tells_an_empty_list_from_none() {
        assertTrue(PluginConfig.decode("{\"name\":\"n\"}").orThrow().validAttachments().isEmpty());
        assertEquals(List.of(), PluginConfig.decode("{\"name\":\"n\",\"cni.dev/valid-attachments\":[]}").orThrow().validAttachments().orElseThrow());
        assertEquals(List.of(new PluginConfig.Attachment("a", "eth0")),
                PluginConfig.decode("{\"name\":\"n\",\"cni.dev/attachments\":[{\"containerID\":\"a\",\"ifname\":\"eth0\"}]}").orThrow().validAttachments().orElseThrow());
    }

    @Test
    void no_damage_gets_past_the_decoder() {
        long seed = Chance.seed();
        Random random = new Random(seed);
        List<RecordedCall> calls = Stream.concat(RecordedCall.ordinary().stream(), RecordedCall.wrong().stream()).toList();
        String[] pieces = {"{", "}", "[", "]", "\"", ",", ":", "null", "true", "-1", "1e999", "\"x\"", "[]", "{}", "\\u0000", "\ud800", "[[{}]]", "\"cni.dev/attachments\":1,"};
        for (int i = 0; i < 20_000; i++) {
            StringBuilder damaged = new StringBuilder(calls.get(random.nextInt(calls.size())).stdin());
            for (int n = random.nextInt(3); n >= 0 && !damaged.isEmpty(); n--) {
                int at = random.nextInt(damaged.length());
                damaged.replace(at, Math.min(damaged.length(), at + random.nextInt(15)), random.nextBoolean() ? pieces[random.nextInt(pieces.length)] : "");
            }
            try {
                switch (PluginConfig.decode(damaged.toString())) {
                    case Decoded.Bad<PluginConfig>(var problem) -> assertFalse(CniError.of(problem).message().isEmpty());
                    case Decoded.Good<PluginConfig>(PluginConfig config) -> {
                        config.labels();
                        config.ports();
                        config.requestedAddresses();
                        config.validAttachments();
                        config.version();
                        config.previousResult();
                        config.ipam().ifPresent(ipam -> {
                            ipam.ranges();
                            ipam.routes();
                        });
                    }
                }
            } catch (RuntimeException escaped) {
                throw new AssertionError("-Dcanal.seed=" + seed + ": " + damaged, escaped);
            }
        }
    }
}
