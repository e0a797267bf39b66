package io.canal.agent;

import static io.canal.kernel.testing.TestNamespaces.ip;
import static io.canal.kernel.testing.TestNamespaces.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.agent.TestNode.Pod;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.store.testing.TestEtcd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes with real agents, one etcd with TLS, and packets between their pods. */
@TestInstance(Lifecycle.PER_CLASS)
@Tag("long")
class TwoAgentsIT {

    private static final Duration AT_ONCE = Duration.ofSeconds(1);

    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace hub = TestNode.makeSwitch(namespaces);
    private final TestEtcd etcd = TestEtcd.tls(hub, "10.10.0.254");
    private final TestNode one;
    private final TestNode two;

    TwoAgentsIT(@TempDir Path folder) {
        one = new TestNode(namespaces, hub, 1, etcd, folder.resolve("one"), config -> config);
        two = new TestNode(namespaces, hub, 2, etcd, folder.resolve("two"), config -> config);
    }

    @BeforeAll
    void start() {
        etcd.etcdctl("put", "/coreos.com/network/config", "{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}");
        one.start();
        two.start();
    }

    @AfterAll
    void stop() {
        one.close();
        two.close();
        etcd.close();
        namespaces.close();
    }

    @Test
    void pods_reach_each_other_with_packets_of_full_size() {
        Pod a = one.add();
        Pod b = two.add();
        // 1450 less 20 of IP and 8 of ICMP; -M do forbids to cut it into pieces.
        run(a.namespace(), "ping", "-c", "3", "-i", "0.05", "-W", "2", "-M", "do", "-s", "1422", b.address());
        run(b.namespace(), "ping", "-c", "3", "-i", "0.05", "-W", "2", "-M", "do", "-s", "1422", a.address());
        one.del(a);
        two.del(b);
    }

    @Test
    void pods_that_come_and_go_are_no_repairs() {
        List<String> before = repairs();
        for (int i = 0; i < 3; i++) {
            Pod a = one.add();
            one.del(a);
            // A pass for which what was removed is gone.
            one.await("it is ready", one::ready);
        }
        assertEquals(before, repairs());
    }

    private List<String> repairs() {
        return run(one.namespace, "curl", "-s", "http://127.0.0.1:9099/metrics").lines().filter(line -> line.startsWith("canal_repairs_total{")).toList();
    }

    @Test
    void an_agent_that_is_killed_and_comes_back_loses_no_packet() throws Exception {
        Pod a = one.add();
        Pod b = two.add();
        try (Ping ping = new Ping(a, b)) {
            for (int i = 0; i < 3; i++) {
                one.kill();
                one.start();
            }
            ping.assertNothingLost();
        }
        one.del(a);
        two.del(b);
    }

    @Test
    void without_etcd_pods_are_made_and_their_endpoints_follow() {
        Pod b = two.add();
        etcd.kill(0);
        Pod a = one.add();
        run(a.namespace(), "ping", "-c", "2", "-i", "0.05", "-W", "2", b.address());
        etcd.start(0);
        String endpoint = "node--1-k8s-" + a.name().replace("-", "--") + "-eth0";
        one.await("the endpoint is in etcd", () -> endpoints().contains(endpoint));
        assertEquals(1, Pattern.compile(Pattern.quote(endpoint)).matcher(endpoints()).results().count());
        one.await("the agent is ready again", one::ready);
        two.await("the agent is ready again", two::ready);
        one.del(a);
        two.del(b);
    }

    private String endpoints() {
        return etcd.etcdctl("get", "--prefix", "--keys-only", "/calico/resources/v3/projectcalico.org/workloadendpoints/");
    }

    @Test
    void a_deleted_lease_comes_back_with_its_subnet_and_nothing_is_lost() throws Exception {
        Pod a = one.add();
        Pod b = two.add();
        String subnet = one.status().subnet();
        String key = "/coreos.com/network/subnets/" + subnet.replaceAll("1/24$", "0-24");
        try (Ping ping = new Ping(b, a)) {
            etcd.etcdctl("del", key);
            one.await("the lease is back", () -> etcd.etcdctl("get", key).contains("\"PublicIP\":\"10.10.0.1\""));
            Thread.sleep(300);
            ping.assertNothingLost();
        }
        assertEquals(subnet, one.status().subnet());
        one.del(a);
        two.del(b);
    }

    @Test
    void a_file_that_somebody_edited_is_right_again_within_a_second() throws IOException {
        for (Path file : new Path[] {one.paths.conflist(), one.paths.subnetEnv()}) {
            String good = Files.readString(file);
            Files.writeString(file, good.replace("10.1.", "10.9."));
            assertTrue(one.await(file + " is right", () -> good.equals(text(file))).compareTo(AT_ONCE) < 0);
            Files.delete(file);
            assertTrue(one.await(file + " is there", () -> good.equals(text(file))).compareTo(AT_ONCE) < 0);
            assertTold("put back " + file + ": somebody had changed it (");
            assertTold("put back " + file + ": somebody had removed it");
        }
        assertRepairs("file", 4);
    }

    private void assertTold(String line) {
        one.await("the log says: " + line, () -> one.logText().contains(line));
    }

    /** At least so many: the tests share the node. */
    private void assertRepairs(String kind, int least) {
        String metrics = run(one.namespace, "curl", "-s", "http://127.0.0.1:9099/metrics");
        Matcher count = Pattern.compile("canal_repairs_total\\{kind=\"" + kind + "\"} ([0-9]+)\\.0").matcher(metrics);
        assertTrue(count.find() && Integer.parseInt(count.group(1)) >= least, metrics);
    }

    @Test
    void a_deleted_device_is_back_within_a_second_with_its_mac_and_peers() {
        Pod a = one.add();
        Pod b = two.add();
        String mac = mac(one);
        ip(one.namespace, "link", "del", "flannel.1");
        assertTrue(one.await("the peer's route is back", () -> ip(one.namespace, "route").contains("dev flannel.1")).compareTo(AT_ONCE) < 0);
        assertEquals(mac, mac(one));
        assertTold("put back flannel.1: somebody had removed it");
        assertRepairs("link", 1);
        run(a.namespace(), "ping", "-c", "3", "-i", "0.05", "-W", "2", b.address());
        one.del(a);
        two.del(b);
    }

    private static String mac(TestNode node) {
        Matcher matcher = Pattern.compile("link/ether (\\S+)").matcher(ip(node.namespace, "link", "show", "flannel.1"));
        assertTrue(matcher.find());
        return matcher.group(1);
    }

    @Test
    void the_two_have_different_subnets_of_the_network_and_each_others_routes() {
        assertNotEquals(one.status().subnet(), two.status().subnet());
        assertEquals("10.1.0.0/16", one.status().network());
        assertEquals(1450, one.status().mtu());
        String other = two.status().subnet().replaceAll("1/24$", "0");
        assertTrue(ip(one.namespace, "route").contains(other + "/24 via " + other + " dev flannel.1"));
    }

    @Test
    void a_stop_leaves_the_kernel_as_it_is() {
        Pod a = one.add();
        Pod b = two.add();
        one.stop();
        run(a.namespace(), "ping", "-c", "3", "-i", "0.05", "-W", "2", b.address());
        assertTrue(Files.exists(one.paths.conflist()));
        assertFalse(Files.exists(one.paths.controlSocket()));
        one.start();
        one.del(a);
        two.del(b);
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException absent) {
            return "";
        }
    }
}
