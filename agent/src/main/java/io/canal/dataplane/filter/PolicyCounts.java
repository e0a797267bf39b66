package io.canal.dataplane.filter;

import io.canal.dataplane.nft.NftTable;
import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.nftables.NftablesDump;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.model.Ip.Family;
import io.canal.model.PacketCount;
import io.canal.policy.rules.CountedPolicy;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.nft.ExpressionCodec;
import io.canal.ruleset.nft.NftRendering;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads from the kernel what the rules of policies have counted: where the kernel has nf_tables, of their chains alone. In the calling
 * thread's network namespace.
 */
public final class PolicyCounts {

    private static final List<Family> BOTH = List.of(Family.values());
    private static final int INET = 1;
    private static final int IP = 2;
    private static final int IP6 = 10;

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

    /** Whether the kernel can be asked for single chains, without a program: of iptables-legacy it only gives whole tables. */
    public static boolean startsNoProgram(String dataplane) {
        return !dataplane.equals(FilterBackend.IPTABLES_LEGACY.text());
    }

    /** @param dataplane as {@link FilterStatus#dataplane} has it */
    public static List<Counts> read(String dataplane, List<CountedPolicy> policies) throws IOException {
        if (dataplane.equals(FilterBackend.NFTABLES.text())) {
            return chainByChain(policies, (socket, chain) -> List.of(new Part(BOTH, counts(socket.rules(INET, NftTable.NAME, NftRendering.name(chain))))));
        }
        if (dataplane.equals(FilterBackend.IPTABLES_NFT.text())) {
            List<Family> families = families();
            return chainByChain(policies, (socket, chain) -> {
                List<Part> parts = new ArrayList<>();
                for (Family family : families) {
                    parts.add(new Part(List.of(family), counts(socket.rules(family == Family.V4 ? IP : IP6, chain.layer().text(), chain.name()))));
                }
                return parts;
            });
        }
        if (dataplane.equals(FilterBackend.IPTABLES_LEGACY.text())) {
            return legacy(policies);
        }
        throw new IOException("no rules are in the kernel yet");
    }

    private static List<Family> families() {
        return Iptables.hasV6() ? BOTH : List.of(Family.V4);
    }

    /** What the rules of some families have counted in a chain. */
    private record Part(List<Family> families, List<Optional<PacketCount>> seen) {}

    private interface Listing {
        List<Part> of(NftablesSocket socket, ChainName chain) throws KernelException;
    }

    private static List<Counts> chainByChain(List<CountedPolicy> policies, Listing listing) throws IOException {
        List<Counts> all = new ArrayList<>();
        try (NftablesSocket socket = NftablesSocket.open()) {
            for (CountedPolicy policy : policies) {
                List<Optional<List<PacketCount>>> chains = new ArrayList<>();
                for (ChainName chain : policy.chains()) {
                    listing.of(socket, chain).forEach(part -> chains.add(policy.sums(chain, part.families, part.seen)));
                }
                all.add(Counts.of(policy, chains));
            }
        }
        return all;
    }

    private static List<Optional<PacketCount>> counts(List<NftablesDump.RuleDump> rules) {
        return rules.stream().map(rule -> ExpressionCodec.count(rule.expressions())).toList();
    }

    private static List<Counts> legacy(List<CountedPolicy> policies) throws IOException {
        Map<Family, Map<String, Map<String, List<PacketCount>>>> saved = new EnumMap<>(Family.class);
        for (Family family : families()) {
            saved.put(family, new Iptables(IptablesBackend.LEGACY, family == Family.V6).saveCounted().counts());
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
