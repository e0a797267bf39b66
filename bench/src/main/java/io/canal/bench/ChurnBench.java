package io.canal.bench;

import io.canal.bench.Report.Of;
import io.canal.kernel.netlink.FdbEntry;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.Rtnl;
import io.canal.model.Ip;
import io.canal.store.Store;
import io.canal.store.testing.TestEtcd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Many peers at once: all change their address, until the last forwarding entry is right; and join and leave again and again, for
 * what of it stays in the agent's memory.
 */
final class ChurnBench {

    private static final int MOVERS = 500;
    private static final int MOVES = 10;
    private static final int GUESTS = 1000;
    private static final int CYCLES = 20;
    private static final int WARM = 10;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    private ChurnBench() {}

    static Report run(Path program) throws Exception {
        Report report = new Report("churn");
        Path root = Files.createTempDirectory("canal-bench-");
        try (TestEtcd etcd = TestEtcd.plain(); Store store = etcd.store(); Node node = new Node(program, etcd, false, root); Rtnl rtnl = Rtnl.open()) {
            Peers peers = new Peers(store);
            peers.configure();
            peers.put(0, MOVERS);
            node.launch();
            node.awaitReady();
            await("entries of all peers", () -> remotes(rtnl).containsAll(addresses(0)));
            moves(report, peers, rtnl);
            cycles(report, peers, node, rtnl);
        }
        return report;
    }

    private static void moves(Report report, Peers peers, Rtnl rtnl) throws Exception {
        double[] seconds = new double[MOVES];
        for (int move = 1; move <= MOVES; move++) {
            Set<Ip> wanted = addresses(move);
            long start = System.nanoTime();
            peers.move(0, MOVERS, move);
            await("entries with the new addresses", () -> remotes(rtnl).equals(wanted));
            seconds[move - 1] = (System.nanoTime() - start) / 1e9;
            Node.pause(200);
        }
        report.figure(MOVERS + " peers change their address at once, until all entries are right", "s", new Sample(seconds), Of.MAX, 2,
                "flanneld 0.28.9: not run");
    }

    private static void cycles(Report report, Peers peers, Node node, Rtnl rtnl) throws Exception {
        double[] memory = new double[CYCLES];
        int there = remotes(rtnl).size();
        for (int cycle = 0; cycle < CYCLES; cycle++) {
            int from = 10_000 + cycle * GUESTS;
            peers.put(from, from + GUESTS);
            await("entries of the guests", () -> remotes(rtnl).size() == there + GUESTS);
            peers.remove(from, from + GUESTS);
            await("no entries of the guests", () -> remotes(rtnl).size() == there);
            memory[cycle] = node.residentMegabytes();
        }
        double[] growth = new double[CYCLES - WARM];
        for (int i = 0; i < growth.length; i++) {
            growth[i] = (memory[WARM + i] / memory[WARM + i - 1] - 1) * 100;
        }
        report.figure("resident memory at the end of each cycle of " + GUESTS + " peers that join and leave", "MB", new Sample(memory), "flanneld 0.28.9: not run");
        report.figure("its growth from one cycle to the next, after the tenth", "%", new Sample(growth), Of.MAX, 2, "flanneld 0.28.9: not run");
    }

    private static Set<Ip> addresses(int move) {
        Set<Ip> addresses = new HashSet<>();
        for (int i = 0; i < MOVERS; i++) {
            addresses.add(Peers.address(i, move));
        }
        return addresses;
    }

    /** The underlay addresses of all forwarding entries of the tunnel. */
    private static Set<Ip> remotes(Rtnl rtnl) throws IOException {
        Set<Ip> remotes = new HashSet<>();
        for (Link link : rtnl.link("flannel.1").map(List::of).orElse(List.of())) {
            for (FdbEntry entry : rtnl.forwarding(link.index())) {
                entry.destination().ifPresent(remotes::add);
            }
        }
        return remotes;
    }

    private interface Condition {
        boolean holds() throws IOException;
    }

    private static void await(String what, Condition condition) throws IOException {
        long start = System.nanoTime();
        while (!condition.holds()) {
            if (System.nanoTime() - start > PATIENCE_NANOS) {
                throw new IOException("within 60 s there were not: " + what);
            }
            Node.pause(2);
        }
    }
}
