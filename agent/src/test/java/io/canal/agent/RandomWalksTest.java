package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.ctl.Walks;
import io.canal.dataplane.filter.LiveRules;
import io.canal.dataplane.filter.RenderedRules;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.Json;
import io.canal.model.calico.Resource;
import io.canal.policy.reference.Evaluator;
import io.canal.policy.reference.Passage;
import io.canal.policy.reference.PolicyTables;
import io.canal.policy.rules.CountedPolicy;
import io.canal.policy.rules.RuleSettings;
import io.canal.policy.rules.RuleSettings.ToHost;
import io.canal.policy.testing.RandomSet;
import io.canal.policy.testing.RenderedNode;
import io.canal.reconcile.testing.Chance;
import io.canal.ruleset.Dialect;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Whatever the policies say, {@code why} finds the same rules in the kernel as in the policies: else it would call that a defect. They
 * are the same sets each time, lest a run fails for what it does not change; {@code -Dcanal.random.fresh=true} has half of them new,
 * {@code -Dcanal.random.seed=N} tries set N alone, {@code -Dcanal.random.walks=N} tries so many.
 */
class RandomWalksTest {

    private static final int SETS = Integer.getInteger("canal.random.walks", 160);
    private static final int FLOWS = 40;
    private static final long OTHERS = 2_000_000;

    private final LongAdder ruled = new LongAdder();

    @Test
    void the_kernel_meets_the_rules_that_the_policies_decide_by() {
        Long one = Long.getLong("canal.random.seed");
        long others = Chance.fresh(OTHERS);
        List<String> differences = IntStream.range(0, one == null ? SETS : 1).parallel()
                .mapToObj(i -> differences(one != null ? one : i % 2 == 0 ? i : others + i)).flatMap(List::stream).toList();
        assertEquals(List.of(), differences.subList(0, Math.min(differences.size(), 5)), () -> differences.size() + " differ; try each again with -Dcanal.random.seed");
        assertTrue(one != null || ruled.sum() > SETS, ruled + " packets met a rule of a policy");
    }

    /** The check can fail: where the last policy of a set is not in the kernel, the walk tells, whether or not the verdict is another. */
    @Test
    void a_rule_that_the_kernel_does_not_have_is_noticed() {
        int noticed = 0;
        for (long seed = 0; seed < 20; seed++) {
            RandomSet set = RandomSet.of(seed, seed % 4 < 2, FLOWS);
            noticed += differences(set, set.resources().subList(0, set.resources().size() - 1)).isEmpty() ? 0 : 1;
        }
        assertTrue(noticed > 3, noticed + " of 20");
    }

    private List<String> differences(long seed) {
        RandomSet set = RandomSet.of(seed, seed % 4 < 2, FLOWS);
        return differences(set, set.resources());
    }

    private List<String> differences(RandomSet set, List<Resource> inKernel) {
        long seed = set.seed();
        RenderedNode node = new RenderedNode(set.node().name(), set.node().interfaces(),
                RuleSettings.defaults().with(ToHost.valueOf(set.node().toHost().name()))).put(inKernel);
        Evaluator evaluator = new Evaluator(PolicyTables.of(set.resources(), problem -> {
            throw new AssertionError("seed " + seed + ": " + problem.sentence());
        }), set.node());
        List<String> differences = new ArrayList<>();
        for (boolean nftables : new boolean[] {true, false}) {
            LiveRules live = nftables ? RenderedRules.nftables(node) : RenderedRules.iptables(node);
            List<CountedPolicy> policies = node.rules().counted(nftables ? Dialect.nftables(node.ruleset()) : Dialect.IPTABLES);
            for (Passage passage : set.requests()) {
                if (askedByWhy(passage, node)) {
                    Walks.defect(told(live.judge(passage), nftables, passage, policies), evaluator.judge(passage))
                            .ifPresent(defect -> differences.add("seed " + seed + ", " + (nftables ? "nftables" : "iptables") + ": " + passage + ": " + defect));
                }
            }
        }
        return differences;
    }

    /** Its packets have the addresses of their ends, and nothing was translated. */
    private static boolean askedByWhy(Passage passage, RenderedNode node) {
        Set<Ip> sources = node.pods().get(passage.in());
        return passage.arriving().equals(passage.flow()) && (sources == null || sources.contains(passage.flow().source()));
    }

    private ObjectNode told(LiveRules.Verdict verdict, boolean nftables, Passage passage, List<CountedPolicy> policies) {
        ObjectNode reply = Json.object().put("through", verdict.through());
        ArrayNode rules = reply.putArray("rules");
        List<Family> families = nftables ? List.of(Family.values()) : List.of(passage.flow().source().family());
        verdict.rules().forEach(rule -> Verdicts.tell(rule, families, policies, rules.addObject()));
        rules.forEach(rule -> ruled.add(rule.path("index").asInt(-1) >= 0 ? 1 : 0));
        return reply;
    }
}
