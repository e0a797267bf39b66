package io.canal.dataplane.nft;

import io.canal.reconcile.Delta;
import io.canal.ruleset.Member;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.nft.Bytes;
import io.canal.ruleset.nft.Interval;
import io.canal.ruleset.nft.MergedBlocks;
import io.canal.ruleset.nft.NftElement;
import io.canal.ruleset.nft.NftRendering;
import io.canal.ruleset.nft.Verdict;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What is wanted of the elements of sets and maps. */
final class NftElements {

    /** Stands for the verdict of an element of a set. */
    static final Verdict NONE = new Verdict(Verdict.CONTINUE_CODE, "");

    private final Delta<ElementKey, Verdict> elements;
    /** The wanted elements of each set, so that the end of one set costs nothing for the others. */
    private final Map<String, Set<ElementKey>> wantedOf = new HashMap<>();
    /** The members of sets whose members merge. */
    private final Map<NamedSet, MergedBlocks> merged = new HashMap<>();
    /** The sets that are not there. */
    private final Set<String> hidden = new HashSet<>();

    /** @param elements what is wanted of them is changed here, and nowhere else */
    NftElements(Delta<ElementKey, Verdict> elements) {
        this.elements = elements;
    }

    /** Members of a set came or went; the cost does not depend on how many others it has. */
    void want(NamedSet set, Set<Member> now, Set<Member> changed) {
        String name = set.nftName();
        if (set.kind() == NamedSet.Kind.NET) {
            MergedBlocks blocks = merged.get(set);
            if (blocks == null) {
                MergedBlocks first = new MergedBlocks();
                merged.put(set, first);
                first.addFirst(now.stream().map(Member::net).toList()).forEach(interval -> want(key(name, interval), NONE));
                return;
            }
            for (Member member : changed) {
                MergedBlocks.Change change = now.contains(member) ? blocks.add(member.net()) : blocks.remove(member.net());
                change.gone().forEach(interval -> unwant(key(name, interval)));
                change.come().forEach(interval -> want(key(name, interval), NONE));
            }
            return;
        }
        for (Member member : changed) {
            ElementKey key = ElementKey.of(name, NftRendering.key(set, member));
            if (now.contains(member)) {
                want(key, NONE);
            } else {
                unwant(key);
            }
        }
    }

    private static ElementKey key(String set, Interval interval) {
        return new ElementKey(set, Bytes.of(interval.first().toBytes()), interval.end().map(end -> Bytes.of(end.toBytes())));
    }

    /** The set ends. */
    void unwant(NamedSet set) {
        unwantAll(set.nftName());
        merged.remove(set);
    }

    /** These, of one set. */
    void want(List<NftElement> some) {
        Map<Bytes, Verdict> verdicts = new HashMap<>();
        some.forEach(element -> element.verdict().ifPresent(verdict -> verdicts.put(element.key(), verdict)));
        for (ElementKey key : ElementKey.paired(some)) {
            want(key, verdicts.getOrDefault(key.key(), NONE));
        }
    }

    private void want(ElementKey key, Verdict verdict) {
        wantedOf.computeIfAbsent(key.set(), set -> new HashSet<>()).add(key);
        if (!hidden.contains(key.set())) {
            elements.want(key, verdict);
        }
    }

    void unwant(ElementKey key) {
        Set<ElementKey> wanted = wantedOf.get(key.set());
        if (wanted != null) {
            wanted.remove(key);
        }
        elements.unwant(key);
    }

    void unwantAll(String set) {
        Set<ElementKey> wanted = wantedOf.remove(set);
        if (wanted != null) {
            wanted.forEach(elements::unwant);
        }
    }

    /** Nothing of this set is to be in the kernel; what is wanted of it is remembered. */
    void hide(String set) {
        hidden.add(set);
        wantedOf.getOrDefault(set, Set.of()).forEach(elements::unwant);
    }

    /** The end of {@link #hide}. */
    void show(String set) {
        hidden.remove(set);
        wantedOf.getOrDefault(set, Set.of()).forEach(key -> elements.want(key, NONE));
    }
}
