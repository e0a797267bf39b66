package io.canal.cni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.cni.TestHost.Call;
import io.canal.kernel.libc.Flock;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The plugin's executable, the server in a process, and pods in namespaces. */
@Tag("long")
final class AttachIT extends HostScene {

    private static final String NETWORK = "k8s-pod-network";
    private static final String ENDPOINTS = "/calico/resources/v3/projectcalico.org/workloadendpoints/default/";

    @Test
    void two_pods_reach_each_other_and_the_host() throws Exception {
        TestNamespaces.run(host.host(), "sysctl", "-qw", "net.ipv4.ip_forward=1");
        host.ip("address", "add", "10.9.9.9/32", "dev", "lo");
        NetworkNamespace a = host.pod("a");
        NetworkNamespace b = host.pod("b");
        add(Call.pod("aaa", a, "web-0"));
        JsonNode second = add(Call.pod("bbb", b, "web-1"));
        assertEquals("10.1.49.3/32", second.path("ips").path(0).path("address").asText());
        TestNamespaces.run(a, "ping", "-c1", "-W2", "10.1.49.3");
        TestNamespaces.run(b, "ping", "-c1", "-W2", "10.9.9.9");
    }

    @Test
    void the_wire_is_calicos() throws Exception {
        NetworkNamespace pod = host.pod("a");
        JsonNode result = add(Call.pod("c0ffee", pod, "web-0"));
        String mac = result.path("interfaces").path(1).path("mac").asText();
        assertEquals(TestHost.JSON.readTree("""
                {"cniVersion":"1.0.0","interfaces":[{"name":"cali0d7763386da"},{"name":"eth0","mac":"%s","mtu":1450,"sandbox":"%s"}],
                "ips":[{"interface":1,"address":"10.1.49.2/32"}]}""".formatted(mac, pod.path())), result);
        String link = host.ip("-d", "link", "show", "cali0d7763386da");
        assertTrue(link.contains("ee:ee:ee:ee:ee:ee") && link.contains("mtu 1450") && link.contains("state UP") && link.contains("numtxqueues 1 numrxqueues 1"), link);
        assertEquals("10.1.49.2 dev cali0d7763386da scope link", host.ip("route"));
        assertEquals("10.1.49.2 dev cali0d7763386da lladdr " + mac + " PERMANENT", host.ip("neigh", "show", "nud", "permanent"));
        String far = TestNamespaces.ip(pod, "-d", "link", "show", "eth0");
        assertTrue(far.contains("numtxqueues 1 numrxqueues 1"), far);
        String inside = TestNamespaces.ip(pod, "address", "show", "eth0");
        assertTrue(inside.contains("inet 10.1.49.2/32 scope global eth0") && inside.contains(mac) && inside.contains("mtu 1450"), inside);
        assertEquals("default via 169.254.1.1 dev eth0 \n169.254.1.1 dev eth0 scope link", TestNamespaces.ip(pod, "route"));
        assertEquals("169.254.1.1 dev eth0 lladdr ee:ee:ee:ee:ee:ee PERMANENT", TestNamespaces.ip(pod, "neigh"));
        assertEquals("1\n0\n1\n1", TestNamespaces.run(host.host(), "sh", "-c", "cd /proc/sys/net/ipv4; cat conf/cali0d7763386da/route_localnet"
                + " neigh/cali0d7763386da/proxy_delay conf/cali0d7763386da/proxy_arp conf/cali0d7763386da/forwarding"));
        assertEquals("0", TestNamespaces.run(host.host(), "cat", "/proc/sys/net/ipv6/conf/cali0d7763386da/accept_ra"));
        assertEquals("0", TestNamespaces.run(pod, "cat", "/proc/sys/net/ipv4/ip_forward"));
        assertEquals(List.of("cali0d7763386da"), host.open());
    }

    @Test
    void the_endpoint_reaches_etcd_and_leaves_it() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0").with("""
                {"cniVersion":"0.3.1","name":"k8s-pod-network","type":"calico","ipam":{"type":"host-local","subnet":"10.1.49.1/24"},"policy":{"type":"k8s"},
                "args":{"cni":{"labels":[{"key":"app","value":"web"}],"ports":[{"name":"http","port":80,"protocol":"TCP"}]}}}""");
        add(call);
        String value = host.etcd().get(ENDPOINTS + "node--1-k8s-web--0-eth0");
        JsonNode endpoint = TestHost.JSON.readTree(value);
        assertEquals("{\"app\":\"web\",\"projectcalico.org/namespace\":\"default\",\"projectcalico.org/orchestrator\":\"k8s\","
                + "\"projectcalico.org/serviceaccount\":\"default\"}", endpoint.path("metadata").path("labels").toString());
        assertEquals("[\"kns.default\",\"ksa.default.default\"]", endpoint.path("spec").path("profiles").toString());
        assertEquals("[{\"name\":\"http\",\"protocol\":\"TCP\",\"port\":80,\"hostPort\":0,\"hostIP\":\"\"}]", endpoint.path("spec").path("ports").toString());
        delete(call);
        assertEquals(Map.of(), host.etcd());
    }

    @Test
    void a_container_outside_kubernetes_gets_its_networks_profile() throws Exception {
        Call call = new Call("0123456789abcdef", host.pod("a"), "", "{\"cniVersion\":\"1.0.0\",\"name\":\"net1\",\"type\":\"calico\",\"ipam\":{\"type\":\"host-local\",\"subnet\":\"usePodCidr\"}}");
        JsonNode result = add(call);
        assertEquals("cali0123456789a", result.path("interfaces").path(0).path("name").asText());
        Map<String, String> etcd = host.etcd();
        assertTrue(etcd.containsKey("/calico/resources/v3/projectcalico.org/profiles/net1"), etcd.toString());
        assertTrue(etcd.containsKey(ENDPOINTS + "node--1-cni-0123456789abcdef-eth0"), etcd.toString());
    }

    @Test
    void a_repeated_add_gives_the_same_result() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        JsonNode first = add(call);
        assertEquals(first, add(call));
        assertEquals(List.of("10.1.49.2"), host.reservations(NETWORK));
    }

    @Test
    void a_repeated_add_mends_what_is_broken_and_keeps_the_address() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        JsonNode first = add(call);
        host.ip("link", "del", "cali0d7763386da");
        JsonNode second = add(call);
        assertEquals(first.path("ips"), second.path("ips"));
        assertTrue(host.ip("route").contains("10.1.49.2 dev cali0d7763386da"));
    }

    @Test
    void del_leaves_nothing_and_may_be_repeated() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        add(call);
        delete(call);
        assertNothingLeft();
        delete(call);
        assertNothingLeft();
    }

    @Test
    void del_works_when_the_namespace_is_gone_and_the_configuration_is_broken() throws Exception {
        NetworkNamespace pod = host.pod("a");
        Call call = Call.pod("c0ffee", pod, "web-0");
        add(call);
        pod.delete();
        delete(call.with("{\"name\":"));
        assertNothingLeft();
    }

    @Test
    void a_late_del_leaves_alone_what_another_container_has_in_the_namespace() throws Exception {
        NetworkNamespace pod = host.pod("a");
        Call first = Call.pod("sandboxA", pod, "web-0");
        Call second = Call.pod("sandboxB", pod, "web-1");
        add(first);
        delete(first);
        add(second);
        delete(first);
        assertTrue(TestNamespaces.run(pod, "ip", "link", "show", "eth0").contains("eth0"));
        assertEquals(1, host.open().size());
        delete(second);
        assertNothingLeft();
    }

    @Test
    void what_is_no_network_namespace_is_named() throws Exception {
        JsonNode error = refused(4, Call.pod("c0ffee", new NetworkNamespace(Path.of("/etc/passwd")), "web-0"));
        assertTrue(error.toString().contains("CNI_NETNS is \\\"/etc/passwd\\\", expected the path of a network namespace"), error.toString());
        assertNothingLeft();
    }

    @Test
    void a_later_sandbox_takes_the_interface_over_and_a_late_del_leaves_it_alone() throws Exception {
        Call first = Call.pod("sandboxA", host.pod("a"), "web-0");
        Call second = Call.pod("sandboxB", host.pod("b"), "web-0");
        add(first);
        add(second);
        delete(first);
        assertEquals("10.1.49.3 dev cali0d7763386da scope link", host.ip("route"));
        assertEquals(List.of("10.1.49.3"), host.reservations(NETWORK));
        assertEquals(List.of("cali0d7763386da"), host.open());
        assertTrue(host.etcd().get(ENDPOINTS + "node--1-k8s-web--0-eth0").contains("sandboxB"));
        delete(second);
        assertNothingLeft();
    }

    @Test
    void a_pods_second_interface_does_not_take_the_first_ones_wire() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        add(call);
        var environment = call.environment("ADD");
        environment.put("CNI_IFNAME", "eth1");
        var second = host.call(environment, call.stdin().replace("\"subnet\":\"10.1.49.0/24\"", "\"subnet\":\"10.1.49.0/24\",\"routes\":[{\"dst\":\"10.7.0.0/16\"}]"));
        assertEquals(0, second.code(), second.toString());
        assertEquals(2, host.open().size());
        assertEquals(2, host.ip("route").lines().count());
    }

    @Test
    void a_conflist_that_names_another_subnet_than_the_lease_is_refused() throws Exception {
        host.order("lease", "subnets", "10.1.94.0/24");
        JsonNode error = refused(11, Call.pod("c0ffee", host.pod("a"), "web-0"));
        assertTrue(error.path("msg").asText().contains("10.1.49.0/24") && error.path("msg").asText().contains("10.1.94.0/24"), error.toString());
        assertNothingLeft();
    }

    @Test
    void without_a_lease_an_add_says_why() throws Exception {
        host.order("not-attachable", "reason", "etcd was never reached since this boot");
        JsonNode error = refused(11, Call.pod("c0ffee", host.pod("a"), "web-0"));
        assertEquals("etcd was never reached since this boot", error.path("details").asText());
        assertNothingLeft();
    }

    @Test
    void a_lease_that_changes_meanwhile_undoes_the_add() throws Exception {
        host.order("change-lease-at", "step", "WIRED");
        refused(11, Call.pod("c0ffee", host.pod("a"), "web-0"));
        assertNothingLeft();
    }

    @Test
    void rules_that_fail_undo_the_add() throws Exception {
        host.order("rules-fail", "reason", "the kernel refused the ruleset");
        JsonNode error = refused(11, Call.pod("c0ffee", host.pod("a"), "web-0"));
        assertEquals("the kernel refused the ruleset", error.path("details").asText());
        host.order("rules-fail", "reason", "");
        assertNothingLeft();
    }

    @Test
    void rules_that_do_not_come_in_time_undo_the_add_within_the_deadline() throws Exception {
        host.order("hold-rules");
        var outcome = host.call("ADD", Call.pod("c0ffee", host.pod("a"), "web-0"));
        assertTrue(outcome.millis() < 7_500, outcome.toString());
        // So the agent says, and not the client, which would have waited for 8 s.
        assertTrue(outcome.out().contains(" within 6 s"), outcome.toString());
        assertEquals(11, TestHost.JSON.readTree(outcome.out()).path("code").asInt(), outcome.toString());
        host.order("release-rules");
        assertNothingLeft();
    }

    @Test
    void a_store_of_addresses_that_another_process_holds_fails_the_add_within_the_deadline() throws Exception {
        Path lock = Files.createDirectories(host.paths().hostLocalDir().resolve(NETWORK)).resolve("lock");
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        try (Flock _ = Flock.tryAcquire(lock).orElseThrow()) {
            var outcome = host.call("ADD", call);
            assertTrue(outcome.millis() < 7_000, outcome.toString());
            JsonNode error = TestHost.JSON.readTree(outcome.out());
            assertEquals(11, error.path("code").asInt(), outcome.toString());
            assertTrue(error.path("msg").asText().contains("was locked by others"), outcome.toString());
        }
        assertNothingLeft();
        add(call);
    }

    @Test
    void what_a_runtime_asks_for_itself_is_given() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        JsonNode byArguments = add(new Call("podman", host.pod("b"), "IgnoreUnknown=1;K8S_POD_NAME=x;IP=10.1.49.77;MAC=0a:58:0a:01:31:4d", call.stdin()));
        assertEquals("10.1.49.77/32 0a:58:0a:01:31:4d", byArguments.path("ips").path(0).path("address").asText() + " " + byArguments.path("interfaces").path(1).path("mac").asText());
        JsonNode byCapabilities = add(call.with(call.stdin().replaceFirst("\\{",
                "{\"runtimeConfig\":{\"Ips\":[\"10.1.49.78/24\"],\"Mac\":\"0a:58:0a:01:31:4e\",\"bandwidth\":{\"ingressRate\":1},\"dns\":{},\"aliases\":{\"n\":[\"a\"]},\"infinibandGUID\":\"x\"},")));
        assertEquals("10.1.49.78/32 0a:58:0a:01:31:4e", byCapabilities.path("ips").path(0).path("address").asText() + " " + byCapabilities.path("interfaces").path(1).path("mac").asText());
        refused(4, new Call("group", host.pod("c"), "MAC=01:00:5e:00:00:01", call.stdin()));
    }

    @Test
    void the_files_resolv_conf_is_in_the_result() throws Exception {
        Path file = Files.writeString(root.resolve("pods-resolv.conf"), "nameserver 10.152.183.10\nsearch svc.cluster.local cluster.local\n");
        String config = """
                {"cniVersion":"1.0.0","name":"k8s-pod-network","type":"calico","ipam":{"type":"host-local","subnet":"10.1.49.0/24","resolvConf":"%s"},"policy":{"type":"k8s"}}""";
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0").with(config.formatted(file));
        JsonNode first = add(call);
        assertEquals("{\"nameservers\":[\"10.152.183.10\"],\"search\":[\"svc.cluster.local\",\"cluster.local\"]}", first.path("dns").toString());
        assertEquals(first, add(call), "when it is repeated too");
        delete(call);
        JsonNode error = refused(7, call.with(config.formatted("/nosuch")));
        assertTrue(error.path("msg").asText().contains("ipam.resolvConf is \"/nosuch\", expected a file"), error.toString());
        assertNothingLeft();
    }

    @Test
    void ranges_of_the_runtime_come_before_those_of_the_file() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        String ranges = "{\"runtimeConfig\":{\"ipRanges\":[[{\"subnet\":\"10.1.49.0/24\",\"rangeStart\":\"10.1.49.200\",\"rangeEnd\":\"10.1.49.201\"}]]},";
        String without = call.stdin().replace(",\"subnet\":\"10.1.49.0/24\"", "");
        assertEquals("10.1.49.200/32", add(call.with(without.replaceFirst("\\{", ranges))).path("ips").path(0).path("address").asText());
        // As host-local has it: one address of each set, so sets must not overlap.
        JsonNode error = refused(7, Call.pod("both", host.pod("b"), "web-1").with(call.stdin().replaceFirst("\\{", ranges)));
        assertTrue(error.path("msg").asText().contains("overlaps"), error.toString());
        refused(11, Call.pod("other", host.pod("c"), "web-2").with(without.replaceFirst("\\{", ranges.replace("10.1.49.0/24", "10.2.0.0/16"))));
    }

    @Test
    void a_container_outside_kubernetes_on_its_network_may_be_reached_as_a_pod_may() throws Exception {
        Call call = new Call("0123456789abcdef", host.pod("a"), "IgnoreUnknown=1;K8S_POD_NAME=web", Call.CONFIG.replace(NETWORK, "cdk-canal"));
        add(call);
        String profile = host.etcd().get("/calico/resources/v3/projectcalico.org/profiles/cdk-canal");
        assertTrue(profile.contains("\"ingress\":[{\"action\":\"Allow\",\"source\":{},\"destination\":{}}]"), profile);
    }

    @Test
    void an_add_does_not_wait_for_etcd_and_the_endpoint_appears_once_it_is_back() throws Exception {
        host.order("etcd", "available", false);
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        var outcome = host.call("ADD", call);
        assertEquals(0, outcome.code(), outcome.toString());
        host.order("etcd", "available", true);
        assertEquals(1, host.etcd().size());
    }

    @Test
    void a_pod_that_came_and_went_while_etcd_was_away_never_appears() throws Exception {
        host.order("etcd", "available", false);
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        add(call);
        delete(call);
        host.order("etcd", "available", true);
        assertEquals(Map.of(), host.etcd());
    }

    @Test
    void labels_that_others_changed_in_etcd_survive_a_restart_of_the_agent() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        add(call);
        String key = ENDPOINTS + "node--1-k8s-web--0-eth0";
        String changed = host.etcd().get(key).replace("\"labels\":{", "\"labels\":{\"app\":\"changed\",");
        host.killAgent();
        host.startAgent();
        host.etcd();
        host.order("put", "key", key, "value", changed);
        add(call);
        assertEquals(changed, host.etcd().get(key));
    }

    @Test
    void a_restarted_agent_knows_its_pods() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        JsonNode first = add(call);
        host.restartAgent();
        assertEquals(List.of("cali0d7763386da"), host.open());
        assertEquals(first, add(call));
        delete(call);
        assertNothingLeft();
    }

    @Test
    void a_dead_agent_is_no_obstacle_to_del() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        add(call);
        host.killAgent();
        delete(call);
        assertEquals("", host.ip("route"));
        assertEquals(List.of(), host.reservations(NETWORK));
        assertEquals(List.of(), host.journal());
        host.startAgent();
        assertNothingLeft();
    }

    @Test
    void a_deletion_beside_an_agent_that_hangs_is_not_undone_when_it_goes_on() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        add(call);
        host.order("etcd", "available", false);
        // What waits in memory for etcd must not win against the deletion.
        host.order("publish");
        host.hangAgent();
        try {
            delete(call);
        } finally {
            host.wakeAgent();
        }
        host.order("publish");
        host.order("etcd", "available", true);
        assertNothingLeftInTheEnd();
    }

    @Test
    void a_disk_that_takes_nothing_more_is_no_obstacle_to_del() throws Exception {
        for (boolean agent : List.of(true, false)) {
            Call call = Call.pod("c0ffee" + agent, host.pod("a"), "web-0");
            add(call);
            Map<String, String> etcd = host.etcd();
            assertTrue(etcd.containsKey(ENDPOINTS + "node--1-k8s-web--0-eth0"));
            host.order("etcd", "available", false);
            Path spool = host.paths().spool();
            Path aside = spool.resolveSibling("aside");
            Files.move(spool, aside);
            // Nothing can be made below a file.
            Files.createFile(spool);
            if (!agent) {
                host.killAgent();
            }
            delete(call);
            assertEquals("", host.ip("route"));
            assertEquals(List.of(), host.reservations(NETWORK));
            assertEquals(List.of(), host.journal());
            if (agent) {
                // It does not live until etcd hears of it.
                host.killAgent();
            }
            Files.delete(spool);
            Files.move(aside, spool);
            host.startAgentWith(etcd);
            assertNothingLeftInTheEnd();
        }
    }

    @Test
    void a_sandbox_whose_successor_failed_takes_the_endpoint_along() throws Exception {
        Call first = Call.pod("c0ffee", host.pod("a"), "web-0");
        add(first);
        host.etcd();
        host.order("rules-fail", "reason", "no rules today");
        refused(11, Call.pod("decaf", host.pod("b"), "web-0"));
        host.order("rules-fail", "reason", "");
        delete(first);
        assertNothingLeftInTheEnd();
    }

    @Test
    void an_address_that_is_none_is_refused() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0").withArgs("IP=10.1.49");
        assertTrue(refused(4, call).path("msg").asText().contains("10.1.49"));
        assertNothingLeft();
    }

    @Test
    void an_entry_of_the_journal_that_is_lost_while_its_pod_lives_comes_back() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        add(call);
        List<String> before = host.journal();
        Files.delete(host.paths().endpointJournal().resolve(before.getFirst()));
        host.order("publish");
        for (int i = 0; i < 6_000 && host.journal().isEmpty(); i++) {
            Thread.sleep(10);
        }
        assertEquals(before, host.journal());
        assertEquals(List.of("cali0d7763386da"), host.open());
    }

    @Test
    void both_families_are_wired() throws Exception {
        TestNamespaces.run(host.host(), "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
        host.order("lease", "subnets", "10.1.49.0/24,fd00:10:49::/64");
        String config = "{\"cniVersion\":\"1.0.0\",\"name\":\"k8s-pod-network\",\"type\":\"calico\",\"ipam\":{\"type\":\"host-local\","
                + "\"ranges\":[[{\"subnet\":\"10.1.49.0/24\"}],[{\"subnet\":\"fd00:10:49::/64\"}]]},\"policy\":{\"type\":\"k8s\"}}";
        NetworkNamespace a = host.pod("a");
        JsonNode result = add(Call.pod("aaa", a, "web-0").with(config));
        assertEquals("fd00:10:49::2/128", result.path("ips").path(1).path("address").asText());
        add(Call.pod("bbb", host.pod("b"), "web-1").with(config));
        TestNamespaces.run(a, "ping", "-c1", "-W2", "10.1.49.3");
        TestNamespaces.run(a, "ping", "-6", "-c1", "-W2", "fd00:10:49::3");
    }

    @Test
    void thirty_pods_at_once_all_get_their_own() throws Exception {
        List<Thread> threads = new ArrayList<>();
        List<Call> calls = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            calls.add(Call.pod("c" + i, host.pod("p" + i), "web-" + i));
        }
        var outcomes = Collections.synchronizedList(new ArrayList<NativeClient.Outcome>());
        for (Call call : calls) {
            threads.add(Thread.ofPlatform().start(() -> outcomes.add(host.call("ADD", call))));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertTrue(outcomes.stream().allMatch(outcome -> outcome.code() == 0), outcomes.toString());
        assertEquals(30, host.reservations(NETWORK).size());
        assertEquals(30, host.open().size());
        calls.forEach(this::delete);
        assertNothingLeft();
    }

    private JsonNode add(Call call) {
        var outcome = host.call("ADD", call);
        assertEquals(0, outcome.code(), outcome.toString());
        try {
            return TestHost.JSON.readTree(outcome.out());
        } catch (IOException notJson) {
            throw new AssertionError(notJson);
        }
    }

    private void delete(Call call) {
        var outcome = host.call("DEL", call);
        assertEquals(0, outcome.code(), outcome.toString());
        assertEquals("", outcome.out());
    }

    private JsonNode refused(int code, Call call) throws Exception {
        var outcome = host.call("ADD", call);
        assertEquals(1, outcome.code(), outcome.toString());
        JsonNode error = TestHost.JSON.readTree(outcome.out());
        assertEquals(code, error.path("code").asInt(), outcome.toString());
        return error;
    }

    /** As {@link #assertNothingLeft}, for what the agent comes to by itself. */
    private void assertNothingLeftInTheEnd() throws Exception {
        for (int i = 0; i < 6_000 && !(host.open().isEmpty() && host.etcd().isEmpty()); i++) {
            Thread.sleep(10);
        }
        assertNothingLeft();
    }

    private void assertNothingLeft() throws Exception {
        assertFalse(host.ip("link").contains("cali"), host.ip("link"));
        assertEquals("", host.ip("route"));
        assertEquals(List.of(), host.reservations(NETWORK));
        assertEquals(List.of(), host.journal());
        assertEquals(Map.of(), host.etcd());
        for (int i = 0; i < 6_000 && !host.open().isEmpty(); i++) {
            Thread.sleep(10);
        }
        assertEquals(List.of(), host.open());
    }
}
