package io.canal.lease;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Many interleavings of nodes, faults and time, each from its seed: no two nodes ever use one subnet, nobody's lease is written over,
 * and after healing each node has its subnet. {@code -Dseed=N} begins elsewhere, and prints the story of the first that fails.
 */
class SimulationTest {

    private static final long INTERLEAVINGS = Long.getLong("interleavings", 100_000);
    private static final long FOUND_WITHIN = 10_000;
    private static final long SEED = Long.getLong("seed", 1);

    @Test
    void no_interleaving_breaks_the_rules() {
        Optional<String> failure = first(Set.of(), INTERLEAVINGS);
        assertEquals(Optional.empty(), failure);
    }

    @ParameterizedTest
    @EnumSource
    void a_missing_guard_is_missed(Defect defect) {
        Optional<String> failure = first(EnumSet.of(defect), FOUND_WITHIN);
        assertTrue(failure.isPresent(), defect + " was not found");
    }

    private static Optional<String> first(Set<Defect> defects, long count) {
        return LongStream.range(SEED, SEED + count).parallel()
                .mapToObj(seed -> new World(seed, defects, false).run().map(violation -> "seed " + seed + ": " + violation))
                .flatMap(Optional::stream)
                .findAny()
                .map(failure -> {
                    long seed = Long.parseLong(failure.substring(5, failure.indexOf(':')));
                    World again = new World(seed, defects, true);
                    again.run();
                    return failure + "\n" + String.join("\n", again.log()) + "\n" + again.nodes();
                });
    }
}
