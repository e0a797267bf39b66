package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.canal.kernel.netlink.Address;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Route;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.network.Uplink;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class UplinkChoiceTest {

    private static final List<Link> LINKS = List.of(link(1, "lo"), link(2, "eth0"), link(3, "eth1"), link(4, "flannel.1"), link(5, "eth2"));

    private static final List<Address> ADDRESSES = List.of(
            new Address(1, IpPrefix.of("127.0.0.1/8"), 254, Address.PERMANENT),
            new Address(2, IpPrefix.of("10.10.0.1/24"), 0, Address.PERMANENT),
            new Address(3, IpPrefix.of("169.254.7.7/16"), Route.SCOPE_LINK, Address.PERMANENT),
            new Address(3, IpPrefix.of("192.168.1.9/24"), 0, 0),
            new Address(3, IpPrefix.of("192.168.1.5/24"), 0, Address.PERMANENT),
            new Address(3, IpPrefix.of("192.168.1.4/24"), 0, Address.PERMANENT | Address.DEPRECATED),
            new Address(4, IpPrefix.of("10.1.79.0/32"), 0, Address.PERMANENT));

    private static final List<Route> ROUTES = List.of(
            route("0.0.0.0/0", 200, 3), route("0.0.0.0/0", 100, 2), route("10.1.0.0/16", 0, 4));

    private static Link link(int index, String name) {
        return new Link(index, name, true, 1500, Optional.empty(), "", 0, Optional.empty());
    }

    private static Route route(String destination, int metric, int link) {
        return new Route(Cidr.of(destination), Route.TABLE_MAIN, metric, Route.UNICAST, Route.PROTO_STATIC, 0, Optional.of(Ip.of("10.10.0.254")), link, false,
                Optional.empty(), false);
    }

    private static Decoded<Uplink> choose(String iface, String publicIp) {
        return UplinkChoice.choose(iface, publicIp.isEmpty() ? Optional.empty() : Optional.of(Ip.of(publicIp)), LINKS, ADDRESSES, ROUTES);
    }

    private static void assertChosen(String name, String address, Decoded<Uplink> chosen) {
        assertEquals(name, chosen.orThrow().name());
        assertEquals(Optional.of(Ip.of(address)), chosen.orThrow().v4());
    }

    @Test
    void without_options_it_is_that_of_the_best_default_route() {
        assertChosen("eth0", "10.10.0.1", choose("", ""));
    }

    @Test
    void of_a_named_interface_the_best_address_is_taken() {
        assertChosen("eth1", "192.168.1.5", choose("eth1", ""));
    }

    @Test
    void of_a_named_interface_the_public_address_is_taken_where_it_has_it() {
        assertChosen("eth1", "192.168.1.9", choose("eth1", "192.168.1.9"));
        assertChosen("eth1", "192.168.1.5", choose("eth1", "10.10.0.1"));
        assertChosen("eth1", "192.168.1.5", choose("eth1", "203.0.113.1"));
    }

    @Test
    void an_address_names_its_interface_and_is_taken_itself() {
        assertChosen("eth1", "192.168.1.9", choose("192.168.1.9", ""));
    }

    @Test
    void a_public_address_that_is_local_names_its_interface_too() {
        assertChosen("eth1", "192.168.1.9", choose("", "192.168.1.9"));
        assertChosen("eth0", "10.10.0.1", choose("", "203.0.113.1"));
    }

    @Test
    void what_is_not_there_is_refused_with_what_is() {
        assertEquals("option iface is \"eth9\", expected an interface of this node; it has lo, eth0, eth1, eth2", sentence(choose("eth9", "")));
        assertEquals("option iface is \"10.9.9.9\", expected an address that this node has; it has 10.10.0.1, 192.168.1.4, 192.168.1.5, 192.168.1.9",
                sentence(choose("10.9.9.9", "")));
    }

    @Test
    void a_node_without_a_default_route_needs_the_option() {
        assertEquals("option iface is \"\", expected a default route, or the name or an address of the interface that leads to the other nodes",
                sentence(UplinkChoice.choose("", Optional.empty(), LINKS, ADDRESSES, List.of())));
    }

    @Test
    void an_interface_without_addresses_is_refused() {
        assertEquals("interface eth2: address is \"\", expected one that other nodes can send to", sentence(choose("eth2", "")));
        assertEquals("interface lo: address is \"127.0.0.1\", expected one that other nodes can send to", sentence(choose("lo", "")));
    }

    @Test
    void an_address_that_no_other_node_can_send_to_is_refused() {
        assertEquals("option iface is \"127.0.0.1\", expected an address that other nodes can send to", sentence(choose("127.0.0.1", "")));
    }

    @Test
    void a_tunnel_of_the_pod_network_never_leads_to_the_other_nodes() {
        assertEquals("option iface is \"flannel.1\", expected an interface of this node; it has lo, eth0, eth1, eth2", sentence(choose("flannel.1", "")));
        assertEquals("option iface is \"10.1.79.0\", expected an address that this node has; it has 10.10.0.1, 192.168.1.4, 192.168.1.5, 192.168.1.9",
                sentence(choose("10.1.79.0", "")));
    }

    private static String sentence(Decoded<Uplink> chosen) {
        return assertInstanceOf(Decoded.Bad.class, chosen).problem().sentence();
    }
}
