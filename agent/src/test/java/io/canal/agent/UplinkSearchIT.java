package io.canal.agent;

import static io.canal.kernel.testing.TestNamespaces.run;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.kernel.netlink.Route;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.network.Uplink;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is asked of the kernel in parts leads to the same choice as whole tables do. */
final class UplinkSearchIT {

    private static final TestNamespaces namespaces = new TestNamespaces();
    private static NetworkNamespace host;
    private static Rtnl rtnl;

    @BeforeAll
    static void links() throws Exception {
        host = namespaces.add("host");
        run(host, "sh", "-ec", """
                for link in eth0 eth1 flannel.1 cali1; do ip link add "$link" type veth peer name "x$link"; ip link set "$link" up; ip link set "x$link" up; done
                ip link property add dev eth1 altname enp1s0
                ip addr add 172.30.0.1/24 dev eth0; ip addr add 172.31.0.1/24 dev eth1; ip addr add 172.31.0.2/24 dev eth1
                ip addr add fd00:30::1/64 dev eth0 nodad; ip addr add 10.1.49.0/32 dev flannel.1
                ip route add default via 172.31.0.254 metric 200; ip route add default via 172.30.0.254 metric 100
                ip route add default dev cali1 metric 5; ip route add 10.1.50.0/24 dev flannel.1""");
        rtnl = host.call(Rtnl::open);
    }

    @AfterAll
    static void remove() {
        rtnl.close();
        namespaces.close();
    }

    @ParameterizedTest
    @CsvSource({
        "'', ''", "eth0, ''", "eth1, ''", "eth1, 172.30.0.1", "172.31.0.2, ''", "fd00:30::1, ''", "'', 172.31.0.1", "'', fd00:30::1", "'', 9.9.9.9",
        "flannel.1, ''", "10.1.49.0, ''", "enp1s0, ''", "nosuch, ''", "a-name-that-no-link-can-have, ''", "9.9.9.9, ''", "'', 10.1.49.0"
    })
    void the_choice_is_that_of_whole_tables(String iface, String publicIp) throws Exception {
        Optional<Ip> address = Ip.parse(publicIp);
        Decoded<Uplink> whole = UplinkChoice.choose(iface, address, rtnl.links(), rtnl.addresses(0), rtnl.routes(new Route.Filter(Route.TABLE_MAIN, 0, 0)));
        assertEquals(whole, UplinkSearch.choose(rtnl, iface, address));
    }
}
