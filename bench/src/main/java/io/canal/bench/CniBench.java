package io.canal.bench;

import io.canal.bench.Report.Of;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.store.Store;
import io.canal.store.testing.TestEtcd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Pods made and removed as a runtime does, with TLS to an etcd on loopback: the calico plugin alone, the chain with portmap, one
 * after the other and 30 at once, and with etcd away.
 */
final class CniBench {

    private static final int SEQUENTIAL = 100;
    private static final int AT_ONCE = 30;
    private static final int ROUNDS = 3;

    private CniBench() {}

    static Report run(Path program) throws Exception {
        Report report = new Report("cni");
        Path root = Files.createTempDirectory("canal-bench-");
        try (TestEtcd etcd = TestEtcd.tls(); Store store = etcd.store(); Node node = new Node(program, etcd, true, root)) {
            new Peers(store).configure();
            node.launch();
            node.awaitReady();
            sequential(node, "warm", false, 30);
            report.figure("VERSION by the client", "ms", versions(node), Of.P50, 3, "Calico 3.32.1: 21 ms");
            List<Sample> alone = sequential(node, "alone", false, SEQUENTIAL);
            report.figure("ADD, calico alone", "ms", alone.get(0), Of.P50, 15, "Calico 3.32.1: 105 ms");
            report.figure("DEL, calico alone", "ms", alone.get(1), "Calico 3.32.1: 53 ms");
            List<Sample> chain = sequential(node, "chain", true, SEQUENTIAL);
            report.figure("ADD, chain", "ms", chain.get(0), Of.P50, 25, "Calico 3.32.1: 108 ms");
            report.figure("DEL, chain", "ms", chain.get(1), "Calico 3.32.1: 56 ms");
            report.figure("ADD, calico alone, 30 at once", "ms", atOnce(node, "burst", false), Of.P50, 60, "not run");
            report.figure("ADD, chain, 30 at once", "ms", atOnce(node, "burstchain", true), Of.P50, 150, "Calico 3.32.1: 1,138 to 1,225 ms");
            etcd.kill(0);
            report.figure("ADD, calico alone, etcd away", "ms", sequential(node, "away", false, 20).get(0), "Calico 3.32.1: does not end");
        }
        return report;
    }

    private static Sample versions(Node node) throws Exception {
        NetworkNamespace pod = node.pod("version");
        double[] times = new double[SEQUENTIAL];
        for (int i = 0; i < SEQUENTIAL; i++) {
            times[i] = node.cni("VERSION", 0, "version", pod, null).millis();
        }
        return new Sample(times);
    }

    /** The samples of ADD and of DEL. */
    private static List<Sample> sequential(Node node, String name, boolean chain, int count) throws Exception {
        double[] adds = new double[count];
        double[] dels = new double[count];
        for (int i = 0; i < count; i++) {
            String id = name + i;
            NetworkNamespace pod = node.pod(id);
            adds[i] = add(node, id, pod, chain);
            dels[i] = del(node, id, pod, chain);
        }
        return List.of(new Sample(adds), new Sample(dels));
    }

    private static Sample atOnce(Node node, String name, boolean chain) throws Exception {
        double[] times = new double[ROUNDS * AT_ONCE];
        for (int round = 0; round < ROUNDS; round++) {
            List<NetworkNamespace> pods = new ArrayList<>();
            for (int i = 0; i < AT_ONCE; i++) {
                pods.add(node.pod(name + round + "x" + i));
            }
            CountDownLatch go = new CountDownLatch(1);
            List<Future<Double>> calls = new ArrayList<>();
            try (ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE)) {
                for (int i = 0; i < AT_ONCE; i++) {
                    String id = name + round + "x" + i;
                    NetworkNamespace pod = pods.get(i);
                    Callable<Double> call = () -> {
                        go.await();
                        return add(node, id, pod, chain);
                    };
                    calls.add(threads.submit(call));
                }
                go.countDown();
                for (int i = 0; i < AT_ONCE; i++) {
                    times[round * AT_ONCE + i] = calls.get(i).get();
                }
            }
            for (int i = 0; i < AT_ONCE; i++) {
                del(node, name + round + "x" + i, pods.get(i), chain);
            }
        }
        return new Sample(times);
    }

    private static double add(Node node, String id, NetworkNamespace pod, boolean chain) throws Exception {
        Node.CniCall calico = node.cni("ADD", 0, id, pod, null);
        return chain ? calico.millis() + node.cni("ADD", 1, id, pod, calico.result()).millis() : calico.millis();
    }

    private static double del(Node node, String id, NetworkNamespace pod, boolean chain) throws Exception {
        double before = chain ? node.cni("DEL", 1, id, pod, null).millis() : 0;
        return before + node.cni("DEL", 0, id, pod, null).millis();
    }
}
