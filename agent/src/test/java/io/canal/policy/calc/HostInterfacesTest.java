package io.canal.policy.calc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Ip;
import io.canal.model.calico.HostEndpoint;
import io.canal.policy.EndpointId;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Which interfaces host endpoints are on. */
class HostInterfacesTest {

    private static final Ip ADDRESS = Ip.of("192.0.2.1");

    private final HostInterfaces interfaces = new HostInterfaces("h1");

    private void put(String name, String iface, Ip... expected) {
        interfaces.put(new HostEndpoint(name, new TreeMap<>(), "h1", iface, List.of(expected), List.of(), List.of()));
    }

    @Test
    void an_interface_that_rules_cannot_name_has_no_endpoint_however_it_was_found() {
        put("named", "eth+");
        put("found", "", ADDRESS);
        interfaces.interfaces(Map.of("wg*", Set.of(ADDRESS), "eth0", Set.of(ADDRESS), "br+1", Set.of(ADDRESS)));
        assertEquals(List.of(), interfaces.places("named"));
        assertEquals(List.of(new EndpointId.Host("eth0")), interfaces.places("found"));
    }
}
