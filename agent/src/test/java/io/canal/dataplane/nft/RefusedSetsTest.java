package io.canal.dataplane.nft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.nftables.NftablesSocket.Refused;
import io.canal.reconcile.Again;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Delta;
import io.canal.reconcile.testing.JumpingClock;
import io.canal.ruleset.nft.Expression;
import io.canal.ruleset.nft.NftChain;
import io.canal.ruleset.nft.NftRule;
import io.canal.ruleset.nft.NftSet;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RefusedSetsTest {

    private static final NftSet SET = new NftSet("cali40pods", 7, 4, false, false);

    private final Delta<String, NftChain> chains = new Delta<>();
    private final Delta<String, NftSet> sets = new Delta<>();
    private final Again again = new Again(Clock.system(), Duration.ofSeconds(30), Duration.ofMinutes(30));
    private final JumpingClock clock = new JumpingClock();
    private final RefusedSets refused = new RefusedSets(chains, sets, new NftElements(new Delta<>()),
            new RefusedChains(chains, mayRemove -> Optional.empty(), () -> false, again), mayRemove -> Optional.empty(), again, clock);

    private boolean isLeftOut(int errno) throws KernelException {
        KernelException reason = new KernelException("change elements of set " + SET.name(), errno);
        return refused.leaveOut(new Refused(reason, Set.of(), Map.of(SET.name(), reason)), true).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.ENOMEM, Errno.ENOBUFS})
    void a_set_for_whose_growth_memory_is_short_stays_as_it_is(int errno) throws KernelException {
        refused.want(SET);
        sets.saw(SET.name(), SET);
        assertEquals(false, isLeftOut(errno));
        assertEquals(SET, sets.wanted(SET.name()));
    }

    @Test
    void a_set_for_whose_growth_memory_stays_short_holds_up_the_others_for_a_moment_only() throws KernelException {
        refused.want(SET);
        sets.saw(SET.name(), SET);
        // However often it is tried meanwhile.
        for (int i = 0; i < 100; i++) {
            assertEquals(false, isLeftOut(Errno.ENOMEM));
        }
        clock.pass(Duration.ofSeconds(9));
        assertEquals(false, isLeftOut(Errno.ENOMEM));
        refused.done();
        assertEquals(false, isLeftOut(Errno.ENOMEM));
        clock.pass(Duration.ofSeconds(9));
        assertEquals(false, isLeftOut(Errno.ENOMEM));
        clock.pass(Duration.ofSeconds(2));
        assertEquals(true, isLeftOut(Errno.ENOMEM));
        assertEquals(null, sets.wanted(SET.name()));
        assertEquals(1, refused.sentences().size());
    }

    @Test
    void a_set_that_is_not_there_and_needs_more_memory_than_there_is_is_left_out() throws KernelException {
        refused.want(SET);
        assertEquals(true, isLeftOut(Errno.ENOMEM));
    }

    @Test
    void what_is_missing_as_somebody_took_the_table_away_is_not_left_out() throws KernelException {
        refused.want(SET);
        assertEquals(false, isLeftOut(Errno.ENOENT));
    }

    @Test
    void a_set_that_no_chain_looks_up_closes_nothing_and_says_nothing_of_it() throws KernelException {
        refused.want(SET);
        isLeftOut(Errno.EEXIST);
        assertEquals(List.of("the kernel does not take a set: change elements of set cali40pods: File exists (EEXIST)"), refused.sentences());
    }

    @Test
    void of_many_chains_that_are_closed_ten_are_named() throws KernelException {
        refused.want(SET);
        for (int i = 100; i < 300; i++) {
            refused.want(new NftChain("filter-cali-pi-np/default/p" + i, Optional.empty(),
                    List.of(new NftRule(List.of(new Expression.Lookup(SET.name(), 1, false)), "policy p" + i))));
        }
        isLeftOut(Errno.EEXIST);
        String sentence = refused.sentences().getFirst();
        assertEquals(true, sentence.endsWith("chain filter-cali-pi-np/default/p109 (policy p109) and 190 more"), sentence);
    }
}
