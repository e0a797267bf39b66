package io.canal.bench;

import io.canal.bench.Report.Of;
import io.canal.store.Store;
import io.canal.store.testing.TestEtcd;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The agent's start until the routes to all peers are in an empty kernel; its memory and its idle processor time then; and the time
 * from the put of one more peer's lease to its route, the put included.
 */
final class PeersBench {

    private static final int STARTS = 3;
    private static final int NEW_PEERS = 200;
    private static final int BETWEEN_MILLIS = 50;
    private static final int IDLE_MILLIS = 6000;
    /** New peers of one size are not peers of the next. */
    private static final int APART = 20_000;

    private PeersBench() {}

    static Report run(Path program) throws Exception {
        Report report = new Report("peers");
        Path root = Files.createTempDirectory("canal-bench-");
        try (TestEtcd etcd = TestEtcd.plain(); Store store = etcd.store(); Node node = new Node(program, etcd, false, root)) {
            Peers peers = new Peers(store);
            peers.configure();
            int there = 0;
            for (int count : new int[] {10, 1000, 5000}) {
                peers.put(there, count);
                int all = count + there(count);
                starts(report, node, count, all);
                newPeers(report, node, peers, count);
                there = count;
            }
        }
        return report;
    }

    /** Peers that earlier rounds added one by one. */
    private static int there(int count) {
        return count == 10 ? 0 : count == 1000 ? NEW_PEERS : 2 * NEW_PEERS;
    }

    private static void starts(Report report, Node node, int count, int all) throws Exception {
        double[] seconds = new double[STARTS];
        for (int i = 0; i < STARTS; i++) {
            node.reset();
            try (Routes routes = new Routes()) {
                long start = System.nanoTime();
                node.launch();
                seconds[i] = (routes.awaitCount(all) - start) / 1e9;
            }
            node.awaitReady();
            Report.progress("peers: start " + (i + 1) + " of " + STARTS + " with " + count + " peers: " + Math.round(seconds[i] * 1000) + " ms");
        }
        Sample sample = new Sample(seconds);
        String name = "start to all routes, " + count + " peers";
        switch (count) {
            case 1000 -> report.figure(name, "s", sample, Of.P50, 0.7, "flanneld 0.28.9: 0.82 s");
            case 5000 -> report.figure(name, "s", sample, Of.P50, 1.3, "flanneld 0.28.9: 3.63 s");
            default -> {
                report.figure(name, "s", sample, "flanneld 0.28.9: not measured");
                return;
            }
        }
        Node.pause(2000);
        double before = node.processorSeconds();
        Node.pause(IDLE_MILLIS);
        double idle = (node.processorSeconds() - before) / (IDLE_MILLIS / 1000.0) * 100;
        Sample memory = new Sample(new double[] {node.residentMegabytes()});
        if (count == 1000) {
            report.figure("resident memory, " + count + " peers", "MB", memory, Of.MAX, 90, "flanneld 0.28.9: 44 MiB");
            report.figure("idle, " + count + " peers", "% of a core", new Sample(new double[] {idle}), Of.MAX, 0.5, "flanneld 0.28.9: 0.2 %");
        } else {
            report.figure("resident memory, " + count + " peers", "MB", memory, "flanneld 0.28.9: 39 to 48 MiB");
            report.figure("idle, " + count + " peers", "% of a core", new Sample(new double[] {idle}), "flanneld 0.28.9: 0.2 %");
        }
    }

    private static void newPeers(Report report, Node node, Peers peers, int count) throws Exception {
        double[] whole = new double[NEW_PEERS];
        double[] puts = new double[NEW_PEERS];
        try (Routes routes = new Routes()) {
            for (int i = 0; i < NEW_PEERS; i++) {
                Node.pause(BETWEEN_MILLIS);
                int number = APART + count + i;
                long start = System.nanoTime();
                peers.put(number);
                puts[i] = (System.nanoTime() - start) / 1e6;
                whole[i] = (routes.await(Peers.subnet(number)) - start) / 1e6;
            }
        }
        String name = "put of a new peer's lease to its route, " + count + " peers";
        report.figure(name + ", p50", "ms", new Sample(whole), Of.P50, 5, "flanneld 0.28.9: 3.8 to 4.8 ms");
        report.figure(name + ", p99", "ms", new Sample(whole), Of.P99, 14, "flanneld 0.28.9: 14 to 19 ms");
        report.figure("of which the put", "ms", new Sample(puts), "3.2 to 4.4 ms");
        node.awaitReady();
    }
}
