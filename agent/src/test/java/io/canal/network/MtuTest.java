package io.canal.network;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.Extra;
import io.canal.model.IpPrefix;
import io.canal.model.NetworkConfig;
import io.canal.model.Problem;
import io.canal.model.SubnetRange;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MtuTest {

    private static final NetworkConfig V4 = NetworkConfig.of(Cidr.of("10.1.0.0/16"), Backend.VXLAN);
    private static final NetworkConfig DUAL = new NetworkConfig(Optional.of(SubnetRange.of(Cidr.of("10.1.0.0/16"))),
            Optional.of(SubnetRange.of(Cidr.of("fd00:1::/56"))), false, Backend.VXLAN, Extra.NONE);

    @Test
    void a_tunnel_over_ipv4_costs_50_bytes() {
        assertEquals(new Mtu(1450, 1430, 1450, Optional.empty()), of(V4, 1500, 0));
        assertEquals(8950, of(V4, 9000, 0).pods());
    }

    @Test
    void pods_of_both_families_get_what_the_ipv6_tunnel_carries() {
        assertEquals(new Mtu(1450, 1430, 1430, Optional.empty()), of(DUAL, 1500, 0));
    }

    @Test
    void without_a_tunnel_nothing_is_lost() {
        assertEquals(1500, of(V4.withBackend(Backend.HOST_GW), 1500, 0).pods());
    }

    @Test
    void the_config_may_ask_for_less_than_the_interface_has() {
        assertEquals(1350, of(V4.withBackend(Backend.VXLAN.withMtu(1400)), 1500, 0).pods());
    }

    @Test
    void the_operator_may_ask_for_less_of_pods_and_tunnels() {
        assertEquals(new Mtu(1400, 1400, 1400, Optional.empty()), of(V4, 1500, 1400));
        assertEquals(new Mtu(1440, 1430, 1430, Optional.of(new Problem("option mtu", "", "1440", "at most 1430, what eth0 with MTU 1500 can carry"))),
                of(DUAL, 1500, 1440));
    }

    @Test
    void what_does_not_fit_is_cut_and_named() {
        assertEquals(new Mtu(1450, 1430, 1450, Optional.of(new Problem("option mtu", "", "1500", "at most 1450, what eth0 with MTU 1500 can carry"))),
                of(V4, 1500, 1500));
        assertEquals(new Mtu(1450, 1430, 1450, Optional.of(new Problem("network config", "Backend.MTU", "9000", "at most 1500, the MTU of eth0"))),
                of(V4.withBackend(Backend.VXLAN.withMtu(9000)), 1500, 0));
    }

    private static Mtu of(NetworkConfig config, int uplinkMtu, int option) {
        return Mtu.of(new LocalNetwork(config, Optional.empty(), Uplink.of(2, "eth0", uplinkMtu, IpPrefix.of("10.10.0.1/24")), option));
    }
}
