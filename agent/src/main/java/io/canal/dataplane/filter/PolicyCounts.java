package io.canal.dataplane.filter;

import io.canal.dataplane.nft.NftTable;
import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.model.Ip.Family;
import io.canal.model.PacketCount;
import io.canal.policy.rules.CountedPolicy;
import io.canal.ruleset.ChainName;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads from the kernel what the rules of policies have counted: of nf_tables their chains alone. In the calling thread's network namespace. */
public final class PolicyCounts {

    private static final List<Family> BOTH = List.of(Family.values());

    private PolicyCounts() {}

    /**
     * A policy, and what each of its rules has counted.
     *
     * @param rules empty while what is in the kernel is not yet what the policy says
     */
    public record Counts(CountedPolicy policy, Optional<List<PacketCount>> rules) {

        /** Adds up over the chains of the policy. */
        static Counts of(CountedPolicy policy, Iterable<Optional<List<PacketCount>>> chains) {
            List<PacketCount> sums = new ArrayList<>(Collections.nCopies(policy.actions().size(), PacketCount.NONE));
            for (Optional<List<PacketCount>> chain : chains) {
                if (chain.isEmpty()) {
                    return new Counts(policy, Optional.empty());
                }
                for (int i = 0; i < sums.size(); i++) {
                    sums.set(i, sums.get(i).plus(chain.get().get(i)));
                }
            }
            return new Counts(policy, Optional.of(sums));
        }
    }

    /** Whether the kernel itself can be asked, as with nftables. */
    public static boolean startsNoProgram(String dataplane) {
        return dataplane.equals(FilterBackend.NFTABLES.text());
    }

    /** @param dataplane as {@link FilterStatus#dataplane} has it */
    public static List<Counts> read(String dataplane, List<CountedPolicy> policies) throws IOException {
        if (startsNoProgram(dataplane)) {
            return nftables(policies);
        }
        for (IptablesBackend backend : IptablesBackend.values()) {
            if (dataplane.equals(FilterBackend.of(backend).text())) {
                return iptables(backend, policies);
            }
        }
        throw new IOException("no rules are in the kernel yet");
    }

    private static List<Counts> nftables(List<CountedPolicy> policies) throws IOException {
        List<Counts> all = new ArrayList<>();
        try (NftTable table = new NftTable(NftablesSocket.open())) {
            for (CountedPolicy policy : policies) {
                List<Optional<List<PacketCount>>> chains = new ArrayList<>();
                for (ChainName chain : policy.chains()) {
                    chains.add(policy.sums(chain, BOTH, table.counts(chain)));
                }
                all.add(Counts.of(policy, chains));
            }
        }
        return all;
    }

    private static List<Counts> iptables(IptablesBackend backend, List<CountedPolicy> policies) throws IOException {
        Map<Family, Map<String, Map<String, List<PacketCount>>>> saved = new EnumMap<>(Family.class);
        for (Family family : BOTH) {
            saved.put(family, new Iptables(backend, family == Family.V6).counts());
        }
        return policies.stream().map(policy -> {
            List<Optional<List<PacketCount>>> chains = new ArrayList<>();
            for (ChainName chain : policy.chains()) {
                saved.forEach((family, tables) -> chains.add(policy.sums(chain, List.of(family),
                        tables.getOrDefault(chain.layer().text(), Map.of()).getOrDefault(chain.name(), List.of()).stream().map(Optional::of).toList())));
            }
            return Counts.of(policy, chains);
        }).toList();
    }
}
