package io.canal.agent;

import static io.canal.kernel.testing.TestNamespaces.ip;
import static io.canal.kernel.testing.TestNamespaces.run;
import static io.canal.kernel.testing.TestNamespaces.tryRun;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.agent.TestNode.Pod;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Json;
import io.canal.store.testing.TestEtcd;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * One network of nodes with canal and nodes with a real flanneld: {@code canal test --with-flanneld PATH}. By its name no run of the
 * tests takes it up by itself.
 */
@TestInstance(Lifecycle.PER_CLASS)
@Tag("long")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class WithFlanneld {

    private static final String LEASES = "/coreos.com/network/subnets/";
    private static final Pattern COUNTS = Pattern.compile("(\\d+) packets transmitted, (\\d+) received");

    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace hub = TestNode.makeSwitch(namespaces);
    private final TestEtcd etcd = TestEtcd.tls(hub, "10.10.0.254");
    private final TestNode canal;
    private final TestNode other;
    private final TestNode third;
    private Flanneld flanneld;
    private NetworkNamespace flannelPod;
    private Pod canalPod;

    WithFlanneld(@TempDir Path folder) {
        canal = new TestNode(namespaces, hub, 1, etcd, folder.resolve("one"), config -> config);
        other = new TestNode(namespaces, hub, 2, etcd, folder.resolve("two"), config -> config);
        third = new TestNode(namespaces, hub, 3, etcd, folder.resolve("three"), config -> config);
    }

    @BeforeAll
    void start() throws IOException {
        etcd.etcdctl("put", "/coreos.com/network/config", "{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}");
        flanneld = new Flanneld(other);
        canal.start();
        canalPod = canal.add();
        flannelPod = namespaces.add("f");
        attach(flannelPod, other, flanneld.subnet().replace(".1/24", ".7"));
    }

    @AfterAll
    void stop() {
        flanneld.close();
        canal.close();
        other.close();
        third.close();
        etcd.close();
        namespaces.close();
    }

    @Test
    @Order(1)
    void pods_of_both_reach_each_other_with_packets_of_full_size() {
        reach();
    }

    @Test
    @Order(2)
    void each_follows_when_a_node_of_the_other_kind_joins_and_leaves() throws Exception {
        String added;
        try (Flanneld joined = new Flanneld(third)) {
            added = joined.subnet();
            canal.await("canal has a route to the flanneld that joined", () -> routes(canal).contains(base(added)));
        }
        etcd.etcdctl("del", LEASES + base(added) + "-24");
        canal.await("canal has no route to the flanneld that left", () -> !routes(canal).contains(base(added)));
        // What flanneld leaves behind is kept as it is: the device, and with it the MAC.
        third.start();
        String own = third.status().subnet();
        other.await("flanneld has a route to the canal node that joined", () -> routes(other).contains(base(own)));
        assertTrue(third.call(Op.LEAVE, Json.object()) instanceof Reply.Done);
        other.await("flanneld has no route to the canal node that left", () -> !routes(other).contains(base(own)));
        other.await("its agent has ended", third::ended);
        assertEquals("", tryRun(third.namespace, "sh", "-c", "ip -o link show type vxlan; nft list tables | grep canal; iptables-save | grep FLANNEL").text());
    }

    @Test
    @Order(3)
    void a_node_of_flanneld_is_taken_over_with_its_pods_and_given_back() throws Exception {
        String subnet = flanneld.subnet();
        String mac = mac();
        Process stream = stream(flannelPod, canalPod.address());
        flanneld.close();
        other.start();
        assertEquals(subnet, other.status().subnet());
        assertEquals(mac, mac());
        assertLost(0, stream);
        reach();
        Pod made = other.add();
        run(canalPod.namespace(), "ping", "-c", "3", "-i", "0.05", "-W", "2", made.address());
        other.del(made);

        stream = stream(flannelPod, canalPod.address());
        other.stop();
        // Rules that nobody keeps up any more would shut out the peers to come.
        run(other.namespace, "nft", "delete", "table", "inet", "canal");
        flanneld = new Flanneld(other);
        assertEquals(subnet, flanneld.subnet());
        assertEquals(mac, mac());
        assertLost(0, stream);
        reach();
    }

    private void reach() {
        String address = flanneld.subnet().replace(".1/24", ".7");
        // The peer's lease may come a moment after the file.
        canal.await("the first packet comes through", () -> tryRun(canalPod.namespace(), "ping", "-c", "1", "-W", "1", address).code() == 0);
        run(canalPod.namespace(), "ping", "-c", "3", "-i", "0.05", "-W", "2", "-M", "do", "-s", "1422", address);
        run(flannelPod, "ping", "-c", "3", "-i", "0.05", "-W", "2", "-M", "do", "-s", "1422", canalPod.address());
    }

    private static String base(String subnet) {
        return subnet.replace(".1/24", ".0");
    }

    private static String routes(TestNode node) {
        return ip(node.namespace, "route", "show");
    }

    private String mac() {
        Matcher matcher = Pattern.compile("link/ether (\\S+)").matcher(ip(other.namespace, "link", "show", "flannel.1"));
        assertTrue(matcher.find());
        return matcher.group(1);
    }

    /** A pod as another CNI plugin than canal's has it. */
    private void attach(NetworkNamespace pod, TestNode node, String address) {
        namespaces.veth(pod, "eth0", node.namespace, "veth7");
        ip(pod, "addr", "add", address + "/32", "dev", "eth0");
        ip(pod, "link", "set", "eth0", "mtu", "1450");
        ip(pod, "route", "add", "169.254.1.1", "dev", "eth0");
        ip(pod, "route", "add", "default", "via", "169.254.1.1");
        ip(node.namespace, "addr", "add", "169.254.1.1/32", "dev", "veth7");
        ip(node.namespace, "route", "add", address + "/32", "dev", "veth7");
    }

    private static Process stream(NetworkNamespace from, String to) throws IOException {
        return TestNamespaces.start(from, "ping", "-q", "-i", "0.005", "-W", "1", to);
    }

    private static void assertLost(int most, Process stream) throws Exception {
        new ProcessBuilder("kill", "-INT", String.valueOf(stream.pid())).start().waitFor();
        String text = new String(stream.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        Matcher counts = COUNTS.matcher(text);
        assertTrue(counts.find(), text);
        // The last one may still have been under way.
        assertTrue(Integer.parseInt(counts.group(1)) - Integer.parseInt(counts.group(2)) <= most + 1, text);
    }

    /** flanneld at work on a node, by the same etcd. */
    private final class Flanneld implements AutoCloseable {

        private final TestNode node;
        private final Process process;

        Flanneld(TestNode node) throws IOException {
            this.node = node;
            String program = System.getProperty("flanneld", "");
            if (program.isEmpty()) {
                throw new AssertionError("no flanneld is named: canal test --with-flanneld PATH");
            }
            Files.createDirectories(node.paths.subnetEnv().getParent());
            run(node.namespace, "sysctl", "-qw", "net.ipv4.ip_forward=1");
            process = new ProcessBuilder("nsenter", "--net=" + node.namespace.path(), program, "-etcd-endpoints", String.join(",", etcd.endpoints()),
                    "-etcd-cafile", etcd.certificates().file("ca.pem").toString(), "-etcd-certfile", etcd.certificates().file("client.pem").toString(),
                    "-etcd-keyfile", etcd.certificates().file("client.key").toString(), "-iface", "eth0", "-ip-masq",
                    "-subnet-file", node.paths.subnetEnv().toString())
                    .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(node.log().toFile())).start();
            node.await("flanneld has a subnet", () -> {
                if (!process.isAlive()) {
                    throw new AssertionError("flanneld has ended:\n" + node.logText());
                }
                return etcd.etcdctl("get", "--prefix", LEASES).contains("\"" + node.address + "\"") && Files.exists(node.paths.subnetEnv());
            });
        }

        /** As subnet.env says it: 10.1.7.1/24. */
        String subnet() {
            Matcher line = Pattern.compile("FLANNEL_SUBNET=(\\S+)").matcher(text());
            if (!line.find()) {
                throw new AssertionError("no subnet in " + text());
            }
            return line.group(1);
        }

        private String text() {
            try {
                return Files.readString(node.paths.subnetEnv());
            } catch (IOException absent) {
                return "";
            }
        }

        @Override
        public void close() {
            process.destroy();
            try {
                // Where its event loop is in a retry, it does not hear the signal.
                if (!process.waitFor(3, TimeUnit.SECONDS)) {
                    process.destroyForcibly().waitFor();
                }
            } catch (InterruptedException interrupted) {
                throw new AssertionError(interrupted);
            }
        }
    }
}
