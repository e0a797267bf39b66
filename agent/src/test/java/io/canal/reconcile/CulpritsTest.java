package io.canal.reconcile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.reconcile.testing.Chance;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CulpritsTest {

    private final Set<Integer> made = new HashSet<>();
    private int attempts;

    private Optional<String> attempt(List<Integer> all, Set<Integer> bad, Set<Integer> held) {
        attempts++;
        Set<Integer> now = all.stream().filter(one -> !held.contains(one)).collect(Collectors.toSet());
        Optional<Integer> refused = now.stream().filter(bad::contains).min(Integer::compare);
        if (refused.isEmpty()) {
            made.addAll(now);
        }
        return refused.map(one -> "not " + one);
    }

    @Test
    void any_number_of_bad_ones_is_found_and_all_others_are_made() throws IOException {
        long seed = Chance.seed();
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            made.clear();
            List<Integer> all = IntStream.range(0, 1 + random.nextInt(60)).boxed().toList();
            Set<Integer> bad = all.stream().filter(one -> random.nextInt(8) == 0).collect(Collectors.toSet());
            var found = Culprits.find(all, held -> attempt(all, bad, held)).orElseThrow();
            String where = "-Dcanal.seed=" + seed + " round " + round;
            assertEquals(bad, found.keySet(), where);
            found.forEach((one, reason) -> assertEquals("not " + one, reason, where));
            assertEquals(all.stream().filter(one -> !bad.contains(one)).collect(Collectors.toSet()), made, where);
        }
    }

    @Test
    void one_among_thousands_takes_few_attempts() throws IOException {
        List<Integer> all = IntStream.range(0, 8192).boxed().toList();
        assertEquals(Set.of(4711), Culprits.find(all, held -> attempt(all, Set.of(4711), held)).orElseThrow().keySet());
        assertTrue(attempts <= 2 + 2 * 13, attempts + " attempts");
    }

    @Test
    void what_lies_with_none_of_them_is_not_laid_upon_any() throws IOException {
        assertEquals(Optional.empty(), Culprits.find(List.of(1, 2, 3), held -> Optional.of("always")));
    }
}
