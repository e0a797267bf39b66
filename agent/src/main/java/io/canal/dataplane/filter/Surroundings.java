package io.canal.dataplane.filter;

import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.iptables.IptablesException;
import io.canal.kernel.iptables.SavedTable;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.nftables.NftablesSocket;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What others have in this node's packet filter, as far as our choice depends on it.
 *
 * @param nftables whether the kernel has nf_tables
 * @param ourTable whether {@code table inet canal} is there
 * @param kube where kube-proxy keeps its rules, if it does
 * @param dropping the back ends of iptables whose FORWARD chain drops what it does not accept
 * @param ours the back ends of iptables that have chains of ours
 * @param foreignDrops base chains of other tables that drop what is forwarded and not accepted, as {@code table/chain}
 */
record Surroundings(boolean nftables, boolean ourTable, Optional<FilterBackend> kube, Set<IptablesBackend> dropping,
        Set<IptablesBackend> ours, List<String> foreignDrops) {

    private static final Set<String> IPTABLES_TABLES = Set.of("raw", "mangle", "nat", "filter", "security");
    private static final int FORWARD_HOOK = 2;

    static Surroundings look(Optional<NftablesSocket> nft) throws KernelException, IptablesException {
        boolean ourTable = false;
        boolean kubeTable = false;
        List<String> foreignDrops = new ArrayList<>();
        Set<IptablesBackend> dropping = EnumSet.noneOf(IptablesBackend.class);
        Set<IptablesBackend> ours = EnumSet.noneOf(IptablesBackend.class);
        Map<IptablesBackend, Boolean> kubeChains = new HashMap<>();
        if (nft.isPresent()) {
            Set<String> tables = nft.get().tables();
            ourTable = tables.contains("1 canal");
            kubeTable = tables.contains("2 kube-proxy") || tables.contains("10 kube-proxy");
            for (NftablesSocket.AnyChain chain : nft.get().chains()) {
                if (chain.family() != 1 && IPTABLES_TABLES.contains(chain.table())) {
                    sort(chain.name(), chain.table().equals("filter") && chain.drops(), IptablesBackend.NFT, dropping, ours, kubeChains);
                } else if (chain.hook() == FORWARD_HOOK && chain.drops()) {
                    foreignDrops.add(chain.table() + "/" + chain.name());
                }
            }
        }
        for (boolean v6 : new boolean[] {false, true}) {
            if (Iptables.legacyTables(v6).isEmpty() || !Iptables.installed(IptablesBackend.LEGACY)) {
                continue;
            }
            for (SavedTable table : new Iptables(IptablesBackend.LEGACY, v6).save().values()) {
                table.policies().forEach((chain, policy) -> sort(chain, table.name().equals("filter") && policy.equals("DROP"),
                        IptablesBackend.LEGACY, dropping, ours, kubeChains));
            }
        }
        Optional<FilterBackend> kube = kubeTable
                ? Optional.of(FilterBackend.NFTABLES)
                // Where both have some, those in nf_tables are younger: the older ones were left behind.
                : kubeChains.containsKey(IptablesBackend.NFT)
                        ? Optional.of(FilterBackend.IPTABLES_NFT)
                        : kubeChains.containsKey(IptablesBackend.LEGACY) ? Optional.of(FilterBackend.IPTABLES_LEGACY) : Optional.empty();
        return new Surroundings(nft.isPresent(), ourTable, kube, dropping, ours, foreignDrops);
    }

    private static void sort(String chain, boolean drops, IptablesBackend backend, Set<IptablesBackend> dropping, Set<IptablesBackend> ours,
            Map<IptablesBackend, Boolean> kubeChains) {
        if (chain.startsWith("KUBE-")) {
            kubeChains.put(backend, true);
        }
        if (chain.startsWith("cali-") || chain.startsWith("FLANNEL-")) {
            ours.add(backend);
        }
        if (chain.equals("FORWARD") && drops) {
            dropping.add(backend);
        }
    }
}
