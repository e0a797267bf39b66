package io.canal.dataplane.nft;

import io.canal.kernel.nftables.NftablesBatch;
import io.canal.kernel.nftables.NftablesDump;
import io.canal.model.PacketCount;
import io.canal.ruleset.nft.Bytes;
import io.canal.ruleset.nft.ExpressionCodec;
import io.canal.ruleset.nft.NftChain;
import io.canal.ruleset.nft.NftElement;
import io.canal.ruleset.nft.NftMachine;
import io.canal.ruleset.nft.NftRule;
import io.canal.ruleset.nft.NftSet;
import io.canal.ruleset.nft.Verdict;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the kernel lists of a table, in the form in which we want it. */
final class NftListing {

    private NftListing() {}

    static Map<String, NftChain> chains(NftablesDump dump) {
        Map<String, List<NftRule>> rules = new HashMap<>();
        dump.rules().forEach(rule -> rules.computeIfAbsent(rule.chain(), name -> new ArrayList<>())
                .add(new NftRule(ExpressionCodec.decode(rule.expressions()), rule.comment())));
        Map<String, NftChain> all = new HashMap<>();
        dump.chains().forEach(chain -> all.put(chain.name(), new NftChain(chain.name(), base(chain.hook()),
                rules.getOrDefault(chain.name(), List.of()))));
        return all;
    }

    private static Optional<NftChain.Base> base(NftablesBatch.Hook hook) {
        return hook.type().isEmpty() ? Optional.empty() : Optional.of(new NftChain.Base(hook.type(), hook.number(), hook.priority()));
    }

    static Map<String, NftSet> sets(NftablesDump dump) {
        Map<String, NftSet> all = new HashMap<>();
        dump.sets().forEach(set -> all.put(set.name(), new NftSet(set.name(), set.keyType(), set.keyLength(), set.interval(), set.verdicts())));
        return all;
    }

    /** @param none stands for the verdict of an element of a set */
    static Map<ElementKey, Verdict> elements(NftablesDump dump, Verdict none) {
        Map<ElementKey, Verdict> all = new HashMap<>();
        dump.elements().forEach((set, listed) -> {
            Map<Bytes, Verdict> verdicts = new HashMap<>();
            List<NftElement> read = new ArrayList<>();
            for (NftablesBatch.Element element : listed) {
                Bytes key = ExpressionCodec.decodeKey(element.key());
                read.add(new NftElement(set, key, element.end(), Optional.empty()));
                element.data().flatMap(ExpressionCodec::decodeVerdict).ifPresent(verdict -> verdicts.put(key, verdict));
            }
            ElementKey.paired(read).forEach(key -> all.put(key, verdicts.getOrDefault(key.key(), none)));
        });
        return all;
    }

    /** What executes the table. */
    static NftMachine machine(NftablesDump dump) {
        List<NftElement> elements = new ArrayList<>();
        dump.elements().forEach((set, listed) -> listed.forEach(element -> elements.add(new NftElement(set, ExpressionCodec.decodeKey(element.key()),
                element.end(), element.data().flatMap(ExpressionCodec::decodeVerdict)))));
        return new NftMachine(chains(dump), List.copyOf(sets(dump).values()), elements);
    }

    /** What each rule of each chain has counted. */
    static Map<String, List<Optional<PacketCount>>> counts(NftablesDump dump) {
        Map<String, List<Optional<PacketCount>>> counts = new HashMap<>();
        dump.rules().forEach(rule -> counts.computeIfAbsent(rule.chain(), _ -> new ArrayList<>()).add(ExpressionCodec.count(rule.expressions())));
        return counts;
    }
}
