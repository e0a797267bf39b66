package io.canal.dataplane;

import io.canal.dataplane.link.TunnelState;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.LocalEndpoint;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.NodePaths;
import io.canal.model.SubnetKey;
import io.canal.model.Vtep;
import io.canal.network.LocalNetwork;
import io.canal.network.Uplink;
import io.canal.reconcile.Applied;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Repair;
import io.canal.reconcile.Table;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A node in a namespace of its own, with the stages that carry packets and hand-made tables; stopped and started like an agent. */
final class NetworkNode implements AutoCloseable {

    final NetworkNamespace namespace;
    final Table<SubnetKey, LeaseValue> peers = new Table<>("peers");
    final Table<String, LocalEndpoint> endpoints = new Table<>("endpoints");
    private final NodePaths paths;
    private final Uplink uplink;
    private volatile LocalNetwork local;
    private volatile boolean mayRemove = true;
    /** What was put back, in the order in which it was. */
    final List<Repair> repairs = new CopyOnWriteArrayList<>();
    private NetworkStages stages;
    private ApplyLoop loop;

    NetworkNode(NetworkNamespace namespace, Path root, NetworkConfig config, String subnet) throws IOException {
        this.namespace = namespace;
        paths = new NodePaths(root);
        uplink = namespace.call(() -> {
            try (Rtnl rtnl = Rtnl.open()) {
                Link link = rtnl.link("eth0").orElseThrow();
                List<IpPrefix> addresses = rtnl.addresses(link.index()).stream().map(address -> address.address())
                        .filter(prefix -> prefix.address().isV4() || prefix.address().high() >>> 48 != 0xfe80).toList();
                return new Uplink(link.index(), "eth0", link.mtu(), addresses, first(addresses, Family.V4), first(addresses, Family.V6));
            }
        });
        local = new LocalNetwork(config, Optional.of(SubnetKey.of(subnet)), uplink, 0);
    }

    private static Optional<Ip> first(List<IpPrefix> addresses, Family family) {
        return addresses.stream().map(IpPrefix::address).filter(ip -> ip.family() == family).findFirst();
    }

    /** A new process: what it knows comes from the kernel, the disk and the tables. */
    NetworkNode start() throws IOException {
        namespace.run(() -> {
            stages = NetworkStages.open(paths, fresh(peers), fresh(endpoints), () -> Optional.ofNullable(local), new Random(), Clock.system());
            loop = new ApplyLoop(Clock.system(), stages.stages(), () -> mayRemove, applied -> stages.stages().forEach(stage -> repairs.addAll(stage.takeRepairs())));
            stages.listen(loop, events -> {}, () -> {});
            loop.start();
        });
        return this;
    }

    /** As a process finds its tables: all rows are changes. */
    private static <K, V> Table<K, V> fresh(Table<K, V> table) {
        Map<K, V> rows = Map.copyOf(table.rows());
        table.replace(Map.of());
        table.takeChanged();
        table.replace(rows);
        return table;
    }

    Applied write(Runnable change) {
        try {
            return loop.applied(loop.write(change)).toCompletableFuture().get(60, TimeUnit.SECONDS);
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    /** Has all objects looked at anew. */
    void distrust() {
        loop.distrustAll();
    }

    Applied settle() {
        return write(() -> {});
    }

    Applied peer(String subnet, LeaseValue lease) {
        return write(() -> peers.put(SubnetKey.of(subnet), lease));
    }

    Applied gone(String subnet) {
        return write(() -> peers.remove(SubnetKey.of(subnet)));
    }

    Applied local(UnaryOperator<LocalNetwork> change) {
        return write(() -> local = change.apply(local));
    }

    /** As a process that has not yet heard of the network. */
    void forget() {
        local = null;
    }

    LocalNetwork local() {
        return local;
    }

    void mayRemove(boolean may) {
        mayRemove = may;
    }

    NetworkStages stages() {
        return stages;
    }

    /** What this node's lease says. */
    LeaseValue lease() {
        Map<Family, Mac> macs = stages.tunnels().entrySet().stream().filter(entry -> entry.getValue() instanceof TunnelState.Ready)
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> ((TunnelState.Ready) entry.getValue()).mac()));
        return new LeaseValue(uplink.v4().orElse(LeaseValue.NO_V4), uplink.v6(), "vxlan",
                Optional.ofNullable(macs.get(Family.V4)).map(mac -> new Vtep(1, mac)),
                Optional.ofNullable(macs.get(Family.V6)).map(mac -> new Vtep(1, mac)));
    }

    /** Removes all that is ours, as when canal leaves the node; the node is stopped then. */
    void leave() throws Exception {
        stopLoop();
        namespace.run(() -> stages.removeAll());
        stages.close();
    }

    /** Ends without removing anything. */
    void stop() {
        stopLoop();
        stages.close();
    }

    private void stopLoop() {
        loop.close();
        loop = null;
    }

    @Override
    public void close() {
        if (loop != null) {
            stop();
        }
    }

    /** Waits for what happens by itself, for at most {@code millis}; fails with {@code what} after that. */
    static void within(long millis, String what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - start > millis * 1_000_000) {
                throw new AssertionError("not within " + millis + " ms: " + what);
            }
            LockSupport.parkNanos(5_000_000);
        }
    }

    /** Everything of the node's that we may own, as the system's tools show it. */
    String dump() {
        return Stream.of(
                        links(),
                        withoutLinkLocal(TestNamespaces.ip(namespace, "-o", "addr", "show")),
                        TestNamespaces.ip(namespace, "route", "show"),
                        withoutLinkLocal(TestNamespaces.ip(namespace, "-6", "route", "show")),
                        TestNamespaces.ip(namespace, "neigh", "show", "nud", "permanent"),
                        TestNamespaces.bridge(namespace, "fdb", "show"))
                .collect(Collectors.joining("\n---\n"));
    }

    /** Of IPv6 the kernel makes these itself, in its own time, and looks for a second or two whether somebody else has the address. */
    private static String withoutLinkLocal(String lines) {
        return lines.lines().filter(line -> !line.contains("fe80:")).collect(Collectors.joining("\n"));
    }

    /** Without the names that ip looks for among all namespaces: other tests make and delete some meanwhile, of which it complains. */
    private String links() {
        return TestNamespaces.ip(namespace, "-d", "-o", "link", "show").lines().filter(line -> !line.startsWith("Error: Peer netns"))
                .map(line -> line.replaceFirst("link-netns(id)? \\S+", "")).collect(Collectors.joining("\n"));
    }
}
