package io.canal.policy.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.policy.reference.Evaluator;
import io.canal.policy.reference.Exchange;
import io.canal.policy.reference.PolicyTables;
import io.canal.policy.rules.RuleSettings.ToHost;
import io.canal.policy.testing.PacketWay;
import io.canal.policy.testing.RenderedNode;
import io.canal.policy.testing.VerdictSet;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is rendered for each dataplane does with each packet what real Felix did, and what the policies themselves say. */
class VerdictsTest {

    /** Felix errs there: the third list of several members in a rule restricts nothing. */
    private static final List<String> ERRORS_OF_FELIX = List.of("edge-022", "edge-075");

    static Stream<VerdictSet> sets() {
        return VerdictSet.load("edge", "hep", "knp", "core");
    }

    @ParameterizedTest
    @MethodSource("sets")
    void as_recorded_on_both_dataplanes(VerdictSet set) {
        RenderedNode node = new RenderedNode(set.node().name(), set.node().interfaces(), settings(set)).put(set.resources());
        Evaluator evaluator = new Evaluator(PolicyTables.of(set.resources(), problem -> { }), set.node());
        List<String> differences = new ArrayList<>();
        for (PacketWay way : List.of(node.onNftables(), node.onIptables())) {
            for (VerdictSet.Asked asked : set.asked()) {
                boolean through = asked.answered() ? way.exchange(asked.request()) : way.run(asked.request(), !asked.request().arriving().equals(asked.request().flow())).through();
                if (ERRORS_OF_FELIX.contains(set.id()) || through != asked.through().values().iterator().next()) {
                    Exchange said = evaluator.exchange(asked.request());
                    boolean expected = asked.answered() ? said.allowed() : said.request().allowed();
                    if (!ERRORS_OF_FELIX.contains(set.id()) || through != expected) {
                        differences.add(way.dataplane() + " " + asked + ": " + through + ", policies: " + said);
                    }
                }
            }
        }
        assertEquals(List.of(), differences.subList(0, Math.min(differences.size(), 5)), () -> differences.size() + " differ");
    }

    private static RuleSettings settings(VerdictSet set) {
        RuleSettings defaults = RuleSettings.defaults();
        return defaults.with(ToHost.valueOf(set.node().toHost().name()));
    }
}
