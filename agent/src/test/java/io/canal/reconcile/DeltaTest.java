package io.canal.reconcile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.reconcile.testing.Chance;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
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

    private static final Repair.Kind KIND = new Repair.Kind("thing", "things");

    private static List<Repair> repairs(Delta<String, Integer> delta) {
        return delta.takeRepairs(KIND, key -> key, String::valueOf);
    }

    private static Delta<String, Integer> settled() {
        Delta<String, Integer> delta = new Delta<>();
        delta.want("a", 1);
        delta.sawOnly(Map.of());
        delta.saw("a", 1);
        return delta;
    }

    @Test
    void what_others_removed_changed_or_added_is_a_repair_once_it_is_right_again() {
        Delta<String, Integer> delta = settled();
        delta.want("b", 2);
        delta.saw("b", 2);
        delta.sawOnly(Map.of("b", 3, "c", 4));
        assertEquals(List.of(), repairs(delta), "nothing was done about it yet");
        delta.saw("a", 1);
        delta.saw("b", 2);
        delta.gone("c");
        assertEquals(List.of(Repair.removed(KIND, "a"), Repair.changed(KIND, "b", 3, 2), Repair.added(KIND, "c")), repairs(delta));
        assertEquals(List.of(), repairs(delta), "told once");
    }

    @Test
    void what_is_new_or_wanted_otherwise_is_no_repair() {
        Delta<String, Integer> delta = settled();
        delta.want("a", 2);
        delta.saw("a", 2);
        delta.unwant("a");
        delta.gone("a");
        assertEquals(List.of(), repairs(delta));
    }

    @Test
    void what_a_first_listing_finds_is_no_repair() {
        Delta<String, Integer> delta = new Delta<>();
        delta.want("a", 1);
        delta.sawOnly(Map.of("a", 7, "left", 1));
        delta.saw("a", 1);
        delta.gone("left");
        assertEquals(List.of(), repairs(delta));
    }

    @Test
    void what_is_wanted_otherwise_before_it_was_put_back_is_no_repair() {
        Delta<String, Integer> delta = settled();
        delta.sawOnly(Map.of());
        delta.want("a", 2);
        delta.saw("a", 2);
        assertEquals(List.of(), repairs(delta));
    }

    @Test
    void what_went_with_another_object_is_no_repair() {
        Delta<String, Integer> delta = settled();
        delta.lost("a");
        assertEquals(Map.of("a", 1), delta.toSet());
        delta.saw("a", 1);
        delta.sawOnly(Map.of());
        delta.excuse();
        delta.saw("a", 1);
        assertEquals(List.of(), repairs(delta));
    }

    @Test
    void what_was_wanted_and_is_no_more_is_known_from_what_was_only_found() {
        Delta<String, Integer> delta = new Delta<>();
        delta.want("kept", 1);
        delta.want("left", 1);
        delta.want("changed", 1);
        delta.sawOnly(Map.of("kept", 1, "left", 1, "changed", 1, "found", 1));
        delta.unwant("left");
        delta.want("changed", 2);
        assertEquals(Set.of("left", "changed"), outlived(delta));
        delta.sawOnly(Map.of("kept", 1, "left", 1, "changed", 3, "found", 1));
        assertEquals(Set.of("left", "changed"), outlived(delta), "another listing");
        delta.saw("changed", 2);
        delta.gone("left");
        delta.want("found", 1);
        assertEquals(Set.of(), outlived(delta), "all that was outlived is settled");
        delta.want("never seen", 1);
        delta.unwant("never seen");
        assertEquals(Set.of(), outlived(delta));
    }

    private static Set<String> outlived(Delta<String, Integer> delta) {
        Set<String> outlived = new HashSet<>(Set.of("kept", "left", "changed", "found", "never seen"));
        outlived.removeIf(key -> !delta.isOutlived(key));
        return outlived;
    }

    @Test
    void after_any_calls_the_difference_is_that_of_the_two_maps() {
        long seed = Chance.seed();
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
