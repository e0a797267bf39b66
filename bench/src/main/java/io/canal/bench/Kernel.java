package io.canal.bench;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;

/** The packet filter of the namespace that the bench runs in. */
final class Kernel {

    private Kernel() {}

    /** Removes all tables, chains and sets, whoever made them. */
    static void flush() {
        run("nft", "flush", "ruleset");
        for (String program : new String[] {"iptables-legacy", "ip6tables-legacy"}) {
            for (String table : new String[] {"raw", "mangle", "nat", "filter"}) {
                run(program, "-t", table, "-F");
                run(program, "-t", table, "-X");
            }
        }
        run("ipset", "destroy");
    }

    private static void run(String... command) {
        TestNamespaces.tryRun(NetworkNamespace.current(), command);
    }
}
