package io.canal.dataplane.nft;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.nftables.NftablesSocket.Refused;
import io.canal.reconcile.Again;
import io.canal.reconcile.Culprits;
import io.canal.reconcile.Delta;
import io.canal.reconcile.Few;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.nft.Expression;
import io.canal.ruleset.nft.NftChain;
import io.canal.ruleset.nft.NftRule;
import io.canal.ruleset.nft.Verdict;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The chains of single objects, a policy's or a pod's, that the kernel does not take: what they are stays out of the transaction, which it
 * would stop for all others. Such a chain stays as it was, or drops all packets.
 */
final class RefusedChains {

    /** Brings the table to what is wanted. */
    interface Bring {

        /** Gives why the kernel refuses it. */
        Optional<Refused> bring(boolean mayRemove) throws KernelException;
    }

    private final Delta<String, NftChain> chains;
    private final Bring table;
    private final BooleanSupplier anew;
    private final Again again;
    private final SortedMap<String, String> sentences = new TreeMap<>();
    /** As they are wanted. */
    private final Map<String, NftChain> refused = new HashMap<>();

    /**
     * @param chains what is wanted of them is changed here
     * @param anew whether the table is made anew as a whole
     * @param again what was refused once may have become possible, by the chains that lead to it or by the kernel's memory
     */
    RefusedChains(Delta<String, NftChain> chains, Bring table, BooleanSupplier anew, Again again) {
        this.again = again;
        this.chains = chains;
        this.table = table;
        this.anew = anew;
    }

    /** In sentences. */
    List<String> sentences() {
        return Few.refusedChains(List.copyOf(sentences.values()));
    }

    /** Something else is wanted of this chain from now on. */
    void forget(String name) {
        if (!sentences.isEmpty()) {
            sentences.remove(name);
            refused.remove(name);
        }
    }

    /** The chain as it is wanted, where it was not taken. */
    Optional<NftChain> wanted(String name) {
        return Optional.ofNullable(refused.get(name));
    }

    /** Others have changed the table. */
    void distrust() {
        again.reset();
    }

    /** Wants what was refused once more, where that was long enough ago. */
    void tryAgain() {
        if (!refused.isEmpty() && again.isDue()) {
            refused.forEach(chains::want);
            refused.clear();
            sentences.clear();
        }
    }

    /** The table is as it is wanted. */
    void done() {
        if (refused.isEmpty()) {
            again.reset();
        }
    }

    /** Brings all but the chains that the kernel does not take; gives why that is refused too. */
    Optional<Refused> leaveOut(Refused why, boolean mayRemove) throws IOException {
        Map<String, NftChain> suspects = new TreeMap<>();
        chains.toSet().forEach((name, chain) -> {
            if (ChainName.isOfOneObject(name)) {
                suspects.put(name, chain);
            }
        });
        Map<String, NftChain> named = new TreeMap<>(suspects);
        named.keySet().retainAll(why.chains());
        return named.isEmpty() || leaveOut(named, mayRemove).isPresent() ? leaveOut(suspects, mayRemove) : Optional.empty();
    }

    /** @param suspects as they are wanted */
    private Optional<Refused> leaveOut(Map<String, NftChain> suspects, boolean mayRemove) throws IOException {
        Map<String, NftChain> before = new HashMap<>();
        suspects.keySet().forEach(name -> {
            NftChain seen = chains.seen(name);
            if (seen != null) {
                before.put(name, seen);
            }
        });
        boolean inPlace = !anew.getAsBoolean();
        AtomicReference<Optional<Refused>> last = new AtomicReference<>(Optional.empty());
        // Nothing is removed meanwhile: what a chain was before may lead there.
        Optional<Map<String, String>> found = Culprits.find(suspects.keySet(), held -> {
            suspects.forEach((name, chain) -> chains.want(name, held.contains(name) ? standIn(before.get(name), chain, inPlace) : chain));
            last.set(table.bring(false));
            return last.get().map(refusal -> String.valueOf(refusal.reason().getMessage()));
        });
        if (found.isEmpty()) {
            suspects.forEach(chains::want);
            return last.get();
        }
        found.get().forEach((name, reason) -> {
            NftChain wanted = Objects.requireNonNull(suspects.get(name));
            NftChain instead = standIn(before.get(name), wanted, false);
            chains.want(name, instead);
            refused.put(name, wanted);
            sentences.put(name, sentence(wanted, reason, instead.equals(before.get(name))));
        });
        if (!found.get().isEmpty()) {
            again.refused();
        }
        return table.bring(mayRemove);
    }

    private static String sentence(NftChain chain, String reason, boolean stays) {
        return "the kernel does not take " + title(chain) + ": " + reason + (stays ? "; it stays as it was" : "; it drops all packets");
    }

    /** The chain with the object that it is of, where its rules say it. */
    static String title(NftChain chain) {
        return "chain " + chain.name() + chain.rules().stream().map(NftRule::comment).filter(comment -> !comment.isEmpty()).findFirst().map(comment -> " (" + comment + ")").orElse("");
    }

    /** @param forAMoment while what it leads to and looks up is still there */
    private static NftChain standIn(@Nullable NftChain before, NftChain wanted, boolean forAMoment) {
        return before != null && (forAMoment || named(wanted).containsAll(named(before))) ? before : closed(wanted.name(), "canal: the kernel does not take the rules of this chain");
    }

    /** A chain that drops all packets. */
    static NftChain closed(String name, String why) {
        return new NftChain(name, Optional.empty(), List.of(new NftRule(List.of(new Expression.Decide(Verdict.DROP)), why)));
    }

    /** The chains and sets that must be there with it. */
    static Set<String> named(NftChain chain) {
        Set<String> names = new HashSet<>();
        for (NftRule rule : chain.rules()) {
            for (Expression expression : rule.expressions()) {
                switch (expression) {
                    case Expression.Lookup lookup -> names.add(lookup.set());
                    case Expression.LookupVerdict lookup -> names.add(lookup.map());
                    case Expression.Decide(Verdict verdict) when !verdict.chain().isEmpty() -> names.add(verdict.chain());
                    default -> { }
                }
            }
        }
        return names;
    }
}
