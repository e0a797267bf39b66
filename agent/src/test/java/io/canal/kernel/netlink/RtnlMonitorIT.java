package io.canal.kernel.netlink;

import static io.canal.kernel.testing.TestNamespaces.bridge;
import static io.canal.kernel.testing.TestNamespaces.ip;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.libc.Fd;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.Mac;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class RtnlMonitorIT {

    @AutoClose
    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace host = namespaces.add("host");
    private final LinkedBlockingQueue<RtnlEvent> events = new LinkedBlockingQueue<>();
    private final AtomicInteger missed = new AtomicInteger();
    @AutoClose
    private final RtnlMonitor monitor = host.call(() -> RtnlMonitor.open(events::addAll, missed::incrementAndGet));

    RtnlMonitorIT() throws Exception {}

    @Test
    void notifications_that_the_listener_could_not_take_count_as_missed() throws Exception {
        CountDownLatch told = new CountDownLatch(1);
        NetlinkMonitor.Listener broken = new NetlinkMonitor.Listener() {
            @Override
            public void heard(List<Received> notifications) {
                throw new IllegalStateException("in a test");
            }

            @Override
            public void missed() {
                told.countDown();
            }
        };
        try (NetlinkMonitor other = host.call(() -> NetlinkMonitor.open("broken", NetlinkSocket.NETLINK_ROUTE, List.of(1), broken))) {
            ip(host, "link", "add", "vx", "type", "vxlan", "id", "1", "dstport", "8472", "local", "127.0.0.1");
            assertTrue(told.await(60, TimeUnit.SECONDS), other::toString);
        }
    }

    @Test
    void changes_of_every_kind_are_told() throws Exception {
        ip(host, "link", "add", "vx", "type", "vxlan", "id", "1", "dstport", "8472", "local", "127.0.0.1");
        ip(host, "link", "set", "vx", "up");
        ip(host, "addr", "add", "10.1.0.1/24", "dev", "vx");
        ip(host, "route", "add", "10.2.0.0/24", "via", "10.1.0.2", "dev", "vx");
        ip(host, "neigh", "add", "10.1.0.2", "lladdr", "02:00:00:00:00:01", "dev", "vx", "nud", "permanent");
        bridge(host, "fdb", "append", "02:00:00:00:00:01", "dev", "vx", "dst", "192.0.2.1", "self", "permanent");
        ip(host, "link", "del", "vx");

        expect(event -> event instanceof RtnlEvent.LinkChanged changed && changed.link().up() && changed.link().name().equals("vx"));
        expect(event -> event instanceof RtnlEvent.AddressChanged changed && changed.address().address().equals(IpPrefix.of("10.1.0.1/24")));
        expect(event -> event instanceof RtnlEvent.RouteChanged changed && changed.route().destination().equals(Cidr.of("10.2.0.0/24")));
        expect(event -> event instanceof RtnlEvent.NeighbourChanged changed && changed.neighbour().address().equals(Ip.of("10.1.0.2")));
        expect(event -> event instanceof RtnlEvent.FdbChanged changed && changed.entry().mac().equals(Mac.of("02:00:00:00:00:01"))
                && changed.entry().destination().orElseThrow().equals(Ip.of("192.0.2.1")));
        expect(event -> event instanceof RtnlEvent.LinkChanged changed && changed.gone());
        assertEquals(0, missed.get());
    }

    @Test
    void a_change_of_a_route_names_the_socket_that_made_it() throws Exception {
        try (Rtnl rtnl = host.call(Rtnl::open)) {
            Cidr cidr = Cidr.of("10.3.0.0/24");
            rtnl.execute("add", Route.blackhole(cidr, 202).replace());
            RtnlEvent ours = expect(event -> event instanceof RtnlEvent.RouteChanged changed && changed.route().destination().equals(cidr));
            assertEquals(rtnl.portId(), ours.sender());
            ip(host, "route", "del", "blackhole", "10.3.0.0/24");
            RtnlEvent theirs = expect(event -> event instanceof RtnlEvent.RouteChanged changed && changed.gone());
            assertNotEquals(rtnl.portId(), theirs.sender());
        }
    }

    @Test
    void routes_that_a_known_socket_made_are_passed_over_and_its_links_are_not() throws Exception {
        LinkedBlockingQueue<RtnlEvent> others = new LinkedBlockingQueue<>();
        try (Rtnl rtnl = host.call(Rtnl::open); Fd here = host.open(); RtnlMonitor knowing = host.call(() -> RtnlMonitor.open(rtnl.portId(), others::addAll, missed::incrementAndGet))) {
            rtnl.execute("add", Route.blackhole(Cidr.of("10.3.0.0/24"), 202).replace());
            rtnl.execute("make", Link.createVeth("one", Mac.of("02:00:00:00:00:01"), 1500, "other", Mac.of("02:00:00:00:00:02"), here));
            ip(host, "route", "add", "blackhole", "10.4.0.0/24");
            RtnlEvent first = others.poll(60, TimeUnit.SECONDS);
            assertTrue(first instanceof RtnlEvent.LinkChanged, () -> first + " of " + knowing);
            RtnlEvent next = others.poll(60, TimeUnit.SECONDS);
            while (!(next instanceof RtnlEvent.RouteChanged) && next != null) {
                next = others.poll(60, TimeUnit.SECONDS);
            }
            assertTrue(next instanceof RtnlEvent.RouteChanged changed && changed.sender() != rtnl.portId(), String.valueOf(next));
        }
    }

    @Test
    void notifications_that_the_kernel_dropped_are_told_as_missed() throws Exception {
        CountDownLatch missedSome = new CountDownLatch(1);
        CountDownLatch written = new CountDownLatch(1);
        NetlinkMonitor.Listener slow = new NetlinkMonitor.Listener() {

            @Override
            public void heard(List<Received> notifications) {
                try {
                    written.await();
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public void missed() {
                missedSome.countDown();
            }
        };
        try (NetlinkMonitor small = host.call(() -> NetlinkMonitor.open("small", NetlinkSocket.NETLINK_ROUTE, List.of(7), slow, 4096));
                Rtnl rtnl = host.call(Rtnl::open)) {
            List<NetlinkMessage> many = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                many.add(Route.blackhole(new Cidr(Ip.of("10.9.0.0").plus(256L * i), 24), 202).replace());
            }
            assertEquals(List.of(), rtnl.apply(many));
            written.countDown();
            assertTrue(missedSome.await(60, TimeUnit.SECONDS));
        }
    }

    @Test
    void closing_ends_the_thread() throws Exception {
        // Those of tests before it in this JVM are none of its business.
        Set<Thread> before = threads();
        monitor.close();
        before.removeAll(threads());
        assertFalse(before.isEmpty());
    }

    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().equals("route-events")).collect(Collectors.toCollection(HashSet::new));
    }

    private RtnlEvent expect(Predicate<RtnlEvent> what) throws InterruptedException {
        List<RtnlEvent> passed = new ArrayList<>();
        while (true) {
            RtnlEvent event = events.poll(60, TimeUnit.SECONDS);
            if (event == null) {
                throw new AssertionError("not told; told were " + passed);
            }
            if (what.test(event)) {
                return event;
            }
            passed.add(event);
        }
    }
}
