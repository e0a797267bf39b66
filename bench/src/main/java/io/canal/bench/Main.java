package io.canal.bench;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code canal bench [NAME…] [OPTION…]}: runs the benches named, or all, and prints a JSON document for each.
 *
 * <p>Expects to be in a network namespace of its own, and the packed program's folder in the system property {@code canal.program}.
 */
public final class Main {

    private interface Bench {
        Report run(Options options) throws Exception;
    }

    private static final Map<String, Bench> BENCHES = new LinkedHashMap<>();

    static {
        BENCHES.put("filter", _ -> FilterBench.run());
        BENCHES.put("peers", options -> PeersBench.run(options.program()));
        BENCHES.put("cni", options -> CniBench.run(options.program()));
        BENCHES.put("policy", PolicyBench::run);
        BENCHES.put("path", PathBench::run);
        BENCHES.put("repair", options -> RepairBench.run(options.program()));
        BENCHES.put("churn", options -> ChurnBench.run(options.program()));
        BENCHES.put("hook", options -> LabBench.hook(options.program()));
        BENCHES.put("up", options -> LabBench.up(options.program()));
    }

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        Options options;
        List<Bench> chosen = new ArrayList<>();
        try {
            options = Options.parse(Path.of(System.getProperty("canal.program", "charm/target/program")).toAbsolutePath(), arguments);
            for (String name : options.names()) {
                chosen.add(bench(name));
            }
        } catch (IllegalArgumentException wrong) {
            System.err.println("canal: " + wrong.getMessage() + "; canal bench " + Options.USAGE);
            System.exit(2);
            return;
        }
        if (chosen.isEmpty()) {
            chosen.addAll(BENCHES.values());
        }
        TestNamespaces.ip(NetworkNamespace.current(), "link", "set", "lo", "up");
        for (Bench bench : chosen) {
            bench.run(options).print();
        }
    }

    private static Bench bench(String name) {
        Bench bench = BENCHES.get(name);
        if (bench == null) {
            throw new IllegalArgumentException("there is no bench \"" + name + "\", expected one of " + String.join(", ", BENCHES.keySet()));
        }
        return bench;
    }
}
