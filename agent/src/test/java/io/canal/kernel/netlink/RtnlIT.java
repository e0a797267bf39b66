package io.canal.kernel.netlink;

import static io.canal.kernel.testing.TestNamespaces.bridge;
import static io.canal.kernel.testing.TestNamespaces.ip;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.Fd;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.sysctl.Sysctl;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;
import io.canal.model.Mac;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What we write is what ip(8) and bridge(8) show, and what they write is what we read. */
class RtnlIT {

    private static final Mac MAC = Mac.of("02:11:22:33:44:55");
    private static final Mac PEER_MAC = Mac.of("56:23:00:00:00:01");

    @AutoClose
    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace host = namespaces.add("host");
    private final NetworkNamespace other = namespaces.add("other");
    private Rtnl rtnl;
    private int underlay;

    @BeforeEach
    void underlay() throws IOException {
        namespaces.veth(host, "eth0", other, "eth0");
        ip(host, "addr", "add", "172.30.0.1/24", "dev", "eth0");
        ip(host, "addr", "add", "fd00:30::1/64", "dev", "eth0", "nodad");
        rtnl = host.call(Rtnl::open);
        underlay = rtnl.link("eth0").orElseThrow().index();
    }

    @AfterEach
    void close() {
        rtnl.close();
    }

    @Test
    void a_vxlan_link_is_as_flannel_makes_it() throws Exception {
        Link link = tunnel();

        String shown = ip(host, "-d", "link", "show", "flannel.1");
        assertTrue(shown.contains("vxlan id 1 local 172.30.0.1 dev eth0 srcport 0 0 dstport 8472 nolearning ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx"), shown);
        assertTrue(shown.contains("mtu 1450"), shown);
        assertTrue(shown.contains("link/ether 02:11:22:33:44:55"), shown);
        assertEquals(new Link(link.index(), "flannel.1", true, 1450, Optional.of(MAC), "vxlan", 0,
                Optional.of(Vxlan.of(1, underlay, Ip.of("172.30.0.1"), 8472))), link);
    }

    @Test
    void forwarding_is_as_its_controls_say() throws Exception {
        for (String value : new String[] {"1", "0"}) {
            host.run(() -> Sysctl.write("net/ipv4/ip_forward", value));
            host.run(() -> Sysctl.write("net/ipv6/conf/all/forwarding", value));
            assertEquals(value.equals("1"), rtnl.forwards(Family.V4));
            assertEquals(value.equals("1"), rtnl.forwards(Family.V6));
        }
    }

    @Test
    void a_link_that_is_made_is_given_back_and_one_that_was_there_is_not() throws Exception {
        try (Fd far = other.open(); Rtnl brief = host.call(Rtnl::openBriefly)) {
            Link made = brief.make("make", Link.createVeth("near", MAC, 1400, "far", PEER_MAC, far), "near");
            assertEquals(rtnl.link("near"), Optional.of(made));
            KernelException refused = assertThrows(KernelException.class, () -> brief.make("make", Link.createVeth("near", MAC, 1400, "far2", PEER_MAC, far), "near"));
            assertEquals(Errno.EEXIST, refused.errno());
            assertEquals(List.of(), brief.apply(List.of(Neighbour.proxyDelay(made.index(), 0), Link.setUp(made.index()))));
            assertEquals(Optional.of("0"), host.call(() -> Sysctl.read("net/ipv4/neigh/near/proxy_delay")));
        }
    }

    @Test
    void of_many_requests_each_that_is_refused_is_told_by_its_place() throws Exception {
        List<Refusal> refusals = rtnl.apply(List.of(Link.setUp(999), Link.setUp(underlay), Link.delete("nobody"), Link.setUp(underlay)));
        assertEquals(List.of(0, 2), refusals.stream().map(Refusal::index).toList());
        assertEquals(List.of(1), rtnl.apply(List.of(Link.setUp(underlay), Link.delete("nobody"))).stream().map(Refusal::index).toList());
    }

    @Test
    void a_vxlan_link_over_ipv6_is_read_back() throws Exception {
        Vxlan vxlan = Vxlan.of(7, underlay, Ip.of("fd00:30::1"), 8472);
        rtnl.execute("make", vxlan.create("flannel-v6.7", MAC, 1430));
        assertEquals(Optional.of(vxlan), rtnl.link("flannel-v6.7").orElseThrow().vxlan());
    }

    @Test
    void properties_of_a_vxlan_link_made_by_others_are_read() throws Exception {
        ip(host, "link", "add", "vx", "type", "vxlan", "id", "9", "group", "239.0.0.1", "dev", "eth0", "dstport", "4789", "l2miss", "gbp");
        assertEquals(new Vxlan(9, underlay, Optional.empty(), Optional.of(Ip.of("239.0.0.1")), 4789, true, true, true, false),
                rtnl.link("vx").orElseThrow().vxlan().orElseThrow());
    }

    @Test
    void a_link_that_is_not_there_is_empty() throws Exception {
        assertEquals(Optional.empty(), rtnl.link("nobody"));
        assertEquals(Optional.empty(), rtnl.link(99999));
    }

    @Test
    void a_veth_reaches_into_another_namespace() throws Exception {
        try (Fd namespace = other.open()) {
            rtnl.execute("make", Link.createVeth("cali1", MAC, 1400, "eth9", PEER_MAC, namespace));
        }
        Link near = rtnl.link("cali1").orElseThrow();
        assertEquals("veth", near.kind());
        assertFalse(near.up());
        assertEquals(Optional.of(MAC), near.mac());
        String far = ip(other, "link", "show", "eth9");
        assertTrue(far.contains("mtu 1400") && far.contains("56:23:00:00:00:01"), far);
    }

    @Test
    void a_link_is_changed_and_removed() throws Exception {
        // A kernel with modules for other tunnels gives each namespace some devices of theirs.
        Set<String> before = names();
        Link link = tunnel();
        rtnl.execute("mtu", Link.setMtu(link.index(), 1300));
        rtnl.execute("mac", Link.setMac(link.index(), PEER_MAC));
        rtnl.execute("down", Link.setDown(link.index()));
        Link changed = rtnl.link(link.index()).orElseThrow();
        assertEquals(1300, changed.mtu());
        assertEquals(Optional.of(PEER_MAC), changed.mac());
        assertFalse(changed.up());
        rtnl.execute("delete", Link.delete("flannel.1"));
        assertEquals(before, names());
        assertTrue(before.containsAll(List.of("eth0", "lo")), before::toString);
    }

    private Set<String> names() throws IOException {
        return rtnl.links().stream().map(Link::name).collect(Collectors.toSet());
    }

    @Test
    void an_error_carries_the_kernel_s_words() throws Exception {
        KernelException failure = assertThrows(KernelException.class, () -> rtnl.execute("set the MTU of lo", Link.setMtu(1, -1)));
        assertEquals("set the MTU of lo: mtu less than device minimum: Invalid argument (EINVAL)", failure.getMessage());

        List<Refusal> refusals = rtnl.apply(List.of(
                Route.via(Cidr.of("10.9.0.0/24"), Ip.of("172.30.0.2"), underlay, Route.PROTO_STATIC).replace(),
                Route.via(Cidr.of("10.8.0.0/24"), Ip.of("192.0.2.1"), underlay, Route.PROTO_STATIC).replace(),
                Route.via(Cidr.of("10.7.0.0/24"), Ip.of("172.30.0.2"), underlay, Route.PROTO_STATIC).replace()));
        assertEquals(List.of(new Refusal(1, Errno.ENETUNREACH, "Nexthop has invalid gateway")), refusals);
        assertEquals(2, ip(host, "route", "show", "proto", "static").lines().count());
    }

    @Test
    void addresses_are_set_listed_and_removed() throws Exception {
        int tunnel = tunnel().index();
        Address v4 = Address.of(tunnel, IpPrefix.of("10.5.49.0/32"));
        Address v6 = Address.of(tunnel, IpPrefix.of("fd00:5:49::/128"));
        assertEquals(List.of(), rtnl.apply(List.of(v4.replace(), v6.replace(), v4.replace())));
        assertTrue(rtnl.addresses(tunnel).containsAll(List.of(v4, v6)));
        assertTrue(ip(host, "addr", "show", "dev", "flannel.1").contains("inet 10.5.49.0/32 scope global flannel.1"));
        assertEquals(List.of(), rtnl.apply(List.of(v4.delete())));
        assertFalse(rtnl.addresses(0).contains(v4));
        assertTrue(rtnl.addresses(0).stream().anyMatch(address -> address.address().equals(IpPrefix.of("172.30.0.1/24"))));
    }

    @Test
    void routes_are_as_flannel_makes_them_and_read_back() throws Exception {
        int tunnel = tunnel().index();
        List<Route> routes = List.of(
                Route.onlink(Cidr.of("10.5.57.0/24"), Ip.of("10.5.57.0"), tunnel, Route.PROTO_BOOT),
                Route.onlink(Cidr.of("fd00:57::/64"), Ip.of("fd00:57::"), tunnel, Route.PROTO_BOOT),
                Route.onLink(Cidr.of("10.5.49.7/32"), tunnel, Route.PROTO_BOOT),
                Route.onLink(Cidr.of("fd00:49::7/128"), tunnel, Route.PROTO_BOOT));
        assertEquals(List.of(), rtnl.apply(routes.stream().map(Route::replace).toList()));

        assertEquals("10.5.57.0/24 via 10.5.57.0 dev flannel.1 onlink", ip(host, "route", "show", "10.5.57.0/24"));
        assertEquals("10.5.49.7 dev flannel.1 scope link", ip(host, "route", "show", "10.5.49.7"));
        assertEquals(Set.copyOf(routes), Set.copyOf(rtnl.routes(new Route.Filter(Route.TABLE_MAIN, Route.PROTO_BOOT, tunnel))));
        assertEquals(List.of(), rtnl.apply(routes.stream().map(Route::delete).toList()));
        assertEquals(List.of(), rtnl.routes(new Route.Filter(Route.TABLE_MAIN, Route.PROTO_BOOT, tunnel)));
    }

    @Test
    void blackholes_of_both_families_are_read_back() throws Exception {
        List<Route> routes = List.of(Route.blackhole(Cidr.of("10.5.49.0/24"), 202), Route.blackhole(Cidr.of("fd00:49::/64"), 202));
        assertEquals(List.of(), rtnl.apply(routes.stream().map(Route::replace).toList()));
        assertEquals(routes, rtnl.routes(new Route.Filter(Route.TABLE_MAIN, 202, 0)));
        assertEquals("blackhole 10.5.49.0/24 proto 202", ip(host, "route", "show", "type", "blackhole"));
        assertEquals(List.of(), rtnl.apply(routes.stream().map(Route::delete).toList()));
        assertEquals(List.of(), rtnl.routes(new Route.Filter(0, 202, 0)));
    }

    @Test
    void a_route_of_another_kind_is_told_apart() throws Exception {
        ip(host, "route", "add", "10.1.0.0/24", "proto", "202", "nexthop", "via", "172.30.0.2", "nexthop", "via", "172.30.0.3");
        ip(host, "route", "add", "10.2.0.0/24", "proto", "202", "via", "172.30.0.2", "mtu", "1200");
        ip(host, "route", "add", "10.3.0.0/24", "proto", "202", "via", "172.30.0.2", "metric", "50", "src", "172.30.0.1", "table", "1000");
        List<Route> routes = rtnl.routes(new Route.Filter(0, 202, 0));
        assertEquals(List.of(true, true, false), routes.stream().sorted((a, b) -> a.destination().compareTo(b.destination())).map(Route::more).toList());
        assertTrue(routes.contains(new Route(Cidr.of("10.3.0.0/24"), 1000, 50, Route.UNICAST, 202, Route.SCOPE_GLOBAL,
                Optional.of(Ip.of("172.30.0.2")), underlay, false, Optional.of(Ip.of("172.30.0.1")), false)));
    }

    @Test
    void a_table_that_is_not_there_has_no_routes() throws Exception {
        assertEquals(List.of(), rtnl.routes(new Route.Filter(4711, 0, 0)));
    }

    @Test
    void neighbours_are_as_flannel_makes_them_and_read_back() throws Exception {
        int tunnel = tunnel().index();
        Neighbour v4 = Neighbour.permanent(tunnel, Ip.of("10.5.57.0"), PEER_MAC);
        Neighbour v6 = Neighbour.permanent(tunnel, Ip.of("fd00:57::"), PEER_MAC);
        assertEquals(List.of(), rtnl.apply(List.of(v4.replace(), v6.replace())));
        assertEquals("10.5.57.0 lladdr 56:23:00:00:00:01 PERMANENT", ip(host, "-4", "neigh", "show", "dev", "flannel.1"));
        assertEquals(List.of(v4), rtnl.neighbours(Family.V4, tunnel));
        assertTrue(rtnl.neighbours(Family.V6, tunnel).contains(v6));
        assertEquals(List.of(), rtnl.apply(List.of(v4.delete(), v6.delete())));
        assertEquals(List.of(), rtnl.neighbours(Family.V4, tunnel));
    }

    @Test
    void forwarding_entries_are_as_flannel_makes_them_and_read_back() throws Exception {
        int tunnel = tunnel().index();
        FdbEntry entry = FdbEntry.permanent(tunnel, PEER_MAC, Ip.of("172.30.0.2"));
        assertEquals(List.of(), rtnl.apply(List.of(entry.replace())));
        assertEquals("56:23:00:00:00:01 dst 172.30.0.2 self permanent", bridge(host, "fdb", "show", "dev", "flannel.1"));
        assertEquals(List.of(entry), rtnl.forwarding(tunnel));

        FdbEntry moved = FdbEntry.permanent(tunnel, PEER_MAC, Ip.of("172.30.0.3"));
        assertEquals(List.of(), rtnl.apply(List.of(moved.replace())));
        assertEquals(List.of(moved), rtnl.forwarding(tunnel));
        assertEquals(List.of(), rtnl.apply(List.of(moved.delete())));
        assertEquals("", bridge(host, "fdb", "show", "dev", "flannel.1"));
    }

    @Test
    void five_thousand_routes_go_in_a_few_batches() throws Exception {
        int tunnel = tunnel().index();
        List<NetlinkMessage> requests = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            Cidr cidr = new Cidr(Ip.of("10.64.0.0").plus(i * 256L), 24);
            requests.add(Route.onlink(cidr, cidr.base(), tunnel, Route.PROTO_BOOT).replace());
        }
        assertEquals(List.of(), rtnl.apply(requests));
        assertEquals(5000, rtnl.routes(Family.V4, new Route.Filter(Route.TABLE_MAIN, 0, tunnel)).size());
    }

    @Test
    void a_listing_leaves_out_what_the_filter_does() throws Exception {
        assertEquals(List.of(Route.PROTO_KERNEL), rtnl.routes(Family.V4, new Route.Filter(Route.TABLE_MAIN, 0, underlay)).stream()
                .map(Route::protocol).toList());
        assertEquals(List.of(), rtnl.routes(Family.V4, new Route.Filter(Route.TABLE_MAIN, Route.PROTO_STATIC, underlay)));
    }

    private Link tunnel() throws IOException {
        rtnl.execute("make", Vxlan.of(1, underlay, Ip.of("172.30.0.1"), 8472).create("flannel.1", MAC, 1450));
        rtnl.execute("up", Link.setUp(rtnl.link("flannel.1").orElseThrow().index()));
        return rtnl.link("flannel.1").orElseThrow();
    }
}
