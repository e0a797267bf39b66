package io.canal.cni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.cni.TestHost.Call;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

/** CHECK, STATUS and GC, by the plugin's executable. */
final class InspectIT extends HostScene {

    private static final String NETWORK = "k8s-pod-network";
    private static final String INTERFACE = "cali0d7763386da";
    private static final int LONG_BEFORE_THIS_BOOT = 300_000_000;
    private static final String MODERN = Call.CONFIG.replace("1.0.0", "1.1.0");

    @Test
    void check_names_what_is_missing() throws Exception {
        NetworkNamespace pod = host.pod("a");
        Call call = Call.pod("c0ffee", pod, "web-0");
        Call check = call.with(Call.CONFIG.replaceFirst("\\{", "{\"prevResult\":" + add(call) + ","));
        var sound = host.call("CHECK", check);
        assertEquals("0 ", sound.code() + " " + sound.out());

        host.ip("route", "del", "10.1.49.2");
        assertCheck(check, "the host has no route to 10.1.49.2 by " + INTERFACE);
        add(call);
        TestNamespaces.ip(pod, "address", "del", "10.1.49.2/32", "dev", "eth0");
        TestNamespaces.ip(pod, "address", "add", "10.1.49.99/32", "dev", "eth0");
        assertCheck(check, "eth0 has no address 10.1.49.2");
        add(call);
        check = call.with(Call.CONFIG.replaceFirst("\\{", "{\"prevResult\":" + add(call) + ","));
        TestNamespaces.ip(pod, "route", "del", "default");
        assertCheck(check, "the pod has no route to 0.0.0.0/0");
        add(call);
        host.ip("link", "set", INTERFACE, "down");
        assertCheck(check, INTERFACE + " is down");
        add(call);
        Files.delete(host.paths().hostLocalDir().resolve(NETWORK).resolve("10.1.49.2"));
        assertCheck(check, "10.1.49.2 is not reserved for it");
        host.ip("link", "del", INTERFACE);
        assertCheck(check, "the host has no interface " + INTERFACE, "the pod has no interface eth0");
        pod.delete();
        assertCheck(check, "the network namespace " + pod + " is gone");
    }

    @Test
    void check_compares_the_result_that_the_runtime_remembers() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        String other = add(call).toString().replace("10.1.49.2/32", "10.1.49.3/32");
        assertCheck(call.with(Call.CONFIG.replaceFirst("\\{", "{\"prevResult\":" + other + ",")), "prevResult does not name 10.1.49.2");
    }

    @Test
    void check_of_what_was_never_attached_says_so() throws Exception {
        var outcome = host.call("CHECK", Call.pod("c0ffee", host.pod("a"), "web-0").with(Call.CONFIG.replaceFirst("\\{", "{\"prevResult\":{},")));
        assertEquals(3, error(outcome).path("code").asInt(), outcome.toString());
    }

    @Test
    void status_and_gc_need_version_1_1_0() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        for (String command : new String[] {"STATUS", "GC"}) {
            assertEquals("{\"code\":1,\"msg\":\"config version does not allow " + command + "\"}", error(host.call(command, call)).toString());
        }
    }

    @Test
    void status_says_whether_pods_can_be_attached_and_whether_those_that_are_still_talk() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0").with(MODERN);
        assertEquals(0, host.call("STATUS", call).code());
        assertEquals(50, error(host.call("STATUS", call.with(MODERN.replace("10.1.49.0", "10.1.94.0")))).path("code").asInt());
        host.order("not-attachable", "reason", "no lease yet");
        assertEquals("{\"code\":50,\"msg\":\"no pod can be attached now\",\"details\":\"no lease yet\"}", error(host.call("STATUS", call)).toString());
        host.order("not-attachable", "reason", "the subnet was taken by another");
        assertEquals(51, error(host.call("STATUS", call)).path("code").asInt());
        host.order("not-attachable", "reason", "");
        host.order("rules-fail", "reason", "the kernel refused the ruleset");
        host.call("ADD", call);
        JsonNode error = error(host.call("STATUS", call));
        assertEquals("50 the kernel refused the ruleset", error.path("code").asInt() + " " + error.path("details").asText());
    }

    @Test
    void gc_removes_what_is_not_listed_unless_it_lives() throws Exception {
        NetworkNamespace gone = host.pod("gone");
        Call listed = Call.pod("listed", host.pod("listed"), "web-2");
        add(Call.pod("lives", host.pod("lives"), "web-0"));
        add(Call.pod("dead", gone, "web-1"));
        add(listed);
        gone.delete();
        collect("{\"containerID\":\"listed\",\"ifname\":\"eth0\"}");
        assertEquals(List.of("10.1.49.2", "10.1.49.4"), host.reservations(NETWORK));
        assertEquals(2, host.etcd().size());
    }

    @Test
    void gc_with_an_empty_list_removes_all_that_does_not_live() throws Exception {
        NetworkNamespace gone = host.pod("gone");
        add(Call.pod("dead", gone, "web-1"));
        gone.delete();
        collect("");
        assertEquals(List.of(), host.reservations(NETWORK));
        assertEquals(List.of(), host.journal());
        assertEquals("", host.ip("route"));
    }

    @Test
    void gc_frees_the_addresses_that_nobody_has() throws Exception {
        add(Call.pod("lives", host.pod("lives"), "web-0"));
        leave("10.1.49.50", 3600);
        leave("10.1.49.51", 10);
        leave("10.1.49.52", 3600);
        leave("10.1.49.53", 3600);
        leave("10.1.49.54", 3600);
        leave("10.1.49.55", LONG_BEFORE_THIS_BOOT);
        host.ip("link", "set", "lo", "up");
        host.ip("address", "add", "10.1.49.52/32", "dev", "lo");
        host.ip("route", "add", "10.1.49.53/32", "dev", "lo");
        Path results = Files.createDirectories(host.paths().cniResults().getFirst());
        Files.writeString(results.resolve(NETWORK + "-x-eth0"), "{\"result\":{\"ips\":[{\"address\":\"10.1.49.54/32\"}]}}");
        Path ofAnotherBoot = results.resolve(NETWORK + "-y-eth0");
        Files.writeString(ofAnotherBoot, "{\"result\":{\"ips\":[{\"address\":\"10.1.49.55/32\"}]}}");
        Files.setLastModifiedTime(ofAnotherBoot, FileTime.from(Instant.now().minusSeconds(LONG_BEFORE_THIS_BOOT)));
        Files.createDirectories(results.resolve("a-folder"));
        try {
            collect("");
            assertEquals(List.of("10.1.49.2", "10.1.49.51", "10.1.49.52", "10.1.49.53", "10.1.49.54"), host.reservations(NETWORK));
        } finally {
            Files.delete(results.resolve(NETWORK + "-x-eth0"));
            Files.delete(ofAnotherBoot);
            Files.delete(results.resolve("a-folder"));
            host.ip("route", "del", "10.1.49.53/32");
            host.ip("address", "del", "10.1.49.52/32", "dev", "lo");
        }
    }

    @Test
    void gc_leaves_other_networks_alone() throws Exception {
        Path other = Files.createDirectories(host.paths().hostLocalDir().resolve("podman"));
        Files.writeString(other.resolve("10.88.0.9"), "x\r\neth0");
        Files.setLastModifiedTime(other.resolve("10.88.0.9"), FileTime.from(Instant.now().minusSeconds(3600)));
        collect("");
        assertEquals(List.of("10.88.0.9"), host.reservations("podman"));
    }

    @Test
    void a_full_subnet_gives_what_leaked_before_it_refuses() throws Exception {
        host.order("lease", "subnets", "10.1.49.0/30");
        String config = Call.CONFIG.replace("10.1.49.0/24", "10.1.49.0/30");
        leave("10.1.49.2", 3600);
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0").with(config);
        assertEquals("10.1.49.2/32", add(call).path("ips").path(0).path("address").asText());
        var full = host.call("ADD", Call.pod("c1", host.pod("b"), "web-1").with(config));
        assertEquals(11, error(full).path("code").asInt(), full.toString());
        assertTrue(full.out().contains("no IP addresses available"), full.out());
    }

    @Test
    void host_ports_of_a_pod_that_lives_are_put_back_after_a_flush() throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        JsonNode result = add(call);
        Path bin = Files.createDirectories(host.paths().cniBinDir());
        Files.deleteIfExists(bin.resolve("portmap"));
        Files.createSymbolicLink(bin.resolve("portmap"), Path.of("/usr/lib/cni/portmap"));
        String list = "{\"name\":\"k8s-pod-network\",\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"calico\"},{\"type\":\"portmap\",\"snat\":true}]}";
        String mappings = "[{\"hostPort\":8080,\"containerPort\":80,\"protocol\":\"tcp\"}]";
        Path cached = Files.createDirectories(host.paths().cniResults().getFirst()).resolve("k8s-pod-network-c0ffee-eth0");
        Files.writeString(cached, "{\"kind\":\"cniCacheV1\",\"containerId\":\"c0ffee\",\"config\":\"" + Base64.getEncoder().encodeToString(list.getBytes(StandardCharsets.UTF_8))
                + "\",\"ifName\":\"eth0\",\"networkName\":\"k8s-pod-network\",\"netns\":\"" + call.pod().path() + "\",\"cniArgs\":[[\"IgnoreUnknown\",\"1\"]],"
                + "\"capabilityArgs\":{\"portMappings\":" + mappings + "},\"result\":" + result + "}");
        // One that portmap refuses is in the way of no other.
        Call refused = Call.pod("bad", host.pod("b"), "web-1");
        String bad = Files.readString(cached).replace("c0ffee", "bad").replace("\"containerPort\":80", "\"containerPort\":0").replace(call.pod().path().toString(), refused.pod().path().toString());
        add(refused);
        for (int i = 0; i < 8; i++) {
            Files.writeString(cached.resolveSibling("k8s-pod-network-bad-" + i), bad);
        }
        try {
            // What portmap makes here for the first time it has to make after a flush as well.
            for (int round = 0; round < 2; round++) {
                TestNamespaces.run(host.host(), "iptables", "-t", "nat", "-F");
                host.order("publish");
                awaitDnat();
            }
        } finally {
            Files.delete(cached);
            for (int i = 0; i < 8; i++) {
                Files.delete(cached.resolveSibling("k8s-pod-network-bad-" + i));
            }
            TestNamespaces.run(host.host(), "iptables", "-t", "nat", "-F");
            TestNamespaces.run(host.host(), "iptables", "-t", "nat", "-X");
        }
    }

    private static void awaitDnat() throws Exception {
        String rules = "";
        for (int i = 0; i < 600; i++) {
            rules = TestNamespaces.run(host.host(), "iptables-save", "-t", "nat");
            if (rules.contains("--to-destination 10.1.49.2:80") && rules.contains("-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT")) {
                return;
            }
            Thread.sleep(100);
        }
        throw new AssertionError(rules);
    }

    /** A reservation whose owner nobody knows. */
    private static void leave(String address, long seconds) throws Exception {
        Path folder = Files.createDirectories(host.paths().hostLocalDir().resolve(NETWORK));
        Files.writeString(folder.resolve(address), "lost-" + address + "\r\neth0");
        Files.setLastModifiedTime(folder.resolve(address), FileTime.from(Instant.now().minusSeconds(seconds)));
    }

    private static void collect(String valid) throws Exception {
        String config = MODERN.replaceFirst("\\{", "{\"cni.dev/valid-attachments\":[" + valid + "],");
        var outcome = host.call("GC", Call.pod("any", host.host(), "any").with(config));
        assertEquals(0, outcome.code(), outcome.toString());
    }

    private static void assertCheck(Call check, String... missing) throws Exception {
        var outcome = host.call("CHECK", check);
        String said = error(outcome).path("msg").asText();
        for (String sentence : missing) {
            assertTrue(said.contains(sentence), outcome.toString());
        }
    }

    private static JsonNode error(NativeClient.Outcome outcome) throws Exception {
        assertEquals(1, outcome.code(), outcome.toString());
        return TestHost.JSON.readTree(outcome.out());
    }

    private static JsonNode add(Call call) throws Exception {
        var outcome = host.call("ADD", call);
        assertEquals(0, outcome.code(), outcome.toString());
        return TestHost.JSON.readTree(outcome.out());
    }
}
