package io.canal.reconcile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DeltaTest {

    @Test
    void what_is_wanted_and_absent_is_to_be_set() {
        Delta<String, Integer> delta = new Delta<>();
        delta.want("a", 1);
        assertEquals(Map.of("a", 1), delta.toSet());
        assertFalse(delta.settled());
        delta.saw("a", 1);
        assertTrue(delta.settled());
    }

    @Test
    void what_is_there_and_not_wanted_is_to_be_removed() {
        Delta<String, Integer> delta = new Delta<>();
        delta.saw("a", 1);
        assertEquals(Set.of("a"), delta.toRemove());
        delta.want("a", 1);
        assertTrue(delta.settled());
    }

    @Test
    void a_listing_that_lacks_a_wanted_object_brings_it_back() {
        Delta<String, Integer> delta = new Delta<>();
        delta.want("a", 1);
        delta.want("b", 2);
        delta.sawOnly(Map.of("a", 1, "b", 2));
        delta.sawOnly(Map.of("a", 3));
        assertEquals(Map.of("a", 1, "b", 2), delta.toSet());
    }

    @Test
    void after_any_calls_the_difference_is_that_of_the_two_maps() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Delta<Integer, Integer> delta = new Delta<>();
        Map<Integer, Integer> wanted = new HashMap<>();
        Map<Integer, Integer> seen = new HashMap<>();
        for (int i = 0; i < 50_000; i++) {
            int key = random.nextInt(20);
            int value = random.nextInt(3);
            switch (random.nextInt(6)) {
                case 0 -> {
                    delta.want(key, value);
                    wanted.put(key, value);
                }
                case 1 -> {
                    delta.unwant(key);
                    wanted.remove(key);
                }
                case 2 -> {
                    delta.saw(key, value);
                    seen.put(key, value);
                }
                case 3 -> {
                    delta.gone(key);
                    seen.remove(key);
                }
                case 4 -> {
                    wanted = new HashMap<>(Map.of(key, value));
                    delta.wantOnly(wanted);
                }
                default -> {
                    seen = new HashMap<>(Map.of(key, value, key + 1, value));
                    delta.sawOnly(seen);
                }
            }
            Map<Integer, Integer> toSet = new HashMap<>(wanted);
            toSet.entrySet().removeAll(seen.entrySet());
            Set<Integer> toRemove = new HashSet<>(seen.keySet());
            toRemove.removeAll(wanted.keySet());
            assertEquals(toSet, delta.toSet(), "seed " + seed);
            assertEquals(toRemove, delta.toRemove(), "seed " + seed);
        }
    }
}
