package io.canal.agent;

import static io.canal.kernel.testing.TestNamespaces.ip;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.config.AgentConfig;
import io.canal.dataplane.event.KernelEvents;
import io.canal.kernel.netlink.NetlinkMessage;
import io.canal.kernel.netlink.Route;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Decoded.Good;
import io.canal.model.Ip;
import io.canal.network.Uplink;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What follows the host's own links and addresses, when the kernel could not tell of all that happened to them. */
class MissedEventsIT {

    /** More than fit into a monitor's buffer. */
    private static final int MANY = 60_000;

    @AutoClose
    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace host = namespaces.add("host");

    @BeforeEach
    void underlay() {
        namespaces.veth(host, "eth0", namespaces.add("far"), "eth0");
        ip(host, "addr", "add", "172.30.0.1/24", "dev", "eth0");
        ip(host, "route", "add", "default", "via", "172.30.0.254");
    }

    @Test
    void a_flood_of_events_is_told_as_missed_to_all_who_listen() throws Exception {
        CountDownLatch flooded = new CountDownLatch(1);
        CountDownLatch missed = new CountDownLatch(1);
        try (ApplyLoop loop = new ApplyLoop(Clock.system(), List.of(), () -> true, applied -> {});
                KernelEvents _ = host.call(() -> KernelEvents.open(loop, List.of(), 0, events -> await(flooded), missed::countDown));
                Rtnl rtnl = host.call(Rtnl::open)) {
            loop.start();
            List<NetlinkMessage> routes = new ArrayList<>();
            for (int i = 0; i < MANY; i++) {
                routes.add(Route.blackhole(new Cidr(Ip.of("10.0.0.0").plus(i * 4L), 30), 202).replace());
            }
            assertEquals(List.of(), rtnl.apply(routes));
            flooded.countDown();
            assertTrue(missed.await(60, TimeUnit.SECONDS));
        }
    }

    @Test
    void the_uplink_is_looked_for_anew() throws Exception {
        LinkedBlockingQueue<Decoded<Uplink>> chosen = new LinkedBlockingQueue<>();
        try (UplinkWatch watch = host.call(() -> new UplinkWatch(AgentConfig::defaults, chosen::add))) {
            host.run(watch::start);
            assertEquals("[172.30.0.1/24]", v4(chosen.poll(60, TimeUnit.SECONDS)));
            ip(host, "addr", "add", "172.30.0.9/24", "dev", "eth0");
            watch.missed();
            assertEquals("[172.30.0.1/24, 172.30.0.9/24]", v4(chosen.poll(60, TimeUnit.SECONDS)));
        }
    }

    @Test
    void the_hosts_addresses_are_looked_for_anew() throws Exception {
        LinkedBlockingQueue<Map<String, Set<Ip>>> found = new LinkedBlockingQueue<>();
        try (HostAddresses addresses = host.call(() -> new HostAddresses(found::add))) {
            host.run(addresses::start);
            assertTrue(found.poll(60, TimeUnit.SECONDS).get("eth0").contains(Ip.of("172.30.0.1")));
            ip(host, "addr", "add", "172.30.0.9/24", "dev", "eth0");
            addresses.missed();
            assertTrue(found.poll(60, TimeUnit.SECONDS).get("eth0").contains(Ip.of("172.30.0.9")));
        }
    }

    private static String v4(Decoded<Uplink> choice) {
        return choice instanceof Good<Uplink>(Uplink uplink)
                ? uplink.addresses().stream().filter(prefix -> prefix.address().isV4()).toList().toString() : String.valueOf(choice);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }
}
