package io.canal.dataplane.filter;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What changes of others in nf_tables are to us. Tables are given as family number and name, chains with their name behind, as
 * {@link io.canal.kernel.nftables.NftablesMonitor} has them.
 */
final class Foreign {

    private static final Set<String> IPTABLES = Set.of("2 raw", "2 mangle", "2 nat", "2 filter", "10 raw", "10 mangle", "10 nat", "10 filter");
    private static final Set<String> HOOKED = Set.of("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING");
    private static final String KUBE_CHAIN = "KUBE-";

    private Foreign() {}

    /**
     * Whether this chain of iptables has rules of ours, or is a whole table. kube-proxy changes its own chains all the time, and
     * what is in them is nothing to us.
     */
    static boolean mayBeOurs(String chain) {
        String name = chainOfIptables(chain);
        return name != null && (name.isEmpty() || HOOKED.contains(name) || name.startsWith("cali-") || name.startsWith("FLANNEL-"));
    }

    static boolean isKubeTable(String table) {
        return table.endsWith(" kube-proxy");
    }

    /** Whether this is a chain of kube-proxy in iptables. */
    static boolean isKubeChain(String chain) {
        String name = chainOfIptables(chain);
        return name != null && name.startsWith(KUBE_CHAIN);
    }

    private static @Nullable String chainOfIptables(String chain) {
        int end = chain.lastIndexOf(' ');
        return end >= 0 && IPTABLES.contains(chain.substring(0, end)) ? chain.substring(end + 1) : null;
    }
}
