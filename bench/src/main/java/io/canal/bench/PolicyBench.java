package io.canal.bench;

import io.canal.bench.Report.Of;
import io.canal.config.DataplaneOption;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.store.Store;
import io.canal.store.testing.TestEtcd;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * From the put in etcd to the first packet that passes, for a rule of a policy, a label of a pod, and a new pod; the agent's start with
 * that many policies, and its memory; on both dataplanes.
 */
final class PolicyBench {

    private static final int STARTS = 3;
    private static final int CHANGES = 60;
    private static final int BETWEEN_MILLIS = 60;
    private static final String POD = "10.99.0.1";
    private static final String POD_INTERFACE = "cali%011d".formatted(0);
    private static final String NEW_POD = "10.99.1.1";
    private static final String NEW_INTERFACE = "calinew";
    private static final String THIS_NODE = "bench";
    private static final String OTHER_NODE = "node-0";

    private PolicyBench() {}

    /** What others need on such a machine: Felix 3.32.1. */
    private record Yardstick(int policies, String rule, String label, String pod, String start) {}

    private static final Yardstick[] NFTABLES = {
        new Yardstick(10, "239 / 399 ms", "108 / 201 ms", "273 / 376 ms", "0.71 s"),
        new Yardstick(1000, "390 / 642 ms", "348 / 523 ms", "442 / 903 ms", "1.27 s"),
        new Yardstick(10_000, "1,284 / 1,609 ms", "1,037 / 1,117 ms", "1,301 / 2,559 ms", "2.06 s"),
    };

    private static final Yardstick[] IPTABLES = {
        new Yardstick(10, "36 / 76 ms", "5.4 / 40 ms", "49 / 145 ms", "0.82 s"),
        new Yardstick(1000, "55 / 109 ms", "5.0 / 17 ms", "51 / 88 ms", "1.24 s"),
        new Yardstick(10_000, "90 / 141 ms", "4.8 / 25 ms", "129 / 218 ms", "1.67 s"),
    };

    static Report run(Path program) throws Exception {
        Report report = new Report("policy");
        for (DataplaneOption dataplane : new DataplaneOption[] {DataplaneOption.NFTABLES, DataplaneOption.IPTABLES}) {
            for (Yardstick yardstick : dataplane == DataplaneOption.NFTABLES ? NFTABLES : IPTABLES) {
                one(report, program, dataplane, yardstick);
            }
        }
        return report;
    }

    private static void one(Report report, Path program, DataplaneOption dataplane, Yardstick yardstick) throws Exception {
        Path root = Files.createTempDirectory("canal-bench-");
        try (TestEtcd etcd = TestEtcd.plain(); Store store = etcd.store(); TestNamespaces namespaces = new TestNamespaces();
                Node node = new Node(program, etcd, false, root)) {
            node.use(dataplane);
            new Peers(store).configure();
            PolicyLoad load = new PolicyLoad(store, yardstick.policies);
            load.put();
            NetworkNamespace client = Probe.client(namespaces);
            NetworkNamespace pod = Probe.pod(namespaces, "probed", POD_INTERFACE, POD);
            NetworkNamespace fresh = Probe.pod(namespaces, "fresh", NEW_INTERFACE, NEW_POD);
            load.pod(OTHER_NODE, "client", "calix", Probe.CLIENT, "allowed");
            String size = dataplane.word() + ", " + yardstick.policies + " policies";
            starts(report, node, size, dataplane, yardstick);
            boolean nft = dataplane == DataplaneOption.NFTABLES;
            try (Probe probe = new Probe(client, pod, POD, PolicyLoad.PORT)) {
                double[] rules = changes(probe, () -> load.rule(PolicyLoad.PORT), () -> load.rule(PolicyLoad.CLOSED_PORT));
                report.figure("put of a rule to the first packet, p50, " + size, "ms", new Sample(rules), Of.P50, nft ? 6 : 25, "Felix 3.32.1: p50 / p99 " + yardstick.rule);
                report.figure("put of a rule to the first packet, p99, " + size, "ms", new Sample(rules), Of.P99, nft ? 20 : 76, "Felix 3.32.1: p50 / p99 " + yardstick.rule);
                load.pod(OTHER_NODE, "client", "calix", Probe.CLIENT, "none");
                load.rule(PolicyLoad.PORT);
                Node.pause(300);
                double[] labels = changes(probe, () -> load.pod(OTHER_NODE, "client", "calix", Probe.CLIENT, "allowed"),
                        () -> load.pod(OTHER_NODE, "client", "calix", Probe.CLIENT, "none"));
                report.figure("put of a label to the first packet, p50, " + size, "ms", new Sample(labels), Of.P50, 5, "Felix 3.32.1: p50 / p99 " + yardstick.label);
                report.figure("put of a label to the first packet, p99, " + size, "ms", new Sample(labels), Of.P99, 20, "Felix 3.32.1: p50 / p99 " + yardstick.label);
                load.pod(OTHER_NODE, "client", "calix", Probe.CLIENT, "allowed");
            }
            try (Probe probe = new Probe(client, fresh, NEW_POD, PolicyLoad.PORT)) {
                double[] pods = changes(probe, () -> load.pod(THIS_NODE, "fresh", NEW_INTERFACE, NEW_POD, "none"), () -> load.remove(THIS_NODE, "fresh"));
                report.figure("put of a pod to the first packet, p50, " + size, "ms", new Sample(pods), Of.P50, nft ? 6 : 49, "Felix 3.32.1: p50 / p99 " + yardstick.pod);
                report.figure("put of a pod to the first packet, p99, " + size, "ms", new Sample(pods), Of.P99, nft ? 20 : 145, "Felix 3.32.1: p50 / p99 " + yardstick.pod);
            }
            Sample memory = new Sample(new double[] {node.residentMegabytes()});
            report.figure("resident memory, " + size, "MB", memory, Of.MAX, 160, "Felix 3.32.1: 110 to 225 MiB");
        }
    }

    private static void starts(Report report, Node node, String size, DataplaneOption dataplane, Yardstick yardstick) throws Exception {
        double[] seconds = new double[STARTS];
        for (int i = 0; i < STARTS; i++) {
            node.reset();
            if (dataplane == DataplaneOption.IPTABLES) {
                node.flushIptables();
            }
            long start = System.nanoTime();
            node.launch();
            node.awaitReady();
            seconds[i] = (System.nanoTime() - start) / 1e9;
        }
        report.figure("start to in sync and enforced, " + size, "s", new Sample(seconds), Of.P50, 1.3, "Felix 3.32.1: " + yardstick.start);
    }

    /** A write to etcd. */
    private interface Change {
        void make() throws Exception;
    }

    private static double[] changes(Probe probe, Change open, Change close) throws Exception {
        double[] millis = new double[CHANGES];
        probe.awaitClosed();
        for (int i = 0; i < CHANGES; i++) {
            Node.pause(BETWEEN_MILLIS);
            long start = System.nanoTime();
            open.make();
            millis[i] = (probe.awaitOpen() - start) / 1e6;
            close.make();
            probe.awaitClosed();
        }
        return millis;
    }
}
