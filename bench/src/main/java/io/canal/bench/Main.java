package io.canal.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code canal bench [NAME…]}: runs the benches named, or all, and prints a JSON document for each. */
public final class Main {

    private interface Bench {
        Report run() throws Exception;
    }

    private static final Map<String, Bench> BENCHES = new LinkedHashMap<>();

    static {
        BENCHES.put("filter", FilterBench::run);
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
        for (String name : names) {
            BENCHES.get(name).run().print();
        }
    }
}
