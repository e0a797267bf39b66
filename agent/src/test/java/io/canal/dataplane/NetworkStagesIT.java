package io.canal.dataplane;

import static io.canal.kernel.testing.TestNamespaces.bridge;
import static io.canal.kernel.testing.TestNamespaces.ip;
import static io.canal.kernel.testing.TestNamespaces.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.Extra;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import io.canal.model.SubnetRange;
import io.canal.model.Vtep;
import io.canal.network.LocalNetwork;
import io.canal.network.Uplink;
import io.canal.reconcile.Applied;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One node's objects in the kernel, as ip(8) and bridge(8) see them. */
class NetworkStagesIT {

    private static final NetworkConfig CONFIG = NetworkConfig.of(Cidr.of("10.1.0.0/16"), Backend.VXLAN);
    private static final LeaseValue PEER = LeaseValue.vxlan(Ip.of("172.30.0.2"), 1, Mac.of("56:23:00:00:00:02"));
    private static final LeaseValue OTHER = LeaseValue.vxlan(Ip.of("172.30.0.3"), 1, Mac.of("56:23:00:00:00:03"));

    @TempDir
    Path dir;
    @AutoClose
    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace host = namespaces.add("host");
    private NetworkNode node;

    @BeforeEach
    void underlay() throws IOException {
        NetworkNamespace far = namespaces.add("far");
        namespaces.veth(host, "eth0", far, "eth0");
        ip(host, "addr", "add", "172.30.0.1/24", "dev", "eth0");
        node = new NetworkNode(host, dir, CONFIG, "10.1.1.0-24");
    }

    @AfterEach
    void close() {
        node.close();
    }

    @Test
    void a_peer_is_what_flannel_makes_of_it() throws Exception {
        node.start();
        assertTrue(node.peer("10.1.2.0-24", PEER).clean());
        assertEquals("10.1.2.0/24 via 10.1.2.0 dev flannel.1 onlink", ip(host, "route", "show", "10.1.2.0/24"));
        assertEquals("10.1.2.0 lladdr 56:23:00:00:00:02 PERMANENT", ip(host, "-4", "neigh", "show", "dev", "flannel.1"));
        assertEquals("56:23:00:00:00:02 dst 172.30.0.2 self permanent", bridge(host, "fdb", "show", "dev", "flannel.1"));
        assertTrue(ip(host, "addr", "show", "dev", "flannel.1").contains("inet 10.1.1.0/32 scope global"));
        assertEquals("blackhole 10.1.1.0/24 proto 202", ip(host, "route", "show", "type", "blackhole"));
        String link = ip(host, "-d", "link", "show", "flannel.1");
        assertTrue(link.contains("mtu 1450") && link.contains("vxlan id 1 local 172.30.0.1 dev eth0") && link.contains("dstport 8472 nolearning"), link);
    }

    @Test
    void a_peer_that_leaves_leaves_nothing() throws Exception {
        node.start().settle();
        String before = node.dump();
        node.peer("10.1.2.0-24", PEER);
        assertTrue(node.gone("10.1.2.0-24").clean());
        assertEquals(before, node.dump());
    }

    @Test
    void a_peer_that_changed_leaves_nothing_old() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        assertTrue(node.peer("10.1.2.0-24", OTHER).clean());
        assertEquals("56:23:00:00:00:03 dst 172.30.0.3 self permanent", bridge(host, "fdb", "show", "dev", "flannel.1"));
        assertEquals("10.1.2.0 lladdr 56:23:00:00:00:03 PERMANENT", ip(host, "-4", "neigh", "show", "dev", "flannel.1"));
    }

    @Test
    void all_comes_back_within_a_second_after_the_device_was_deleted() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        String mac = node.lease().vtep().orElseThrow().mac().toString();
        ip(host, "link", "del", "flannel.1");
        NetworkNode.within(1000, "the route is back", () -> hasRoute("10.1.2.0/24"));
        node.settle();
        assertEquals("56:23:00:00:00:02 dst 172.30.0.2 self permanent", bridge(host, "fdb", "show", "dev", "flannel.1"));
        assertEquals("10.1.2.0 lladdr 56:23:00:00:00:02 PERMANENT", ip(host, "-4", "neigh", "show", "dev", "flannel.1"));
        assertTrue(ip(host, "link", "show", "flannel.1").contains(mac), "the MAC that peers know is kept");
        assertEquals(Set.of("REMOVED flannel.1"), told(), "what went with it is not told of one by one");
    }

    @Test
    void an_address_of_somebody_elses_on_the_tunnel_stays_and_is_named_until_it_goes() throws Exception {
        node.start().settle();
        ip(host, "addr", "add", "10.1.200.7/24", "dev", "flannel.1");
        NetworkNode.within(1000, "it is named", () -> !node.stages().strangers().isEmpty());
        assertTrue(node.stages().strangers().getFirst().startsWith("flannel.1: address is \"10.1.200.7/24\", expected none but 10.1.1.0/32: "));
        ip(host, "addr", "del", "10.1.200.7/24", "dev", "flannel.1");
        NetworkNode.within(1000, "nothing is named", () -> node.stages().strangers().isEmpty());
        assertEquals(List.of(), node.repairs);
    }

    @Test
    void all_comes_back_after_the_device_was_down() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        ip(host, "link", "set", "flannel.1", "down");
        NetworkNode.within(1000, "the route is back", () -> hasRoute("10.1.2.0/24"));
        ip(host, "link", "set", "flannel.1", "down");
        ip(host, "link", "set", "flannel.1", "up");
        NetworkNode.within(1000, "the route is back", () -> hasRoute("10.1.2.0/24"));
        NetworkNode.within(1000, "the neighbour is back", () -> !ip(host, "-4", "neigh", "show", "dev", "flannel.1").isEmpty());
    }

    @Test
    void our_own_changes_set_off_no_further_ones() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        node.peer("10.1.3.0-24", OTHER);
        node.gone("10.1.2.0-24");
        NetworkNode.within(2000, "the loop comes to rest", () -> {
            long before = node.settle().revision();
            LockSupport.parkNanos(100_000_000);
            return node.settle().revision() == before + 1;
        });
        node.distrust();
        node.settle();
        assertEquals(List.of(), node.repairs);
    }

    @Test
    void each_single_object_is_restored_within_a_second() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        ip(host, "route", "del", "10.1.2.0/24");
        ip(host, "route", "del", "blackhole", "10.1.1.0/24");
        ip(host, "neigh", "del", "10.1.2.0", "dev", "flannel.1");
        bridge(host, "fdb", "del", "56:23:00:00:00:02", "dev", "flannel.1");
        ip(host, "link", "set", "flannel.1", "mtu", "1300");
        ip(host, "link", "set", "flannel.1", "address", "02:00:00:00:00:99");
        NetworkNode.within(1000, "all is back", () -> hasRoute("10.1.2.0/24") && hasRoute("10.1.1.0/24")
                && ip(host, "-4", "neigh", "show", "dev", "flannel.1").contains("PERMANENT")
                && bridge(host, "fdb", "show", "dev", "flannel.1").contains("172.30.0.2")
                && ip(host, "link", "show", "flannel.1").contains("mtu 1450")
                && ip(host, "link", "show", "flannel.1").contains(node.lease().vtep().orElseThrow().mac().toString()));
        node.settle();
        ip(host, "addr", "del", "10.1.1.0/32", "dev", "flannel.1");
        NetworkNode.within(1000, "the address is back", () -> ip(host, "addr", "show", "dev", "flannel.1").contains("10.1.1.0/32") && hasRoute("10.1.2.0/24"));
        node.settle();
        assertEquals(Set.of("REMOVED route 10.1.2.0/24", "REMOVED route 10.1.1.0/24", "REMOVED neighbour entry 10.1.2.0", "REMOVED forwarding entry 56:23:00:00:00:02",
                "REMOVED address 10.1.1.0/32 of flannel.1", "CHANGED the MTU of flannel.1", "CHANGED the MAC of flannel.1"), told());
        assertTrue(node.repairs.stream().anyMatch(repair -> repair.detail().equals("1300 in place of 1450")));
    }

    private Set<String> told() {
        return node.repairs.stream().map(repair -> repair.was() + " " + repair.what()).collect(Collectors.toSet());
    }

    @Test
    void changed_and_added_objects_on_the_tunnel_are_put_right() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        String right = node.dump();
        ip(host, "route", "replace", "10.1.2.0/24", "via", "172.30.0.77", "dev", "eth0", "proto", "202");
        ip(host, "neigh", "replace", "10.1.2.0", "lladdr", "02:00:00:00:00:77", "dev", "flannel.1", "nud", "permanent");
        bridge(host, "fdb", "replace", "56:23:00:00:00:02", "dev", "flannel.1", "dst", "172.30.0.77", "self", "permanent");
        ip(host, "route", "add", "10.1.77.0/24", "via", "10.1.77.0", "dev", "flannel.1", "onlink");
        ip(host, "route", "add", "10.1.2.0/24", "dev", "flannel.1", "metric", "50");
        ip(host, "neigh", "add", "10.1.77.0", "lladdr", "02:00:00:00:00:77", "dev", "flannel.1", "nud", "permanent");
        bridge(host, "fdb", "add", "02:00:00:00:00:77", "dev", "flannel.1", "dst", "172.30.0.77", "self", "permanent");
        NetworkNode.within(1000, "all is right", () -> node.dump().equals(right));
        node.settle();
        Set<String> told = told();
        assertTrue(told.containsAll(Set.of("CHANGED route 10.1.2.0/24", "CHANGED neighbour entry 10.1.2.0", "CHANGED forwarding entry 56:23:00:00:00:02",
                "ADDED route 10.1.77.0/24", "ADDED neighbour entry 10.1.77.0", "ADDED forwarding entry 02:00:00:00:00:77")), told::toString);
    }

    @Test
    void while_nothing_may_be_removed_stale_objects_stay_and_new_ones_come() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        node.stop();
        node.peers.replace(Map.of());
        node.mayRemove(false);
        node.start().peer("10.1.3.0-24", OTHER);
        assertTrue(hasRoute("10.1.2.0/24") && hasRoute("10.1.3.0/24"));
        assertEquals(2, bridge(host, "fdb", "show", "dev", "flannel.1").lines().count());
        node.mayRemove(true);
        node.settle();
        assertFalse(hasRoute("10.1.2.0/24"));
        assertEquals(1, bridge(host, "fdb", "show", "dev", "flannel.1").lines().count());
        assertEquals(1, ip(host, "-4", "neigh", "show", "dev", "flannel.1").lines().count());
    }

    @Test
    void nothing_is_touched_before_we_know_the_network() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        node.stop();
        String before = node.dump();
        node.peers.replace(Map.of());
        LocalNetwork known = node.local();
        node.forget();
        node.start();
        ip(host, "neigh", "add", "10.1.77.0", "lladdr", "02:00:00:00:00:77", "dev", "flannel.1", "nud", "permanent");
        node.settle();
        ip(host, "neigh", "del", "10.1.77.0", "dev", "flannel.1");
        assertEquals(before, node.dump());
        node.local(none -> known);
        assertFalse(hasRoute("10.1.2.0/24"));
    }

    @Test
    void a_device_that_fits_is_kept_and_its_mac_is_ours() throws Exception {
        ip(host, "link", "add", "flannel.1", "address", "02:fe:00:00:00:01", "type", "vxlan", "id", "1", "local", "172.30.0.1", "dev", "eth0", "dstport", "8472", "nolearning");
        String before = ip(host, "-o", "link", "show", "flannel.1").split(":")[0];
        node.start().settle();
        assertEquals(Mac.of("02:fe:00:00:00:01"), node.lease().vtep().orElseThrow().mac());
        assertEquals(before, ip(host, "-o", "link", "show", "flannel.1").split(":")[0], "it is the same device");
        node.stop();
        ip(host, "link", "del", "flannel.1");
        node.start().settle();
        assertEquals(Mac.of("02:fe:00:00:00:01"), node.lease().vtep().orElseThrow().mac());
    }

    @Test
    void the_mac_that_peers_know_is_put_back_though_it_was_changed_while_no_agent_ran() throws Exception {
        node.start().settle();
        Mac ours = node.lease().vtep().orElseThrow().mac();
        node.stop();
        ip(host, "link", "set", "flannel.1", "address", "02:fe:00:00:00:01");
        node.start().settle();
        assertEquals(ours, node.lease().vtep().orElseThrow().mac());
        assertTrue(ip(host, "link", "show", "flannel.1").contains(ours.toString()));
    }

    @Test
    void a_foreign_device_of_our_name_is_refused_with_a_sentence() throws Exception {
        ip(host, "link", "add", "flannel.1", "type", "bridge");
        Applied applied = node.start().settle();
        assertEquals("device flannel.1 is there and is of kind bridge, not vxlan; remove or rename it, or choose another VNI", applied.failures().get("link"));
        assertTrue(ip(host, "-d", "link", "show", "flannel.1").contains("bridge"));
        assertEquals(Optional.empty(), node.lease().vtep());
        ip(host, "link", "del", "flannel.1");
        NetworkNode.within(1000, "the tunnel is made", () -> node.lease().vtep().isPresent());
    }

    @Test
    void a_tunnel_of_another_network_is_refused() throws Exception {
        ip(host, "link", "add", "flannel.1", "type", "vxlan", "id", "7", "local", "172.30.0.1", "dev", "eth0", "dstport", "8472");
        assertEquals("VXLAN device flannel.1 is there and has VNI 7, so it is not this network's, which has VNI 1; remove or rename it, or choose another VNI",
                node.start().settle().failures().get("link"));
    }

    @Test
    void a_device_that_has_our_vni_and_port_is_named() throws Exception {
        ip(host, "link", "add", "other", "type", "vxlan", "id", "1", "local", "172.30.0.1", "dev", "eth0", "dstport", "8472");
        assertEquals("VNI 1 on port 8472 is in use by device other; remove it, or choose another VNI or port", node.start().settle().failures().get("link"));
    }

    @Test
    void a_changed_port_makes_the_device_anew_with_all_that_hangs_on_it() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        Mac mac = node.lease().vtep().orElseThrow().mac();
        assertTrue(node.local(local -> new LocalNetwork(CONFIG.withBackend(Backend.VXLAN.withPort(4789)), local.subnet(), local.uplink(), 0)).clean());
        assertTrue(ip(host, "-d", "link", "show", "flannel.1").contains("dstport 4789"));
        assertTrue(hasRoute("10.1.2.0/24"));
        assertEquals(1, bridge(host, "fdb", "show", "dev", "flannel.1").lines().count());
        assertEquals(mac, node.lease().vtep().orElseThrow().mac());
    }

    /** The device is ours to take away, and somebody else's only to have changed. */
    @Test
    void a_device_that_somebody_changed_is_told_of_when_it_is_made_again_and_as_changed() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        node.settle();
        node.repairs.clear();
        node.write(() -> {
            ip(host, "link", "del", "flannel.1");
            ip(host, "link", "add", "flannel.1", "type", "vxlan", "id", "1", "local", "172.30.0.1", "dev", "eth0", "dstport", "4790", "nolearning");
            ip(host, "link", "add", "other", "type", "vxlan", "id", "1", "local", "172.30.0.1", "dev", "eth0", "dstport", "8472");
            node.distrust();
        });
        NetworkNode.within(1000, "the changed device is taken away", () -> !ip(host, "link").contains("flannel.1:"));
        node.settle();
        assertFalse(told().stream().anyMatch(line -> line.endsWith(" flannel.1")), () -> "nothing is put back yet: " + told());
        ip(host, "link", "del", "other");
        NetworkNode.within(1000, "the tunnel is made", () -> ip(host, "-d", "link").contains("dstport 8472"));
        node.settle();
        assertEquals(Set.of("CHANGED flannel.1"), told().stream().filter(line -> line.endsWith(" flannel.1")).collect(Collectors.toSet()));
    }

    @Test
    void an_uplink_with_another_address_or_size_is_followed() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        ip(host, "addr", "add", "172.30.0.9/24", "dev", "eth0");
        Uplink before = node.local().uplink();
        Uplink after = new Uplink(before.link(), "eth0", 1400, List.of(IpPrefix.of("172.30.0.9/24")), Optional.of(Ip.of("172.30.0.9")), Optional.empty());
        assertTrue(node.local(local -> new LocalNetwork(CONFIG, local.subnet(), after, 0)).clean());
        String link = ip(host, "-d", "link", "show", "flannel.1");
        assertTrue(link.contains("local 172.30.0.9") && link.contains("mtu 1350"), link);
        assertTrue(hasRoute("10.1.2.0/24"));
    }

    @Test
    void a_tunnel_comes_back_with_its_uplink() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        ip(host, "link", "del", "eth0");
        NetworkNode.within(1000, "the tunnel goes with its uplink", () -> !ip(host, "link").contains("flannel.1:"));
        ip(host, "link", "add", "eth0", "type", "bridge");
        ip(host, "link", "set", "eth0", "up");
        ip(host, "addr", "add", "172.30.0.1/24", "dev", "eth0");
        int index = Integer.parseInt(ip(host, "-o", "link", "show", "eth0").split(":")[0]);
        Uplink again = Uplink.of(index, "eth0", 1500, IpPrefix.of("172.30.0.1/24"));
        assertTrue(node.local(local -> new LocalNetwork(CONFIG, local.subnet(), again, 0)).clean());
        assertTrue(hasRoute("10.1.2.0/24"));
        assertEquals(1, bridge(host, "fdb", "show", "dev", "flannel.1").lines().count());
    }

    @Test
    void a_changed_vni_moves_to_another_device_and_removes_the_old_one() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        assertTrue(node.local(local -> new LocalNetwork(CONFIG.withBackend(Backend.VXLAN.withVni(5)), local.subnet(), local.uplink(), 0)).clean());
        assertEquals("10.1.2.0/24 via 10.1.2.0 dev flannel.5 onlink", ip(host, "route", "show", "10.1.2.0/24"));
        assertFalse(ip(host, "link").contains("flannel.1:"));
    }

    @Test
    void the_old_device_stays_until_the_new_one_can_be_made() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        node.settle();
        ip(host, "link", "add", "other", "type", "vxlan", "id", "5", "local", "172.30.0.1", "dev", "eth0", "dstport", "8472");
        Applied applied = node.local(local -> new LocalNetwork(CONFIG.withBackend(Backend.VXLAN.withVni(5)), local.subnet(), local.uplink(), 0));
        assertTrue(applied.failures().get("link").contains("in use by device other"), applied.toString());
        assertTrue(ip(host, "link").contains("flannel.1:"));
        ip(host, "link", "del", "other");
        node.local(local -> new LocalNetwork(CONFIG.withBackend(Backend.VXLAN.withVni(5)), local.subnet(), local.uplink(), 1400));
        NetworkNode.within(1000, "the new device has taken its place", () -> !ip(host, "link").contains("flannel.1:") && ip(host, "link").contains("flannel.5:"));
    }

    @Test
    void a_changed_subnet_moves_address_and_blackhole() throws Exception {
        node.start().settle();
        node.local(local -> new LocalNetwork(CONFIG, Optional.of(SubnetKey.of("10.1.9.0-24")), local.uplink(), 0));
        assertEquals("blackhole 10.1.9.0/24 proto 202", ip(host, "route", "show", "type", "blackhole"));
        String addresses = ip(host, "-4", "addr", "show", "dev", "flannel.1");
        assertTrue(addresses.contains("10.1.9.0/32") && !addresses.contains("10.1.1.0/32"), addresses);
    }

    @Test
    void a_tunnels_path_filter_that_was_made_loose_is_put_back_also_by_another_process() throws Exception {
        run(host, "sysctl", "-qw", "net.ipv4.conf.default.rp_filter=1");
        node.start().settle();
        LocalNetwork plain = node.local();
        assertEquals("1", pathFilter());
        node.local(local -> local.mixed(Backend.VXLAN));
        assertEquals("2", pathFilter());
        node.stop();
        node.forget();
        node.mayRemove(false);
        node.start().local(local -> plain);
        assertEquals("2", pathFilter(), "who is reached how is not known yet");
        node.mayRemove(true);
        node.settle();
        assertEquals("1", pathFilter());
    }

    private String pathFilter() {
        return run(host, "sysctl", "-n", "net.ipv4.conf.flannel/1.rp_filter");
    }

    @Test
    void a_peer_that_leaves_while_nothing_may_be_removed_is_no_failure() throws Exception {
        node.start().peer("10.1.2.0-24", PEER);
        node.mayRemove(false);
        assertEquals(Map.of(), node.gone("10.1.2.0-24").failures());
        assertTrue(hasRoute("10.1.2.0/24"));
    }

    /** By another program's route or by our own of before, the kernel would reach the gateway over the uplink. */
    @Test
    void an_ipv6_route_moves_into_the_tunnel_whatever_led_there_before() throws Exception {
        ip(host, "-6", "addr", "add", "fd00:172::1/64", "dev", "eth0", "nodad");
        NetworkConfig tunnels = new NetworkConfig(CONFIG.v4(), Optional.of(SubnetRange.of(Cidr.of("fd00:10:1::/56"))), false, Backend.VXLAN, Extra.NONE);
        node = new NetworkNode(host, dir, tunnels.withBackend(Backend.VXLAN.withDirectRouting(true)), "10.1.1.0-24&fd00:10:1:1::-64");
        node.start();
        node.peer("10.1.2.0-24&fd00:10:1:2::-64", new LeaseValue(Ip.of("172.30.0.2"), Optional.of(Ip.of("fd00:172::2")), "vxlan",
                Optional.of(new Vtep(1, Mac.of("56:23:00:00:00:02"))), Optional.of(new Vtep(1, Mac.of("56:23:00:00:00:12")))));
        assertTrue(ip(host, "-6", "route", "show", "fd00:10:1:2::/64").contains("via fd00:172::2 dev eth0"));
        ip(host, "-6", "route", "add", "fd00:10::/32", "via", "fd00:172::9", "dev", "eth0");
        Applied applied = node.local(local -> new LocalNetwork(tunnels, local.subnet(), local.uplink(), 0));
        assertEquals(Map.of(), applied.failures());
        assertTrue(ip(host, "-6", "route", "show", "fd00:10:1:2::/64").contains("via fd00:10:1:2:: dev flannel-v6.1"));
        assertTrue(node.peer("10.1.3.0-24&fd00:10:1:3::-64", new LeaseValue(Ip.of("172.30.0.3"), Optional.of(Ip.of("fd00:172::3")), "vxlan",
                Optional.of(new Vtep(1, Mac.of("56:23:00:00:00:03"))), Optional.of(new Vtep(1, Mac.of("56:23:00:00:00:13"))))).clean());
        assertEquals("", ip(host, "-6", "route", "show", "fd00:10:1:2::/128"));
    }

    @Test
    void the_device_is_there_before_we_have_a_subnet() throws Exception {
        node.start();
        node.local(local -> new LocalNetwork(CONFIG, Optional.empty(), local.uplink(), 0));
        assertTrue(node.lease().vtep().isPresent());
    }

    private boolean hasRoute(String destination) {
        return !ip(host, "route", "show", destination).isEmpty();
    }
}
