package io.canal.dataplane;

import static io.canal.kernel.testing.TestNamespaces.ip;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Route;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.kernel.testing.Timing;
import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cluster of 5,000 nodes. Times are printed; the bounds here are wide, as the machine may be busy: the bench measures. */
class ManyPeersIT {

    private static final int PEERS = 5000;

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
        ip(host, "addr", "add", "172.30.0.1/16", "dev", "eth0");
        node = new NetworkNode(host, dir, NetworkConfig.of(Cidr.of("10.0.0.0/8"), Backend.VXLAN), "10.255.255.0-24");
        node.start().settle();
    }

    @AfterEach
    void close() {
        node.close();
    }

    @Test
    void come_and_go_and_come_back() throws Exception {
        Timing timing = new Timing("5000 peers");
        timing.measure("all at once", () -> node.write(() -> {
            for (int i = 0; i < PEERS; i++) {
                node.peers.put(subnet(i), lease(i));
            }
        }));
        assertEquals(PEERS, routes());
        for (int i = 0; i < 200; i++) {
            int number = PEERS + i;
            timing.measure("one more", () -> node.write(() -> node.peers.put(subnet(number), lease(number))));
        }
        for (int i = 0; i < 200; i++) {
            int number = i;
            timing.measure("one changed", () -> node.write(() -> node.peers.put(subnet(number), lease(number + 10_000))));
        }
        for (int i = 0; i < 200; i++) {
            int number = PEERS + i;
            timing.measure("one less", () -> node.write(() -> node.peers.remove(subnet(number))));
        }
        assertEquals(PEERS, routes());
        node.stop();
        timing.measure("second start", () -> node.start().settle());
        timing.measure("device deleted until all is back", () -> {
            ip(host, "link", "del", "flannel.1");
            NetworkNode.within(15_000, "all routes are back", () -> routes() == PEERS);
        });
        assertTrue(node.settle().clean());
        timing.measure("all leave at once", () -> node.write(() -> {
            for (int i = 0; i < PEERS; i++) {
                node.peers.remove(subnet(i));
            }
        }));
        assertEquals(0, routes());
        timing.print();
        assertTrue(timing.median("all at once") < 15_000_000, "5,000 peers take less than 15 s even on a very busy machine");
        assertTrue(timing.median("one more") < 20_000, "one more peer costs less than 20 ms even on a very busy machine");
    }

    private int routes() {
        try (Rtnl rtnl = host.call(Rtnl::open)) {
            return rtnl.link("flannel.1").map(Link::index).map(index -> {
                try {
                    return rtnl.routes(Family.V4, new Route.Filter(Route.TABLE_MAIN, Route.PROTO_BOOT, index)).size();
                } catch (IOException failure) {
                    throw new AssertionError(failure);
                }
            }).orElse(0);
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    private static SubnetKey subnet(int number) {
        return SubnetKey.of(new Cidr(Ip.of("10.0.0.0").plus(256L * number), 24));
    }

    private static LeaseValue lease(int number) {
        return LeaseValue.vxlan(Ip.of("172.16.0.0").plus(number), 1, new Mac(0x5600_0000_0000L + number));
    }
}
