package io.canal.agent;

import static io.canal.kernel.testing.TestNamespaces.bridge;
import static io.canal.kernel.testing.TestNamespaces.ip;
import static io.canal.kernel.testing.TestNamespaces.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.agent.TestNode.Pod;
import io.canal.config.AgentConfig;
import io.canal.config.TxChecksum;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.store.testing.TestEtcd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** A network that changes under two nodes with real agents, from one test to the next, while pods talk. */
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
@Tag("long")
@Tag("alone")
class NetworkChangeIT {

    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace hub = TestNode.makeSwitch(namespaces);
    private final TestEtcd etcd = TestEtcd.tls(hub, "10.10.0.254");
    private final TestNode one;
    private final TestNode two;
    private Pod a;
    private Pod b;

    NetworkChangeIT(@TempDir Path folder) {
        one = new TestNode(namespaces, hub, 1, etcd, folder.resolve("one"), config -> config);
        two = new TestNode(namespaces, hub, 2, etcd, folder.resolve("two"), config -> config);
    }

    @BeforeAll
    void start() {
        network("{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}");
        for (TestNode node : new TestNode[] {one, two}) {
            // Each has what the machine has set for new devices.
            run(node.namespace, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1", "net.ipv4.conf.eth0.rp_filter=0");
            node.start();
        }
        a = one.add();
        b = two.add();
    }

    @AfterAll
    void stop() {
        one.close();
        two.close();
        etcd.close();
        namespaces.close();
    }

    @Test
    @Order(1)
    void vxlan_becomes_host_gw_and_nothing_is_lost() throws Exception {
        try (Ping there = new Ping(a, b); Ping back = new Ping(b, a)) {
            network("{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"host-gw\"}}");
            one.await("routes lead to gateways", () -> route(one, b).contains("via 10.10.0.2 dev eth0") && route(two, a).contains("via 10.10.0.1 dev eth0"));
            assertEquals("2", control(one, "eth0"), "the path filter is loose while the form of a lease may be the other");
            one.await("the tunnels are gone", () -> !has(one, "flannel.1") && !has(two, "flannel.1"));
            one.await("the path filter is as it was", () -> control(one, "eth0").equals("0"));
            there.assertNothingLost();
            back.assertNothingLost();
        }
        one.await("both are ready", () -> one.ready() && two.ready());
        assertEquals(1500, one.status().mtu());
    }

    @Test
    @Order(2)
    void host_gw_becomes_vxlan_and_nothing_is_lost() throws Exception {
        try (Ping there = new Ping(a, b); Ping back = new Ping(b, a)) {
            network("{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}");
            one.await("routes lead into tunnels", () -> route(one, b).contains("dev flannel.1") && route(two, a).contains("dev flannel.1"));
            there.assertNothingLost();
            back.assertNothingLost();
        }
    }

    @Test
    @Order(3)
    void ipv4_becomes_dual_stack_and_nothing_is_lost() throws Exception {
        try (Ping there = new Ping(a, b); Ping back = new Ping(b, a)) {
            network("{\"EnableIPv6\":true,\"Network\":\"10.1.0.0/16\",\"IPv6Network\":\"fd00:10:1::/56\",\"Backend\":{\"Type\":\"vxlan\"}}");
            for (TestNode node : new TestNode[] {one, two}) {
                node.await("the other's IPv6 subnet is routed", () -> ip(node.namespace, "-6", "route").contains("dev flannel-v6.1 metric")
                        || ip(node.namespace, "-6", "route").contains("dev flannel-v6.1 onlink"));
                node.await("its files say both families", () -> text(node.paths.conflist()).contains("fd00:10:1:"));
                node.await("it is ready", node::ready);
            }
            there.assertNothingLost();
            back.assertNothingLost();
        }
        assertEquals("10.1.0.0/16,fd00:10:1::/56", one.status().network());
        assertEquals(1430, one.status().mtu(), "what the IPv6 tunnel carries, for both");
        assertTrue(text(one.paths.subnetEnv()).matches("(?s)FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.\\d+.1/24\n"
                + "FLANNEL_IPV6_NETWORK=fd00:10:1::/56\nFLANNEL_IPV6_SUBNET=fd00:10:1:[0-9a-f]+::1/64\nFLANNEL_MTU=1430\nFLANNEL_IPMASQ=true\n"),
                text(one.paths.subnetEnv()));
        Pod c = one.add();
        Pod d = two.add();
        assertEquals(2, c.addresses().size(), c.toString());
        // 1430 less 28 and 48 of headers.
        run(c.namespace(), "ping", "-c", "3", "-i", "0.05", "-W", "2", "-M", "do", "-s", "1402", d.addresses().get(0));
        run(c.namespace(), "ping", "-c", "3", "-i", "0.05", "-W", "2", "-M", "do", "-s", "1382", d.addresses().get(1));
        run(d.namespace(), "ping", "-c", "3", "-i", "0.05", "-W", "2", "-M", "do", "-s", "1382", c.addresses().get(1));
        // A pod of before still talks, in the family that it has.
        run(a.namespace(), "ping", "-c", "2", "-i", "0.05", "-W", "2", d.addresses().get(0));
        try (Ping v6 = new Ping(c, d.addresses().get(1))) {
            two.kill();
            two.start();
            v6.assertNothingLost();
        }
        one.del(c);
        two.del(d);
    }

    @Test
    @Order(4)
    void the_ipv6_tunnel_that_was_deleted_is_back_with_all_that_hangs_on_it() {
        Pod c = one.add();
        Pod d = two.add();
        ip(one.namespace, "link", "del", "flannel-v6.1");
        one.await("the peer's route is back", () -> ip(one.namespace, "-6", "route").contains("dev flannel-v6.1"));
        run(c.namespace(), "ping", "-c", "2", "-i", "0.05", "-W", "3", d.addresses().get(1));
        ip(one.namespace, "link", "set", "flannel-v6.1", "down");
        one.await("the tunnel is up", () -> ip(one.namespace, "link", "show", "flannel-v6.1").contains(",UP"));
        one.await("the peer's route is back", () -> ip(one.namespace, "-6", "route").contains("dev flannel-v6.1"));
        run(c.namespace(), "ping", "-c", "2", "-i", "0.05", "-W", "3", d.addresses().get(1));
        one.del(c);
        two.del(d);
    }

    @Test
    @Order(5)
    void another_mtu_of_the_uplink_is_followed() {
        ip(one.namespace, "link", "set", "eth0", "mtu", "1400");
        one.await("tunnels and files follow", () -> ip(one.namespace, "link", "show", "flannel.1").contains("mtu 1350")
                && ip(one.namespace, "link", "show", "flannel-v6.1").contains("mtu 1330") && text(one.paths.subnetEnv()).contains("FLANNEL_MTU=1330"));
        ip(one.namespace, "link", "set", "eth0", "mtu", "1500");
        one.await("and back", () -> ip(one.namespace, "link", "show", "flannel.1").contains("mtu 1450") && text(one.paths.subnetEnv()).contains("FLANNEL_MTU=1430"));
    }

    @Test
    @Order(6)
    void another_address_of_the_uplink_is_followed_by_device_lease_and_peers() {
        String subnet = one.status().subnet();
        ip(one.namespace, "addr", "del", "10.10.0.1/24", "dev", "eth0");
        ip(one.namespace, "addr", "add", "10.10.0.71/24", "dev", "eth0");
        if (!ip(one.namespace, "route").contains("default")) {
            ip(one.namespace, "route", "add", "default", "via", "10.10.0.254");
        }
        one.await("the device sends from it", () -> ip(one.namespace, "-d", "link").contains("local 10.10.0.71"));
        two.await("the peer sends to it", () -> bridge(two.namespace, "fdb", "show", "dev", "flannel.1").contains("dst 10.10.0.71"));
        assertEquals(subnet, one.status().subnet());
        run(a.namespace(), "ping", "-c", "2", "-i", "0.05", "-W", "3", b.address());
    }

    @Test
    @Order(7)
    void an_uplink_that_went_down_and_came_back_has_everything_again() {
        network("{\"EnableIPv6\":true,\"Network\":\"10.1.0.0/16\",\"IPv6Network\":\"fd00:10:1::/56\",\"Backend\":{\"Type\":\"vxlan\",\"DirectRouting\":true}}");
        one.await("routes lead to gateways", () -> route(one, b).contains("via 10.10.0.2 dev eth0") && route(two, a).contains("via 10.10.0.71 dev eth0"));
        ip(one.namespace, "link", "set", "eth0", "down");
        one.await("the kernel has dropped the routes", () -> !ip(one.namespace, "route").contains("10.10.0.2"));
        ip(one.namespace, "link", "set", "eth0", "up");
        ip(one.namespace, "-6", "addr", "replace", one.addressV6() + "/64", "dev", "eth0", "nodad");
        ip(one.namespace, "route", "add", "default", "via", "10.10.0.254");
        one.await("the routes are back", () -> route(one, b).contains("via 10.10.0.2 dev eth0"));
        one.await("IPv6 too", () -> ip(one.namespace, "-6", "route").contains("via " + two.addressV6() + " dev eth0"));
        run(a.namespace(), "ping", "-c", "2", "-i", "0.05", "-W", "3", b.address());
        network("{\"EnableIPv6\":true,\"Network\":\"10.1.0.0/16\",\"IPv6Network\":\"fd00:10:1::/56\",\"Backend\":{\"Type\":\"vxlan\"}}");
        one.await("routes lead into tunnels again", () -> route(one, b).contains("dev flannel.1"));
        run(a.namespace(), "ping", "-c", "2", "-i", "0.05", "-W", "3", b.address());
    }

    @Test
    @Order(8)
    void the_checksum_offload_of_the_tunnels_is_as_the_option_says() throws IOException {
        assertTrue(offload());
        AgentConfig before = one.config();
        one.configure(before.withTxChecksum(TxChecksum.OFF));
        one.call(Op.RELOAD, Json.object());
        one.await("it is off", () -> !offload());
        run(one.namespace, "ethtool", "-K", "flannel.1", "tx", "on");
        one.call(Op.REPAIR, Json.object());
        one.await("it is off again", () -> !offload());
        one.configure(before);
        one.call(Op.RELOAD, Json.object());
        one.await("it is on", this::offload);
    }

    @Test
    @Order(9)
    void another_port_makes_the_tunnels_anew_and_the_status_says_how_long_they_were_away() throws Exception {
        try (Ping there = new Ping(a, b); Ping back = new Ping(b, a)) {
            network("{\"EnableIPv6\":true,\"Network\":\"10.1.0.0/16\",\"IPv6Network\":\"fd00:10:1::/56\",\"Backend\":{\"Type\":\"vxlan\",\"Port\":4789}}");
            for (TestNode node : new TestNode[] {one, two}) {
                node.await("its tunnel has the port", () -> ip(node.namespace, "-d", "link", "show", "type", "vxlan").contains("dstport 4789"));
                node.await("it says so", () -> node.status().notes().stream().anyMatch(note -> note.contains("flannel.1 was made again")
                        || note.contains("flannel-v6.1 was made again")));
                node.await("it is ready", node::ready);
            }
            run(a.namespace(), "ping", "-c", "2", "-i", "0.05", "-W", "3", b.address());
            System.out.println("another port: nothing came through for " + there.gap().toMillis() + " ms there, " + back.gap().toMillis() + " ms back; "
                    + one.status().notes() + two.status().notes());
        }
    }

    @Test
    @Order(10)
    void another_interface_as_uplink_is_followed_by_device_lease_and_peers() {
        String subnet = one.status().subnet();
        namespaces.veth(one.namespace, "eth1", hub, "port1b");
        ip(hub, "link", "set", "port1b", "master", "br0");
        ip(one.namespace, "addr", "add", "10.10.0.81/24", "dev", "eth1");
        ip(one.namespace, "-6", "addr", "add", "fd00:10:10::81/64", "dev", "eth1", "nodad");
        AgentConfig before = one.config();
        configured(before.withIface("eth1"));
        one.await("the tunnels send from it", () -> ip(one.namespace, "-d", "link", "show", "type", "vxlan").contains("local 10.10.0.81 dev eth1"));
        two.await("the peer sends to it", () -> bridge(two.namespace, "fdb", "show", "dev", "flannel.1").contains("dst 10.10.0.81"));
        assertEquals(subnet, one.status().subnet());
        run(a.namespace(), "ping", "-c", "2", "-i", "0.05", "-W", "3", b.address());
        configured(before);
        two.await("and back", () -> bridge(two.namespace, "fdb", "show", "dev", "flannel.1").contains("dst 10.10.0.71"));
        ip(one.namespace, "link", "del", "eth1");
        run(a.namespace(), "ping", "-c", "2", "-i", "0.05", "-W", "3", b.address());
    }

    @Test
    @Order(11)
    void another_address_is_followed_though_the_configuration_still_names_the_one_before() {
        String subnet = one.status().subnet();
        AgentConfig before = one.config();
        configured(before.withPublicIp(Ip.parse("10.10.0.71")));
        address("10.10.0.71/24", "10.10.0.91/24");
        long changed = System.nanoTime();
        one.await("the tunnels send from it", () -> ip(one.namespace, "-d", "link", "show", "type", "vxlan").contains("local 10.10.0.91"));
        two.await("the peer sends to it", () -> bridge(two.namespace, "fdb", "show", "dev", "flannel.1").contains("dst 10.10.0.91"));
        // The connection to etcd from the address that is gone would be given up after some ten seconds.
        long millis = (System.nanoTime() - changed) / 1_000_000;
        System.out.println("another address: the peer sends to it after " + millis + " ms");
        assertTrue(millis < 5_000, () -> "the peer sends to the new address after " + millis + " ms");
        assertEquals("10.10.0.91", one.status().publicIp());
        run(a.namespace(), "ping", "-c", "2", "-i", "0.05", "-W", "3", b.address());
        // The hook that runs later names the new one, and nothing changes.
        configured(before.withPublicIp(Ip.parse("10.10.0.91")));
        one.await("it is ready", one::ready);
        assertEquals("10.10.0.91", one.status().publicIp());
        assertEquals(subnet, one.status().subnet());
        run(a.namespace(), "ping", "-c", "2", "-i", "0.05", "-W", "3", b.address());
    }

    @Test
    @Order(12)
    void an_address_of_a_translation_on_the_way_stays_in_the_lease_while_the_uplink_gets_another_one() {
        AgentConfig before = one.config();
        configured(before.withPublicIp(Ip.parse("192.0.2.7")));
        two.await("the peer sends to it", () -> bridge(two.namespace, "fdb", "show", "dev", "flannel.1").contains("dst 192.0.2.7"));
        address("10.10.0.91/24", "10.10.0.71/24");
        one.await("the tunnels send from the new one", () -> ip(one.namespace, "-d", "link", "show", "type", "vxlan").contains("local 10.10.0.71"));
        one.await("it is ready", one::ready);
        assertEquals("192.0.2.7", one.status().publicIp());
        assertTrue(bridge(two.namespace, "fdb", "show", "dev", "flannel.1").contains("dst 192.0.2.7"));
        configured(before.withPublicIp(Optional.empty()));
        two.await("the peer sends to the uplink's own", () -> bridge(two.namespace, "fdb", "show", "dev", "flannel.1").contains("dst 10.10.0.71"));
        run(a.namespace(), "ping", "-c", "2", "-i", "0.05", "-W", "3", b.address());
    }

    @Test
    @Order(13)
    void a_host_that_moves_to_another_network_while_its_agent_is_down_does_not_take_its_old_address_for_a_translated_one() {
        AgentConfig before = one.config();
        String subnet = one.status().subnet();
        configured(before.withPublicIp(Ip.parse("10.10.0.71")));
        one.await("it is ready", one::ready);
        one.kill();
        ip(hub, "addr", "add", "10.20.0.254/24", "dev", "br0");
        run(hub, "sysctl", "-qw", "net.ipv4.ip_forward=1");
        ip(one.namespace, "addr", "del", "10.10.0.71/24", "dev", "eth0");
        ip(one.namespace, "addr", "add", "10.20.0.9/24", "dev", "eth0");
        ip(one.namespace, "route", "add", "default", "via", "10.20.0.254");
        one.launch();
        two.await("the peer sends to it", () -> bridge(two.namespace, "fdb", "show", "dev", "flannel.1").contains("dst 10.20.0.9"));
        one.await("it is ready", one::ready);
        assertEquals("10.20.0.9", one.status().publicIp());
        assertEquals(subnet, one.status().subnet());
        assertTrue(one.status().notes().stream().anyMatch(note -> note.startsWith("The configuration names 10.10.0.71 as public-ip, which eth0 does not have;"
                + " 10.20.0.9 is used. It had it once;")), one.status().notes()::toString);
        run(a.namespace(), "ping", "-c", "2", "-i", "0.05", "-W", "3", b.address());
        configured(before);
        one.await("nothing is to be said any more", () -> one.status().notes().stream().noneMatch(note -> note.contains("public-ip")));
    }

    @Test
    @Order(14)
    void a_network_of_ipv6_alone_carries_pods_of_hosts_that_have_both_families() {
        one.del(a);
        two.del(b);
        for (TestNode node : new TestNode[] {one, two}) {
            assertInstanceOf(Reply.Done.class, node.call(Op.LEAVE, Json.object()));
            node.kill();
        }
        network("{\"EnableIPv4\":false,\"EnableIPv6\":true,\"IPv6Network\":\"fd00:10:2::/56\",\"Backend\":{\"Type\":\"vxlan\"}}");
        one.launch();
        two.start();
        one.await("it is ready", one::ready);
        assertTrue(text(one.paths.subnetEnv()).matches("FLANNEL_IPV6_NETWORK=fd00:10:2::/56\nFLANNEL_IPV6_SUBNET=fd00:10:2:[0-9a-f]+::1/64\n"
                + "FLANNEL_MTU=1430\nFLANNEL_IPMASQ=true\n"), text(one.paths.subnetEnv()));
        assertEquals(two.addressV6(), two.status().publicIp());
        assertFalse(has(one, "flannel.1"));
        Pod c = one.add();
        Pod d = two.add();
        assertEquals(1, c.addresses().size(), c.toString());
        one.await("the peer's route is there", () -> ip(one.namespace, "-6", "route").contains("dev flannel-v6.1 metric")
                || ip(one.namespace, "-6", "route").contains("dev flannel-v6.1 onlink"));
        run(c.namespace(), "ping", "-c", "3", "-i", "0.05", "-W", "3", "-M", "do", "-s", "1382", d.address());
        run(d.namespace(), "ping", "-c", "3", "-i", "0.05", "-W", "3", "-M", "do", "-s", "1382", c.address());
    }

    private void address(String from, String to) {
        ip(one.namespace, "addr", "del", from, "dev", "eth0");
        ip(one.namespace, "addr", "add", to, "dev", "eth0");
        if (!ip(one.namespace, "route").contains("default")) {
            ip(one.namespace, "route", "add", "default", "via", "10.10.0.254");
        }
    }

    private void configured(AgentConfig config) {
        one.configure(config);
        one.call(Op.RELOAD, Json.object());
    }

    private boolean offload() {
        return run(one.namespace, "ethtool", "-k", "flannel.1").contains("tx-checksumming: on");
    }

    private void network(String json) {
        etcd.etcdctl("put", "/coreos.com/network/config", json);
    }

    private static String route(TestNode node, Pod to) {
        return ip(node.namespace, "route", "get", to.address());
    }

    private static boolean has(TestNode node, String device) {
        return ip(node.namespace, "link").contains(" " + device + ":");
    }

    private static String control(TestNode node, String device) {
        return run(node.namespace, "sysctl", "-n", "net.ipv4.conf." + device + ".rp_filter").strip();
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException absent) {
            return "";
        }
    }
}
