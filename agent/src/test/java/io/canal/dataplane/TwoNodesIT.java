package io.canal.dataplane;

import static io.canal.kernel.testing.TestNamespaces.ip;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.Extra;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.LocalEndpoint;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetRange;
import io.canal.network.Mtu;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Packets between pods of two nodes. */
class TwoNodesIT {

    private static final NetworkConfig V4 = NetworkConfig.of(Cidr.of("10.1.0.0/16"), Backend.VXLAN);
    private static final NetworkConfig DUAL = new NetworkConfig(Optional.of(SubnetRange.of(Cidr.of("10.1.0.0/16"))),
            Optional.of(SubnetRange.of(Cidr.of("fd00:1::/56"))), false, Backend.VXLAN, Extra.NONE);
    private static final String FIRST = "10.1.1.0-24";
    private static final String SECOND = "10.1.2.0-24";
    private static final String FIRST_DUAL = "10.1.1.0-24&fd00:1:0:1::-64";
    private static final String SECOND_DUAL = "10.1.2.0-24&fd00:1:0:2::-64";

    @TempDir
    Path dir;
    @AutoClose
    private final TestNamespaces namespaces = new TestNamespaces();
    private NetworkNode one;
    private NetworkNode two;
    private NetworkNamespace podOne;
    private NetworkNamespace podTwo;

    @AfterEach
    void close() {
        one.close();
        two.close();
    }

    @Test
    void the_largest_packet_passes_whole_and_a_larger_one_does_not() throws Exception {
        start(V4, FIRST, SECOND);
        assertTrue(ping("10.1.2.9", 1422), "1450 bytes pass");
        assertTrue(pingBack("10.1.1.9", 1422));
        assertTrue(!ping("10.1.2.9", 1423), "1451 bytes do not");
    }

    @Test
    void both_families_pass_whole() throws Exception {
        start(DUAL, FIRST_DUAL, SECOND_DUAL);
        ping("fd00:1:0:2::9", 100); // the underlay's own neighbours are looked up
        assertTrue(ping("10.1.2.9", 1430 - 28));
        assertTrue(ping("fd00:1:0:2::9", 1430 - 48), "1430 bytes pass over IPv6");
    }

    @Test
    void neighbours_on_one_link_need_no_tunnel_with_host_gw() throws Exception {
        start(V4.withBackend(Backend.HOST_GW), FIRST, SECOND);
        assertEquals("10.1.2.0/24 via 10.10.0.2 dev eth0 proto 202", ip(one.namespace, "route", "show", "10.1.2.0/24"));
        assertTrue(ping("10.1.2.9", 1472), "nothing is lost to a header");
    }

    @Test
    void an_address_of_no_pod_goes_nowhere() throws Exception {
        start(V4, FIRST, SECOND);
        ip(two.namespace, "route", "add", "default", "via", "10.10.0.1");
        assertNotEquals(0, TestNamespaces.tryRun(two.namespace, "ip", "route", "get", "10.1.2.77").code());
    }

    @Test
    void a_new_process_on_the_other_node_loses_no_packet() throws Exception {
        start(V4, FIRST, SECOND);
        Process pings = TestNamespaces.start(podOne, "ping", "-i", "0.002", "-c", "500", "-W", "1", "-q", "10.1.2.9");
        for (int i = 0; i < 3; i++) {
            two.stop();
            two.start().settle();
        }
        String said = new String(pings.getInputStream().readAllBytes());
        assertEquals(0, pings.waitFor(), said);
        assertTrue(said.contains("500 received"), said);
    }

    @Test
    void the_route_to_a_pod_comes_back_within_a_second() throws Exception {
        start(V4, FIRST, SECOND);
        ip(two.namespace, "route", "del", "10.1.2.9");
        NetworkNode.within(1000, "the route is back", () -> !ip(two.namespace, "route", "show", "10.1.2.9").isEmpty());
        ip(two.namespace, "link", "set", "cali9", "down");
        ip(two.namespace, "link", "set", "cali9", "up");
        NetworkNode.within(1000, "the route is back", () -> !ip(two.namespace, "route", "show", "10.1.2.9").isEmpty());
        assertTrue(ping("10.1.2.9", 100));
    }

    @Test
    void the_route_of_a_pod_that_is_gone_is_removed_and_of_one_that_we_do_not_know_is_left() throws Exception {
        start(V4, FIRST, SECOND);
        ip(two.namespace, "link", "add", "cali8", "type", "bridge");
        ip(two.namespace, "link", "set", "cali8", "up");
        ip(two.namespace, "route", "add", "10.1.2.8", "dev", "cali8");
        ip(two.namespace, "route", "add", "10.1.2.7", "dev", "cali9");
        NetworkNode.within(1000, "a stale route of a pod is removed", () -> ip(two.namespace, "route", "show", "10.1.2.7").isEmpty());
        two.write(() -> two.endpoints.remove("cali9"));
        assertEquals("", ip(two.namespace, "route", "show", "10.1.2.9"));
        assertEquals("10.1.2.8 dev cali8 scope link", ip(two.namespace, "route", "show", "10.1.2.8").replace(" linkdown", ""));
    }

    private void start(NetworkConfig config, String firstSubnet, String secondSubnet) throws Exception {
        NetworkNamespace a = namespaces.add("one");
        NetworkNamespace b = namespaces.add("two");
        namespaces.veth(a, "eth0", b, "eth0");
        ip(a, "addr", "add", "10.10.0.1/24", "dev", "eth0");
        ip(b, "addr", "add", "10.10.0.2/24", "dev", "eth0");
        ip(a, "addr", "add", "fd00:10::1/64", "dev", "eth0", "nodad");
        ip(b, "addr", "add", "fd00:10::2/64", "dev", "eth0", "nodad");
        one = new NetworkNode(a, Files.createDirectory(dir.resolve("one")), config, firstSubnet).start();
        two = new NetworkNode(b, Files.createDirectory(dir.resolve("two")), config, secondSubnet).start();
        one.settle();
        two.settle();
        LeaseValue leaseOne = config.backend().isVxlan() ? one.lease() : LeaseValue.hostGw(Ip.of("10.10.0.1"));
        LeaseValue leaseTwo = config.backend().isVxlan() ? two.lease() : LeaseValue.hostGw(Ip.of("10.10.0.2"));
        assertEquals(Map.of(), one.peer(secondSubnet, leaseTwo).failures());
        assertEquals(Map.of(), two.peer(firstSubnet, leaseOne).failures());
        podOne = pod(one, "10.1.1.9", "fd00:1:0:1::9");
        podTwo = pod(two, "10.1.2.9", "fd00:1:0:2::9");
    }

    /** A pod as the CNI plugin makes one; its host route is left to the stage. */
    private NetworkNamespace pod(NetworkNode node, String v4, String v6) {
        NetworkNamespace pod = namespaces.add("pod" + v4);
        namespaces.veth(node.namespace, "cali9", pod, "eth0");
        int mtu = Mtu.of(node.local()).pods();
        ip(node.namespace, "link", "set", "cali9", "mtu", Integer.toString(mtu));
        ip(pod, "link", "set", "eth0", "mtu", Integer.toString(mtu));
        ip(pod, "addr", "add", v4 + "/32", "dev", "eth0");
        ip(pod, "route", "add", "169.254.1.1", "dev", "eth0");
        ip(pod, "route", "add", "default", "via", "169.254.1.1", "dev", "eth0");
        String near = ip(node.namespace, "-br", "link", "show", "cali9").split("\\s+")[2];
        ip(pod, "neigh", "add", "169.254.1.1", "lladdr", near, "dev", "eth0", "nud", "permanent");
        ip(pod, "addr", "add", v6 + "/128", "dev", "eth0", "nodad");
        ip(node.namespace, "addr", "add", "fe80::1/64", "dev", "cali9", "nodad");
        ip(pod, "-6", "route", "add", "default", "via", "fe80::1", "dev", "eth0");
        LocalEndpoint endpoint = new LocalEndpoint("cali9", "default", "pod", "pod", "c", List.of(Ip.of(v4), Ip.of(v6)), new Mac(1), Map.of(), List.of(), List.of());
        assertEquals(Map.of(), node.write(() -> node.endpoints.put("cali9", endpoint)).failures());
        return pod;
    }

    private boolean ping(String address, int bytes) {
        return ping(podOne, address, bytes);
    }

    private boolean pingBack(String address, int bytes) {
        return ping(podTwo, address, bytes);
    }

    private static boolean ping(NetworkNamespace from, String address, int bytes) {
        return TestNamespaces.tryRun(from, "ping", "-c", "1", "-W", "2", "-M", "do", "-s", Integer.toString(bytes), address).code() == 0;
    }
}
