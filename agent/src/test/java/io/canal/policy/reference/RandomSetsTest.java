package io.canal.policy.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.policy.testing.RandomSet;
import org.junit.jupiter.api.Test;

class RandomSetsTest {

    @Test
    void a_set_can_be_made_again_from_its_seed() {
        assertEquals(RandomSet.of(7, true, 20), RandomSet.of(7, true, 20));
    }

    /** A generator whose flows were all dropped, or all let through, would find nothing. */
    @Test
    void verdicts_of_random_sets_are_mixed() {
        int allowed = 0;
        int all = 0;
        for (long seed = 0; seed < 100; seed++) {
            RandomSet set = RandomSet.of(seed, seed % 2 == 0, 40);
            Evaluator evaluator = new Evaluator(PolicyTables.of(set.resources(), problem -> {
                throw new AssertionError(set + ": " + problem.sentence());
            }), set.node());
            for (Passage request : set.requests()) {
                allowed += evaluator.exchange(request).allowed() ? 1 : 0;
                all++;
            }
        }
        assertTrue(allowed > all / 5 && allowed < all * 4 / 5, allowed + " of " + all);
    }
}
