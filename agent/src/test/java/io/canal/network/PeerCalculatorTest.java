package io.canal.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.Extra;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.Problem;
import io.canal.model.SubnetKey;
import io.canal.model.SubnetRange;
import io.canal.model.Vtep;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PeerCalculatorTest {

    private static final Mac OWN_MAC = Mac.of("02:00:00:00:00:01");
    private static final Uplink UPLINK = Uplink.of(2, "eth0", 1500, IpPrefix.of("10.10.0.1/24"));
    private static final SubnetKey OWN = SubnetKey.of("10.1.1.0-24");
    private static final LocalNetwork LOCAL = new LocalNetwork(NetworkConfig.of(Cidr.of("10.1.0.0/16"), Backend.VXLAN), Optional.of(OWN), UPLINK, 0);

    private final Collected out = new Collected();

    @Test
    void a_peer_is_reached_in_the_form_of_its_own_lease_while_the_network_changes_its_backend() {
        LocalNetwork hostGw = new LocalNetwork(LOCAL.config().withBackend(Backend.HOST_GW), Optional.of(OWN), UPLINK, 0);
        given(hostGw.mixed(Backend.VXLAN.withVni(7)));
        peer("10.1.94.0-24", vxlan("10.10.0.2", 2));
        peer("10.1.95.0-24", LeaseValue.hostGw(Ip.of("10.10.0.3")));
        assertEquals(new Hop.Tunnelled(Ip.of("10.1.94.0")), out.routes.get(Cidr.of("10.1.94.0/24")));
        assertEquals(new Hop.Direct(Ip.of("10.10.0.3")), out.routes.get(Cidr.of("10.1.95.0/24")));
        assertEquals("flannel.7", Tunnel.of(hostGw.mixed(Backend.VXLAN.withVni(7))).getFirst().name());
        peer("10.1.94.0-24", LeaseValue.hostGw(Ip.of("10.10.0.2")));
        assertEquals(new Hop.Direct(Ip.of("10.10.0.2")), out.routes.get(Cidr.of("10.1.94.0/24")));
        given(hostGw);
        assertEquals(List.of(), Tunnel.of(hostGw));
    }

    @Test
    void our_own_subnet_is_a_blackhole() {
        given(LOCAL);
        assertEquals(Map.of(Cidr.of("10.1.1.0/24"), new Hop.Blackhole()), out.routes);
    }

    @Test
    void a_vxlan_peer_gets_route_neighbour_and_forwarding_entry() {
        given(LOCAL);
        peer("10.1.2.0-24", vxlan("10.10.0.2", 2));
        assertEquals(new Hop.Tunnelled(Ip.of("10.1.2.0")), out.routes.get(Cidr.of("10.1.2.0/24")));
        assertEquals(Map.of(Ip.of("10.1.2.0"), mac(2)), out.neighbours);
        assertEquals(Map.of(new FarEnd(Family.V4, mac(2)), Ip.of("10.10.0.2")), out.farEnds);
        assertEquals(List.of(), out.calculator.problems());
    }

    @Test
    void a_peer_that_leaves_takes_all_with_it() {
        given(LOCAL);
        peer("10.1.2.0-24", vxlan("10.10.0.2", 2));
        gone("10.1.2.0-24");
        assertEquals(Map.of(Cidr.of("10.1.1.0/24"), new Hop.Blackhole()), out.routes);
        assertEquals(Map.of(), out.neighbours);
        assertEquals(Map.of(), out.farEnds);
    }

    @Test
    void a_peer_with_a_new_mac_leaves_no_old_forwarding_entry() {
        given(LOCAL);
        peer("10.1.2.0-24", vxlan("10.10.0.2", 2));
        peer("10.1.2.0-24", vxlan("10.10.0.2", 3));
        assertEquals(Map.of(new FarEnd(Family.V4, mac(3)), Ip.of("10.10.0.2")), out.farEnds);
        assertEquals(Map.of(Ip.of("10.1.2.0"), mac(3)), out.neighbours);
    }

    @Test
    void one_changed_peer_touches_nothing_else() {
        given(LOCAL);
        for (int i = 2; i < 200; i++) {
            peer("10.1." + i + ".0-24", vxlan("10.10.0.2", i));
        }
        out.changes = 0;
        peer("10.1.9.0-24", vxlan("10.10.0.3", 9));
        assertEquals(1, out.changes, "only the forwarding entry is another one");
    }

    @Test
    void nothing_is_asked_for_before_we_know_ourselves() {
        peer("10.1.2.0-24", vxlan("10.10.0.2", 2));
        assertEquals(0, out.changes);
        given(LOCAL);
        assertEquals(2, out.routes.size());
    }

    @Test
    void a_peer_on_our_subnet_is_not_carried() {
        given(LOCAL);
        peer("10.1.1.128-25", vxlan("10.10.0.2", 2));
        assertEquals(Map.of(Cidr.of("10.1.1.0/24"), new Hop.Blackhole()), out.routes);
        assertEquals(List.of(new Problem("lease 10.1.1.128-25", "", "10.1.1.128/25", "a subnet apart from our own 10.1.1.0/24")), out.calculator.problems());
    }

    @Test
    void a_subnet_passes_from_a_peer_to_us_and_back() {
        SubnetKey other = SubnetKey.of("10.1.2.0-24");
        given(LOCAL);
        peer("10.1.2.0-24", vxlan("10.10.0.2", 2));
        given(new LocalNetwork(LOCAL.config(), Optional.of(other), UPLINK, 0));
        assertEquals(Map.of(Cidr.of("10.1.2.0/24"), new Hop.Blackhole()), out.routes);
        given(LOCAL);
        assertEquals(Map.of(Cidr.of("10.1.1.0/24"), new Hop.Blackhole(), Cidr.of("10.1.2.0/24"), new Hop.Tunnelled(Ip.of("10.1.2.0"))), out.routes);
    }

    @Test
    void of_overlapping_peers_the_lower_is_carried_whichever_came_first() {
        given(LOCAL);
        peer("10.1.2.128-25", vxlan("10.10.0.3", 3));
        peer("10.1.2.0-24", vxlan("10.10.0.2", 2));
        assertTrue(out.routes.containsKey(Cidr.of("10.1.2.0/24")));
        assertEquals(List.of("lease 10.1.2.128-25 is \"10.1.2.128/25\", expected a subnet apart from that of lease 10.1.2.0-24, which is carried"),
                out.calculator.problems().stream().map(Problem::sentence).toList());
        assertEquals(2, out.routes.size());
        gone("10.1.2.0-24");
        assertTrue(out.routes.containsKey(Cidr.of("10.1.2.128/25")));
        assertEquals(List.of(), out.calculator.problems());
    }

    @Test
    void of_two_nodes_with_one_mac_the_lower_is_carried() {
        given(LOCAL);
        peer("10.1.3.0-24", vxlan("10.10.0.3", 2));
        peer("10.1.2.0-24", vxlan("10.10.0.2", 2));
        assertEquals(Map.of(new FarEnd(Family.V4, mac(2)), Ip.of("10.10.0.2")), out.farEnds);
        assertEquals("lease 10.1.3.0-24: BackendData.VtepMAC is \"02:00:00:00:00:02\", expected a MAC other than that of lease 10.1.2.0-24, which is carried",
                out.calculator.problems().getFirst().sentence());
    }

    @Test
    void two_leases_of_one_node_are_both_carried() {
        given(LOCAL);
        peer("10.1.2.0-24", vxlan("10.10.0.2", 2));
        peer("10.1.3.0-24", vxlan("10.10.0.2", 2));
        assertEquals(3, out.routes.size());
        gone("10.1.2.0-24");
        assertEquals(Map.of(new FarEnd(Family.V4, mac(2)), Ip.of("10.10.0.2")), out.farEnds);
        assertEquals(List.of(), out.calculator.problems());
    }

    @Test
    void a_peer_with_our_mac_or_our_address_is_not_carried() {
        given(LOCAL);
        peer("10.1.2.0-24", new LeaseValue(Ip.of("10.10.0.2"), Optional.empty(), "vxlan", Optional.of(new Vtep(1, OWN_MAC)), Optional.empty()));
        peer("10.1.3.0-24", vxlan("10.10.0.1", 3));
        assertEquals(1, out.routes.size());
        assertEquals(List.of("BackendData.VtepMAC", "PublicIP"), out.calculator.problems().stream().map(Problem::field).toList());
    }

    @Test
    void a_subnet_that_would_swallow_its_own_tunnel_is_not_carried() {
        given(LOCAL);
        peer("10.10.0.0-24", vxlan("10.10.1.2", 2));
        peer("10.20.0.0-16", vxlan("10.20.0.9", 3));
        assertEquals(1, out.routes.size());
        assertEquals(2, out.calculator.problems().size());
    }

    @Test
    void a_lease_of_another_backend_is_left_alone_and_named() {
        given(LOCAL);
        peer("10.1.2.0-24", new LeaseValue(Ip.of("10.10.0.2"), Optional.empty(), "wireguard", Optional.empty(), Optional.empty()));
        assertEquals("lease 10.1.2.0-24: BackendType is \"wireguard\", expected vxlan or host-gw; canal does not speak others",
                out.calculator.problems().getFirst().sentence());
    }

    @Test
    void a_host_gw_peer_on_our_link_is_a_gateway_and_any_other_is_a_problem() {
        given(LOCAL);
        peer("10.1.2.0-24", LeaseValue.hostGw(Ip.of("10.10.0.2")));
        peer("10.1.3.0-24", LeaseValue.hostGw(Ip.of("10.99.0.2")));
        assertEquals(new Hop.Direct(Ip.of("10.10.0.2")), out.routes.get(Cidr.of("10.1.2.0/24")));
        assertEquals(2, out.routes.size());
        assertEquals(1, out.calculator.problems().size());
    }

    @Test
    void direct_routing_spares_neighbours_on_our_link_the_tunnel() {
        given(new LocalNetwork(LOCAL.config().withBackend(Backend.VXLAN.withDirectRouting(true)), Optional.of(OWN), UPLINK, 0));
        peer("10.1.2.0-24", vxlan("10.10.0.2", 2));
        peer("10.1.3.0-24", vxlan("10.99.0.2", 3));
        assertEquals(new Hop.Direct(Ip.of("10.10.0.2")), out.routes.get(Cidr.of("10.1.2.0/24")));
        assertEquals(new Hop.Tunnelled(Ip.of("10.1.3.0")), out.routes.get(Cidr.of("10.1.3.0/24")));
        assertEquals(1, out.neighbours.size());
        assertEquals(1, out.farEnds.size());
    }

    @Test
    void a_dual_stack_peer_is_reached_by_both_tunnels() {
        Uplink uplink = new Uplink(2, "eth0", 1500, List.of(IpPrefix.of("10.10.0.1/24"), IpPrefix.of("fd00:10::1/64")),
                Optional.of(Ip.of("10.10.0.1")), Optional.of(Ip.of("fd00:10::1")));
        NetworkConfig config = new NetworkConfig(Optional.of(SubnetRange.of(Cidr.of("10.1.0.0/16"))), Optional.of(SubnetRange.of(Cidr.of("fd00:1::/56"))),
                false, Backend.VXLAN, Extra.NONE);
        given(new LocalNetwork(config, Optional.of(SubnetKey.of("10.1.1.0-24&fd00:1:0:1::-64")), uplink, 0));
        peer("10.1.2.0-24&fd00:1:0:2::-64", new LeaseValue(Ip.of("10.10.0.2"), Optional.of(Ip.of("fd00:10::2")), "vxlan",
                Optional.of(new Vtep(1, mac(2))), Optional.of(new Vtep(1, mac(3)))));
        assertEquals(Map.of(Ip.of("10.1.2.0"), mac(2), Ip.of("fd00:1:0:2::"), mac(3)), out.neighbours);
        assertEquals(Map.of(new FarEnd(Family.V4, mac(2)), Ip.of("10.10.0.2"), new FarEnd(Family.V6, mac(3)), Ip.of("fd00:10::2")), out.farEnds);
        assertEquals(4, out.routes.size());
    }

    @Test
    void the_ipv6_half_of_a_peer_is_left_out_where_our_network_has_none() {
        given(LOCAL);
        peer("10.1.2.0-24&fd00:1:0:2::-64", vxlan("10.10.0.2", 2));
        assertEquals(2, out.routes.size());
        assertEquals(List.of(), out.calculator.problems());
    }

    private void given(LocalNetwork local) {
        out.calculator.local(local, Map.of(Family.V4, OWN_MAC));
        out.calculator.calculate();
    }

    private void peer(String key, LeaseValue lease) {
        out.calculator.peer(SubnetKey.of(key), Optional.of(lease));
        out.calculator.calculate();
    }

    private void gone(String key) {
        out.calculator.peer(SubnetKey.of(key), Optional.empty());
        out.calculator.calculate();
    }

    private static LeaseValue vxlan(String publicIp, int mac) {
        return LeaseValue.vxlan(Ip.of(publicIp), 1, mac(mac));
    }

    private static Mac mac(int number) {
        return new Mac(0x0200_0000_0000L + number);
    }
}
