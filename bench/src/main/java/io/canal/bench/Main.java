package io.canal.bench;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code canal bench [NAME…]}: runs the benches named, or all, and prints a JSON document for each.
 *
 * <p>Expects to be in a network namespace of its own, and the packed program's folder in the system property {@code canal.program}.
 */
public final class Main {

    private interface Bench {
        Report run(Path program) throws Exception;
    }

    private static final Map<String, Bench> BENCHES = new LinkedHashMap<>();

    static {
        BENCHES.put("filter", program -> FilterBench.run());
        BENCHES.put("peers", PeersBench::run);
        BENCHES.put("cni", CniBench::run);
        BENCHES.put("policy", PolicyBench::run);
        BENCHES.put("repair", RepairBench::run);
        BENCHES.put("churn", ChurnBench::run);
        BENCHES.put("hook", LabBench::hook);
        BENCHES.put("up", LabBench::up);
    }

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        List<Bench> chosen = new ArrayList<>();
        for (String name : arguments) {
            Bench bench = BENCHES.get(name);
            if (bench == null) {
                System.err.println("canal: there is no bench \"" + name + "\", expected one of " + String.join(", ", BENCHES.keySet()));
                System.exit(2);
            } else {
                chosen.add(bench);
            }
        }
        if (chosen.isEmpty()) {
            chosen.addAll(BENCHES.values());
        }
        TestNamespaces.ip(NetworkNamespace.current(), "link", "set", "lo", "up");
        Path program = Path.of(System.getProperty("canal.program", "charm/target/program")).toAbsolutePath();
        for (Bench bench : chosen) {
            bench.run(program).print();
        }
    }
}
