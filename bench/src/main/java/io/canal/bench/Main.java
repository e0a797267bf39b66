package io.canal.bench;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import java.nio.file.Path;
import java.util.Arrays;
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
    }

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        List<String> names = arguments.length == 0 ? List.copyOf(BENCHES.keySet()) : Arrays.asList(arguments);
        for (String name : names) {
            if (!BENCHES.containsKey(name)) {
                System.err.println("canal: there is no bench \"" + name + "\", expected one of " + String.join(", ", BENCHES.keySet()));
                System.exit(2);
            }
        }
        TestNamespaces.ip(NetworkNamespace.current(), "link", "set", "lo", "up");
        Path program = Path.of(System.getProperty("canal.program")).toAbsolutePath();
        for (String name : names) {
            BENCHES.get(name).run(program).print();
        }
    }
}
