package io.canal.dataplane.nft;

import io.canal.kernel.nftables.NftablesBatch;
import io.canal.ruleset.nft.Expression;
import io.canal.ruleset.nft.ExpressionCodec;
import io.canal.ruleset.nft.NftChain;
import io.canal.ruleset.nft.NftRule;
import io.canal.ruleset.nft.NftSet;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** What is wanted of a table, as the requests that make it so. */
final class NftWriting {

    private NftWriting() {}

    /** Whether all of {@code wanted} is in {@code seen}, in order. */
    static boolean holds(List<NftRule> seen, List<NftRule> wanted) {
        Iterator<NftRule> rest = seen.iterator();
        for (NftRule rule : wanted) {
            boolean found = false;
            while (!found && rest.hasNext()) {
                found = rest.next().equals(rule);
            }
            if (!found) {
                return false;
            }
        }
        return true;
    }

    static void add(NftablesBatch batch, NftSet set) {
        batch.addSet(set.name(), set.keyType(), set.keyLength(), set.bigEndian(), set.interval(), set.verdicts());
    }

    static void add(NftablesBatch batch, NftChain chain) {
        batch.addChain(chain.name(), chain.base().map(base -> new NftablesBatch.Hook(base.type(), base.hook(), base.priority())));
    }

    /**
     * Chains in the order in which a walk from those at the beginning comes by them. The kernel walks so whenever it checks the table, and
     * finds what it was given one after the other faster.
     */
    static List<NftChain> asWalked(Collection<NftChain> chains) {
        if (chains.size() < 2) {
            return List.copyOf(chains);
        }
        Map<String, NftChain> left = new LinkedHashMap<>();
        chains.forEach(chain -> left.put(chain.name(), chain));
        Set<String> later = new HashSet<>();
        chains.forEach(chain -> targets(chain).forEach(later::add));
        List<NftChain> walked = new ArrayList<>(chains.size());
        chains.stream().filter(chain -> !later.contains(chain.name())).forEach(chain -> walk(chain.name(), left, walked));
        // None is left, unless some lead to each other, which the kernel refuses.
        List.copyOf(left.keySet()).forEach(name -> walk(name, left, walked));
        return walked;
    }

    private static void walk(String name, Map<String, NftChain> left, List<NftChain> walked) {
        NftChain chain = left.remove(name);
        if (chain != null) {
            walked.add(chain);
            targets(chain).forEach(target -> walk(target, left, walked));
        }
    }

    private static Stream<String> targets(NftChain chain) {
        return chain.rules().stream().filter(rule -> !rule.expressions().isEmpty())
                .flatMap(rule -> rule.expressions().getLast() instanceof Expression.Decide decide && !decide.verdict().chain().isEmpty()
                        ? Stream.of(decide.verdict().chain())
                        : Stream.empty());
    }

    /** The chain's rules, for this batch; may be asked on any thread. */
    static List<NftablesBatch.NewRule> rules(NftablesBatch batch, NftChain chain) {
        return chain.rules().stream().map(rule -> batch.rule(chain.name(), ExpressionCodec.encode(rule.expressions()), rule.comment())).toList();
    }
}
