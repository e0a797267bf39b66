package io.canal.bench;

import io.canal.bench.Dataplane.Yardstick;
import io.canal.bench.Report.Of;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.store.Store;
import io.canal.store.testing.TestEtcd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * From the put in etcd to the first packet that passes, for a rule of a policy, a label of a pod, and a new pod; the start with that
 * many policies on an empty kernel, and the memory after all that; by each dataplane, and beside a real Felix where there is one.
 */
final class PolicyBench {

    private static final int STARTS = 5;
    private static final int CHANGES = 100;
    /** What needs a second for a change, and as long to take it back, makes fewer of them. */
    private static final int LEAST_CHANGES = 8;
    private static final Duration LONGEST = Duration.ofSeconds(30);
    private static final int BETWEEN_MILLIS = 60;
    private static final String POD = "10.99.0.1";
    private static final String POD_INTERFACE = "cali%011d".formatted(0);
    private static final String NEW_POD = "10.99.1.1";
    private static final String NEW_INTERFACE = "calinew";
    private static final String OTHER_NODE = "node-0";
    private static final double START_SECONDS = 1.3;
    private static final double MEGABYTES = 160;

    private PolicyBench() {}

    /** The kernel's side of the bench. */
    private record Pods(NetworkNamespace client, NetworkNamespace pod, NetworkNamespace fresh) {}

    private record Figures(Sample starts, Sample rules, Sample labels, Sample pods, Sample megabytes) {}

    static Report run(Options options) throws Exception {
        Report report = new Report("policy");
        for (int policies : options.policies()) {
            Path root = Files.createTempDirectory("canal-bench-");
            try (TestEtcd etcd = TestEtcd.plain(); Store store = etcd.store(); TestNamespaces namespaces = new TestNamespaces();
                    Node node = new Node(options.program(), etcd, false, root)) {
                new Peers(store).configure();
                PolicyLoad load = new PolicyLoad(store, policies);
                load.put();
                Pods pods = new Pods(Probe.client(namespaces), Probe.pod(namespaces, "probed", POD_INTERFACE, POD), Probe.pod(namespaces, "fresh", NEW_INTERFACE, NEW_POD));
                Optional<Felix> felix = options.felix().map(path -> new Felix(path, etcd.endpoints(), root));
                for (Dataplane dataplane : options.dataplanes()) {
                    Report.progress(dataplane.text() + ", " + policies + " policies");
                    Optional<Figures> beside = Optional.empty();
                    if (felix.isPresent()) {
                        beside = Optional.of(measure(felix.get(), load, dataplane, pods));
                        felix.get().reset();
                    }
                    tell(report, policies, dataplane, measure(node, load, dataplane, pods), beside);
                    node.reset();
                }
            }
        }
        return report;
    }

    private static Figures measure(Guard guard, PolicyLoad load, Dataplane dataplane, Pods pods) throws Exception {
        guard.use(dataplane);
        Probe.route(POD_INTERFACE, POD);
        Probe.route(NEW_INTERFACE, NEW_POD);
        load.rule(PolicyLoad.CLOSED_PORT);
        load.remove(PolicyLoad.NODE, "fresh");
        load.pod(OTHER_NODE, "client", "calix", Probe.CLIENT, "allowed");
        Sample starts = starts(guard);
        progress(guard, "start", starts, "s");
        Sample rules;
        Sample labels;
        try (Probe probe = new Probe(pods.client, pods.pod, POD, PolicyLoad.PORT)) {
            rules = changes(probe, () -> load.rule(PolicyLoad.PORT), () -> load.rule(PolicyLoad.CLOSED_PORT));
            progress(guard, "a rule", rules, "ms");
            load.pod(OTHER_NODE, "client", "calix", Probe.CLIENT, "none");
            load.rule(PolicyLoad.PORT);
            Node.pause(1000);
            labels = changes(probe, () -> load.pod(OTHER_NODE, "client", "calix", Probe.CLIENT, "allowed"),
                    () -> load.pod(OTHER_NODE, "client", "calix", Probe.CLIENT, "none"));
            progress(guard, "a label", labels, "ms");
            load.pod(OTHER_NODE, "client", "calix", Probe.CLIENT, "allowed");
        }
        try (Probe probe = new Probe(pods.client, pods.fresh, NEW_POD, PolicyLoad.PORT)) {
            Sample made = changes(probe, () -> load.pod(PolicyLoad.NODE, "fresh", NEW_INTERFACE, NEW_POD, "none"), () -> load.remove(PolicyLoad.NODE, "fresh"));
            progress(guard, "a pod", made, "ms");
            Sample megabytes = new Sample(new double[] {guard.residentMegabytes()});
            progress(guard, "resident memory", megabytes, "MB");
            return new Figures(starts, rules, labels, made, megabytes);
        }
    }

    private static Sample starts(Guard guard) throws Exception {
        double[] seconds = new double[STARTS];
        for (int i = 0; i < STARTS; i++) {
            guard.reset();
            long start = System.nanoTime();
            guard.launch();
            guard.awaitReady();
            seconds[i] = (System.nanoTime() - start) / 1e9;
        }
        return new Sample(seconds);
    }

    /** A write to etcd. */
    private interface Change {
        void make() throws Exception;
    }

    private static Sample changes(Probe probe, Change open, Change close) throws Exception {
        double[] millis = new double[CHANGES];
        probe.awaitClosed();
        long begun = System.nanoTime();
        int made = 0;
        for (; made < CHANGES && (made < LEAST_CHANGES || System.nanoTime() - begun < LONGEST.toNanos()); made++) {
            Node.pause(BETWEEN_MILLIS);
            long start = System.nanoTime();
            open.make();
            millis[made] = (probe.awaitOpen() - start) / 1e6;
            close.make();
            probe.awaitClosed();
        }
        return new Sample(Arrays.copyOf(millis, made));
    }

    private static void tell(Report report, int policies, Dataplane dataplane, Figures ours, Optional<Figures> felix) {
        String size = ", " + dataplane.text() + ", " + policies + " policies";
        Yardstick recorded = dataplane.yardstick(policies);
        boolean nft = dataplane == Dataplane.NFTABLES;
        boolean iptables = dataplane == Dataplane.IPTABLES_NFT;
        put(report, "a rule" + size, ours.rules, nft ? 6 : iptables ? 25 : recorded.rule(), nft ? 20 : recorded.rule99(),
                beside(felix.map(Figures::rules), recorded.rule(), recorded.rule99()));
        put(report, "a label" + size, ours.labels, 5, nft ? 20 : recorded.label99(), beside(felix.map(Figures::labels), recorded.label(), recorded.label99()));
        put(report, "a pod" + size, ours.pods, nft ? 6 : recorded.pod(), nft ? 20 : recorded.pod99(), beside(felix.map(Figures::pods), recorded.pod(), recorded.pod99()));
        report.figure("start to in sync and enforced" + size, "s", ours.starts, Of.P50, START_SECONDS,
                felix.map(real -> "Felix in this run: %.2f s".formatted(real.starts.median())).orElse("Felix 3.32.1, recorded: " + recorded.start() + " s; not run"));
        report.figure("resident memory" + size, "MB", ours.megabytes, Of.MAX, MEGABYTES,
                felix.map(real -> "Felix in this run: %.0f MB".formatted(real.megabytes.largest())).orElse("Felix 3.32.1, recorded: 120 to 236 MB; not run"));
    }

    /** A bench of many minutes says what it knows as it goes. */
    private static void progress(Guard guard, String what, Sample sample, String unit) {
        Report.progress("  %s, %s: p50 %.2f, p99 %.2f %s of %d".formatted(guard.title(), what, sample.median(), sample.percentile(0.99), unit, sample.size()));
    }

    private static void put(Report report, String what, Sample sample, double p50, double p99, String beside) {
        report.figure("p50 from the put of " + what + " to the first packet", "ms", sample, Of.P50, p50, beside);
        report.figure("p99 from the put of " + what + " to the first packet", "ms", sample, Of.P99, p99, beside);
    }

    private static String beside(Optional<Sample> felix, double p50, double p99) {
        return felix.map(sample -> "Felix in this run: p50 %.1f, p99 %.1f ms".formatted(sample.median(), sample.percentile(0.99)))
                .orElse(String.format(Locale.ROOT, "Felix 3.32.1, recorded: p50 %.1f, p99 %.1f ms; not run", p50, p99));
    }
}
