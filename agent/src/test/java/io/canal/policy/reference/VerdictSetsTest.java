package io.canal.policy.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.policy.testing.VerdictSet;
import io.canal.policy.testing.VerdictSet.Asked;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The reference evaluator says of each packet what real Felix did with it. */
class VerdictSetsTest {

    /** Felix errs there: the third list of several members in a rule restricts nothing. */
    private static final List<String> ERRORS_OF_FELIX = List.of("edge-022", "edge-075");

    static Stream<VerdictSet> sets() {
        return VerdictSet.load("edge", "hep", "knp", "core").filter(set -> !ERRORS_OF_FELIX.contains(set.id()));
    }

    @ParameterizedTest
    @MethodSource("sets")
    void agrees_with_felix(VerdictSet set) {
        Evaluator evaluator = new Evaluator(PolicyTables.of(set.resources(), problem -> {
            throw new AssertionError(problem.sentence());
        }), set.node());
        List<String> differences = new ArrayList<>();
        for (Asked asked : set.asked()) {
            Exchange exchange = evaluator.exchange(asked.request());
            boolean through = asked.answered() ? exchange.allowed() : exchange.request().allowed();
            if (asked.through().values().stream().anyMatch(measured -> measured != through)) {
                differences.add(asked + ": " + through + ", measured " + asked.through() + ", " + exchange);
            }
        }
        assertEquals(List.of(), differences.subList(0, Math.min(differences.size(), 5)), () -> differences.size() + " of " + set.asked().size());
    }
}
