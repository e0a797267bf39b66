package io.canal.bench;

import io.canal.bench.Report.Of;
import io.canal.dataplane.nft.NftTable;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Route;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Ip;
import io.canal.model.NetworkKeys;
import io.canal.store.Store;
import io.canal.store.Txn;
import io.canal.store.testing.TestEtcd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** From the damage, the program included that does it, until all is as it was, for each fault that the agent mends alone. */
final class RepairBench {

    private static final int PEERS = 100;
    private static final int TIMES = 30;
    private static final int BETWEEN_MILLIS = 300;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final String PEER = Peers.subnet(7).base().toString();

    private final Node node;
    private final Store store;
    private final Rtnl rtnl;
    private final Report report = new Report("repair");

    private RepairBench(Node node, Store store, Rtnl rtnl) {
        this.node = node;
        this.store = store;
        this.rtnl = rtnl;
    }

    private interface Damage {
        void make() throws Exception;
    }

    private interface State {
        Object now() throws Exception;
    }

    static Report run(Path program) throws Exception {
        Path root = Files.createTempDirectory("canal-bench-");
        try (TestEtcd etcd = TestEtcd.plain(); Store store = etcd.store(); Node node = new Node(program, etcd, false, root); Rtnl rtnl = Rtnl.open()) {
            Peers peers = new Peers(store);
            peers.configure();
            peers.put(0, PEERS);
            node.launch();
            node.awaitReady();
            return new RepairBench(node, store, rtnl).all();
        }
    }

    private Report all() throws Exception {
        String never = "flanneld 0.28.9: peers' routes and neighbours never return";
        measure("device deleted", () -> ip("link", "delete", "flannel.1"), this::overlay, never);
        measure("device down", () -> ip("link", "set", "flannel.1", "down"), this::overlay, never);
        measure("device's MAC changed", () -> ip("link", "set", "flannel.1", "address", "02:de:ad:00:00:01"), this::overlay, "flanneld 0.28.9: not run");
        measure("device's MTU changed", () -> ip("link", "set", "flannel.1", "mtu", "1280"), this::overlay, "flanneld 0.28.9: not run");
        measure("route of a peer deleted", () -> ip("route", "delete", Peers.subnet(7).toString()), this::overlay, "Felix 3.32: pod route 93 s");
        measure("neighbour of a peer deleted", () -> ip("neigh", "delete", PEER, "dev", "flannel.1"), this::overlay, "flanneld 0.28.9: not run");
        measure("all routes of the device flushed", () -> ip("route", "flush", "dev", "flannel.1"), this::overlay, "flanneld 0.28.9: not run");
        measure("nftables ruleset flushed", () -> run("nft", "flush", "ruleset"), this::rules, "Felix 3.32: deleted jump 10 s, flushed chain 5 s");
        measure("conflist overwritten", () -> Files.writeString(node.paths().conflist(), "{"), () -> text(node.paths().conflist()), "no other program mends it");
        measure("subnet.env deleted", () -> Files.deleteIfExists(node.paths().subnetEnv()), () -> text(node.paths().subnetEnv()), "flanneld 0.28.9: never");
        String lease = lease();
        measure("own lease deleted", () -> store.commit(Txn.when().delete(lease)), () -> store.get(lease).map(Store.Entry::value),
                "flanneld 0.28.9: the daemon ends");
        return report;
    }

    private void measure(String name, Damage damage, State state, String yardstick) throws Exception {
        Object healthy = state.now();
        double[] millis = new double[TIMES];
        for (int i = 0; i < TIMES; i++) {
            long start = System.nanoTime();
            damage.make();
            while (!state.now().equals(healthy)) {
                if (System.nanoTime() - start > PATIENCE_NANOS) {
                    throw new IOException(name + ": not mended within 30 s; " + state.now() + " is not " + healthy + "\n" + node.log());
                }
                Node.pause(1);
            }
            millis[i] = (System.nanoTime() - start) / 1e6;
            Node.pause(BETWEEN_MILLIS);
        }
        report.figure(name, "ms", new Sample(millis), Of.P99, 1000, yardstick);
    }

    /** The tunnel, and the way to each peer. */
    private Object overlay() throws IOException {
        Set<Object> all = new HashSet<>();
        for (Link link : rtnl.link("flannel.1").map(List::of).orElse(List.of())) {
            all.add(List.of(link.up(), link.mtu(), link.mac()));
            rtnl.addresses(link.index()).stream().map(address -> address.address()).filter(address -> address.address().isV4()).forEach(all::add);
            rtnl.routes(new Route.Filter(Route.TABLE_MAIN, 0, link.index())).stream().filter(route -> route.destination().isV4())
                    .forEach(route -> all.add(List.<Object>of(route.destination(), route.gateway())));
            rtnl.neighbours(Ip.Family.V4, link.index()).forEach(neighbour -> all.add(List.<Object>of(neighbour.address(), neighbour.mac())));
            rtnl.forwarding(link.index()).forEach(entry -> all.add(List.<Object>of(entry.mac(), entry.destination())));
        }
        return all;
    }

    private Object rules() throws IOException {
        try (NftTable table = new NftTable(NftablesSocket.open())) {
            return table.listChains();
        }
    }

    private static String text(Path file) throws IOException {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException gone) {
            return "";
        }
    }

    private String lease() throws Exception {
        NetworkKeys keys = new NetworkKeys("/coreos.com/network");
        for (Store.Entry entry : store.list(keys.leases()).entries()) {
            if (entry.value().contains(Node.ADDRESS.toString())) {
                return entry.key();
            }
        }
        throw new IOException("the agent has no lease");
    }

    private static void ip(String... arguments) {
        TestNamespaces.ip(NetworkNamespace.current(), arguments);
    }

    private static void run(String... command) {
        TestNamespaces.run(NetworkNamespace.current(), command);
    }
}
