package io.canal.dataplane.nft;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.nftables.NftablesSocket.Refused;
import io.canal.reconcile.Again;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Delta;
import io.canal.reconcile.Few;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.nft.NftChain;
import io.canal.ruleset.nft.NftSet;
import java.util.ArrayList;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The sets that the kernel does not take, or not with all their elements: they stay out of the transaction, which they would stop for all
 * others, and what looks them up drops all packets meanwhile.
 */
final class RefusedSets {

    /** So long memory may be short for a set before it is held for what it is: all others wait meanwhile. */
    private static final Duration PASSING = Duration.ofSeconds(10);

    private final Delta<String, NftChain> chains;
    private final Delta<String, NftSet> sets;
    private final NftElements elements;
    private final RefusedChains refusedChains;
    private final RefusedChains.Bring table;
    private final Again again;
    private final Clock clock;
    /** As they are wanted. */
    private final Map<String, NftSet> held = new HashMap<>();
    private final SortedMap<String, String> reasons = new TreeMap<>();
    /** The chains that drop all packets because of one, as they are wanted. */
    private final SortedMap<String, NftChain> closed = new TreeMap<>();
    /** Since when memory is short for a set that is there. */
    private final Map<String, Long> tight = new HashMap<>();

    /**
     * @param chains what is wanted of them, of the sets and their elements is changed here
     * @param again when what was refused once may have become possible
     */
    RefusedSets(Delta<String, NftChain> chains, Delta<String, NftSet> sets, NftElements elements, RefusedChains refusedChains, RefusedChains.Bring table, Again again, Clock clock) {
        this.clock = clock;
        this.chains = chains;
        this.sets = sets;
        this.elements = elements;
        this.refusedChains = refusedChains;
        this.table = table;
        this.again = again;
    }

    /** In sentences. */
    List<String> sentences() {
        List<String> sentences = new ArrayList<>();
        reasons.forEach((set, reason) -> sentences.add(Few.closedBySet(reason,
                closed.values().stream().filter(chain -> RefusedChains.named(chain).contains(set)).map(RefusedChains::title).toList())));
        return sentences;
    }

    /** Wants the set, at once or when it may be taken. */
    void want(NftSet set) {
        if (held.containsKey(set.name())) {
            held.put(set.name(), set);
        } else {
            sets.want(set.name(), set);
        }
    }

    void unwant(String set) {
        sets.unwant(set);
        if (held.remove(set) != null) {
            reasons.remove(set);
            elements.show(set);
        }
    }

    /** Wants the chain as it is, or closed while a set that it looks up is not there. */
    void want(NftChain chain) {
        closed.remove(chain.name());
        Set<String> missing = missing(chain);
        if (!missing.isEmpty() && ChainName.isOfOneObject(chain.name())) {
            close(chain);
            return;
        }
        // What all packets pass is not closed.
        release(missing);
        chains.want(chain.name(), chain);
    }

    private Set<String> missing(NftChain chain) {
        if (held.isEmpty()) {
            return Set.of();
        }
        Set<String> missing = RefusedChains.named(chain);
        missing.retainAll(held.keySet());
        return missing;
    }

    void unwantChain(String name) {
        closed.remove(name);
        chains.unwant(name);
    }

    private void close(NftChain chain) {
        closed.put(chain.name(), chain);
        chains.want(chain.name(), RefusedChains.closed(chain.name(), "canal: the kernel does not take a set that the rules of this chain look up"));
    }

    /** Others have changed the table. */
    void distrust() {
        again.reset();
    }

    /** Wants what was refused once more, where that was long enough ago. */
    void tryAgain() {
        if (!held.isEmpty() && again.isDue()) {
            release(Set.copyOf(held.keySet()));
        }
    }

    /** The table is as it is wanted. */
    void done() {
        tight.clear();
        if (held.isEmpty()) {
            again.reset();
        }
    }

    /** Brings all but the sets that the kernel does not take; gives why that is refused too. */
    Optional<Refused> leaveOut(Refused why, boolean mayRemove) throws KernelException {
        Set<String> before = Set.copyOf(held.keySet());
        Set<String> was = Set.copyOf(sets.allSeen().keySet());
        Optional<Refused> refused = bringWithout(Optional.of(why), mayRemove);
        Set<String> found = new HashSet<>(held.keySet());
        found.removeAll(before);
        found.removeIf(set -> !was.contains(set) || sets.seen(set) != null);
        if (refused.isEmpty() && !found.isEmpty()) {
            // It is another now that somebody had made there is gone.
            release(found);
            refused = bringWithout(table.bring(mayRemove), mayRemove);
        }
        if (!before.containsAll(held.keySet())) {
            again.refused();
        }
        return refused;
    }

    private Optional<Refused> bringWithout(Optional<Refused> why, boolean mayRemove) throws KernelException {
        Optional<Refused> refused = why;
        while (refused.isPresent() && hold(refused.get().sets())) {
            refused = table.bring(mayRemove);
        }
        return refused;
    }

    /** @return whether there is one among them that can be left out */
    private boolean hold(Map<String, KernelException> refused) {
        Map<String, KernelException> some = new HashMap<>(refused);
        some.entrySet().removeIf(set -> isPassing(set.getKey(), set.getValue()));
        // A map leads to the chains of all pods.
        some.keySet().removeIf(name -> held.containsKey(name) || !(sets.wanted(name) instanceof NftSet set) || set.verdicts());
        chains.allWanted().forEach((name, chain) -> {
            if (!ChainName.isOfOneObject(name)) {
                some.keySet().removeAll(RefusedChains.named(chain));
            }
        });
        some.forEach((name, reason) -> {
            held.put(name, Objects.requireNonNull(sets.wanted(name)));
            reasons.put(name, String.valueOf(reason.getMessage()));
            sets.unwant(name);
            elements.hide(name);
        });
        Map.copyOf(chains.allWanted()).forEach((name, chain) -> {
            NftChain wanted = refusedChains.wanted(name).orElse(chain);
            if (!Collections.disjoint(RefusedChains.named(wanted), some.keySet())) {
                refusedChains.forget(name);
                close(closed.getOrDefault(name, wanted));
            }
        });
        return !some.isEmpty();
    }

    /** Whether the next try may well succeed: memory is short since just now for what is to come into a set that is right, or somebody took the table away. */
    private boolean isPassing(String set, KernelException reason) {
        return switch (reason.errno()) {
            case Errno.ENOENT -> true;
            case Errno.ENOMEM, Errno.ENOBUFS -> sets.seen(set) != null
                    && clock.since(tight.computeIfAbsent(set, first -> clock.nanos())).compareTo(PASSING) < 0;
            default -> false;
        };
    }

    private void release(Set<String> some) {
        if (some.isEmpty()) {
            return;
        }
        some.forEach(name -> {
            NftSet set = Objects.requireNonNull(held.remove(name));
            reasons.remove(name);
            sets.want(name, set);
            elements.show(name);
        });
        List.copyOf(closed.values()).forEach(this::want);
    }
}
