package io.canal.dataplane.nft;

import io.canal.kernel.nftables.NftablesBatch;
import io.canal.ruleset.nft.ExpressionCodec;
import io.canal.ruleset.nft.NftChain;
import io.canal.ruleset.nft.NftRule;
import io.canal.ruleset.nft.NftSet;
import java.util.Iterator;
import java.util.List;

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

    /** The chain's rules, for this batch; may be asked on any thread. */
    static List<NftablesBatch.NewRule> rules(NftablesBatch batch, NftChain chain) {
        return chain.rules().stream().map(rule -> batch.rule(chain.name(), ExpressionCodec.encode(rule.expressions()), rule.comment())).toList();
    }
}
