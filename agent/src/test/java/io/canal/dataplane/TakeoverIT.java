package io.canal.dataplane;

import static io.canal.kernel.testing.TestNamespaces.bridge;
import static io.canal.kernel.testing.TestNamespaces.ip;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.netlink.RtnlEvent;
import io.canal.kernel.netlink.RtnlMonitor;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.sysctl.Sysctl;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a process does with what it finds: its own of before, flannel's, and that of others. */
class TakeoverIT {

    private static final NetworkConfig CONFIG = NetworkConfig.of(Cidr.of("10.1.0.0/16"), Backend.VXLAN);
    private static final LeaseValue PEER = LeaseValue.vxlan(Ip.of("172.30.0.2"), 1, Mac.of("56:23:00:00:00:02"));

    @TempDir
    Path dir;
    @AutoClose
    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace host = namespaces.add("host");
    private NetworkNode node;

    @BeforeEach
    void underlay() throws Exception {
        NetworkNamespace far = namespaces.add("far");
        // Without the kernel's own link-local addresses only what somebody writes is told.
        host.run(() -> Sysctl.write("net/ipv6/conf/default/disable_ipv6", "1"));
        namespaces.veth(host, "eth0", far, "eth0");
        ip(host, "addr", "add", "172.30.0.1/24", "dev", "eth0");
        node = new NetworkNode(host, dir, CONFIG, "10.1.1.0-24");
    }

    @AfterEach
    void close() {
        node.close();
    }

    @Test
    void a_second_start_with_the_same_tables_writes_nothing() throws Exception {
        node.start().settle();
        for (int i = 2; i < 200; i++) {
            node.peers.put(SubnetKey.of("10.1." + i + ".0-24"), LeaseValue.vxlan(Ip.of("172.30.0." + i), 1, new Mac(0x5600_0000_0000L + i)));
        }
        node.settle();
        node.stop();
        List<RtnlEvent> events = new CopyOnWriteArrayList<>();
        try (RtnlMonitor monitor = host.call(() -> RtnlMonitor.open(events::addAll, () -> events.add(null)))) {
            assertTrue(node.start().settle().clean());
            node.settle();
            // The last event proves that all before it were heard.
            ip(host, "route", "add", "192.0.2.0/24", "via", "172.30.0.2");
            NetworkNode.within(60_000, "the monitor hears", () -> !events.isEmpty());
        }
        assertEquals(1, events.size(), () -> "told were " + events);
    }

    @Test
    void what_flannel_left_is_taken_over_without_a_gap() throws Exception {
        ip(host, "link", "add", "flannel.1", "address", "02:fe:00:00:00:01", "mtu", "1450", "type", "vxlan", "id", "1", "dev", "eth0", "local", "172.30.0.1", "dstport", "8472", "nolearning");
        ip(host, "addr", "add", "10.1.1.0/32", "dev", "flannel.1");
        ip(host, "link", "set", "flannel.1", "up");
        for (String base : List.of("10.1.2.0", "10.1.3.0")) {
            ip(host, "neigh", "replace", base, "lladdr", "56:23:00:00:00:0" + base.charAt(5), "dev", "flannel.1", "nud", "permanent");
            bridge(host, "fdb", "replace", "56:23:00:00:00:0" + base.charAt(5), "dev", "flannel.1", "dst", "172.30.0." + base.charAt(5), "self", "permanent");
            ip(host, "route", "replace", base + "/24", "via", base, "dev", "flannel.1", "onlink");
        }
        List<RtnlEvent> events = new CopyOnWriteArrayList<>();
        try (RtnlMonitor monitor = host.call(() -> RtnlMonitor.open(events::addAll, () -> {}))) {
            node.peers.put(SubnetKey.of("10.1.2.0-24"), PEER);
            assertTrue(node.start().settle().clean());
            NetworkNode.within(1000, "the stale peer is gone", () -> ip(host, "route", "show", "10.1.3.0/24").isEmpty());
        }
        assertTrue(events.stream().noneMatch(event -> event instanceof RtnlEvent.RouteChanged changed && changed.route().destination().equals(Cidr.of("10.1.2.0/24"))));
        assertTrue(events.stream().noneMatch(event -> event instanceof RtnlEvent.LinkChanged changed && changed.gone()));
        assertEquals(1, bridge(host, "fdb", "show", "dev", "flannel.1").lines().count());
    }

    @Test
    void routes_of_others_are_never_touched() throws Exception {
        ip(host, "route", "add", "10.1.2.0/24", "via", "172.30.0.9", "proto", "static");
        ip(host, "route", "add", "10.1.3.0/24", "via", "172.30.0.9");
        ip(host, "route", "add", "blackhole", "10.1.4.0/24");
        String before = ip(host, "route", "show");
        node.start();
        Map<String, String> failures = node.peer("10.1.2.0-24", PEER).failures();
        assertEquals("route 10.1.2.0/24 via 10.1.2.0: another program's route 10.1.2.0/24 via 172.30.0.9 proto 4 is in its place; remove that: File exists (EEXIST)",
                failures.get("route"));
        node.gone("10.1.2.0-24");
        node.leave();
        assertEquals(before, ip(host, "route", "show"));
    }

    @Test
    void a_route_of_others_that_goes_gives_way_to_ours_within_a_second() throws Exception {
        ip(host, "route", "add", "10.1.2.0/24", "via", "172.30.0.9", "proto", "static");
        assertFalse(node.start().peer("10.1.2.0-24", PEER).clean());
        ip(host, "route", "del", "10.1.2.0/24");
        NetworkNode.within(1000, "our route is there", () -> ip(host, "route", "show", "10.1.2.0/24").contains("flannel.1"));
    }

    @Test
    void leaving_leaves_the_node_as_it_was() throws Exception {
        ip(host, "route", "add", "192.0.2.0/24", "via", "172.30.0.9");
        String before = node.dump();
        String forwarding = TestNamespaces.run(host, "cat", "/proc/sys/net/ipv4/ip_forward");
        node.start().peer("10.1.2.0-24", PEER);
        assertEquals("1", TestNamespaces.run(host, "cat", "/proc/sys/net/ipv4/ip_forward"));
        node.leave();
        assertEquals(before, node.dump());
        assertEquals(forwarding, TestNamespaces.run(host, "cat", "/proc/sys/net/ipv4/ip_forward"));
        assertEquals(0, dir.resolve("var/lib/canal").toFile().list().length);
    }
}
