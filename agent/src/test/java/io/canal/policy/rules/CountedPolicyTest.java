package io.canal.policy.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Ip.Family;
import io.canal.model.PacketCount;
import io.canal.policy.ActivePolicy;
import io.canal.policy.EndpointId;
import io.canal.policy.EndpointPolicies;
import io.canal.policy.PolicyId;
import io.canal.policy.ResolvedRule.End;
import io.canal.policy.ResolvedRule.Verdict;
import io.canal.policy.TierPolicies;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.PortRange;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class CountedPolicyTest {

    private static final PolicyId WEB = PolicyRulesTest.gnp("web");
    private static final PacketCount ONE = new PacketCount(1, 10);
    private static final List<Family> BOTH = List.of(Family.V4, Family.V6);

    private final Ruleset ruleset = new Ruleset();
    private final PolicyRules rules = new PolicyRules(ruleset, RuleSettings.defaults());

    /** One that becomes 3 packet-filter rules, one for each protocol with ports; one without condition; one for each family; a drop. */
    private CountedPolicy counted() {
        rules.policy(new ActivePolicy(WEB, "default", "s", List.of(
                PolicyRulesTest.rule(Verdict.ALLOW, Optional.empty(), End.ANY, PolicyRulesTest.ports(PortRange.of(80))),
                PolicyRulesTest.any(Verdict.LOG),
                PolicyRulesTest.rule(Verdict.PASS, Optional.empty(), PolicyRulesTest.nets("10.0.0.0/8", "fd00::/8"), End.ANY),
                PolicyRulesTest.any(Verdict.DENY)), List.of()));
        rules.endpoint(new EndpointPolicies.Workload(new EndpointId.Workload("cali1"), List.of(new TierPolicies("default", false, List.of(WEB), List.of())),
                List.of(), List.of()));
        rules.settle();
        List<CountedPolicy> all = rules.counted();
        assertEquals(1, all.size(), "only the direction in which it governs");
        return all.getFirst();
    }

    /** What a kernel says in which each counter of these families' rules stands at one. */
    private List<Optional<PacketCount>> kernel(ChainName chain, List<Family> families) {
        List<Rule> written = ruleset.chain(chain) instanceof Chain.Rules plain ? plain.rules() : List.of();
        return written.stream().filter(rule -> families.stream().anyMatch(rule::isFor)).map(rule -> rule.counter() ? Optional.of(ONE) : Optional.<PacketCount>empty()).toList();
    }

    private static List<Long> packets(Optional<List<PacketCount>> sums) {
        return sums.orElseThrow().stream().map(PacketCount::packets).toList();
    }

    @Test
    void each_rule_gets_the_counts_of_all_that_it_became() {
        CountedPolicy policy = counted();
        ChainName chain = policy.chains().getFirst();
        assertEquals(1, policy.endpoints());
        assertEquals(List.of(3L, 1L, 2L, 1L), packets(policy.sums(chain, BOTH, kernel(chain, BOTH))));
        assertEquals(List.of(3L, 1L, 1L, 1L), packets(policy.sums(chain, List.of(Family.V4), kernel(chain, List.of(Family.V4)))));
    }

    @Test
    void a_chain_that_is_not_the_policys_now_is_not_guessed_at() {
        CountedPolicy policy = counted();
        ChainName chain = policy.chains().getFirst();
        List<Optional<PacketCount>> more = new ArrayList<>(kernel(chain, BOTH));
        more.add(Optional.of(ONE));
        assertEquals(Optional.empty(), policy.sums(chain, BOTH, more));
        assertEquals(Optional.empty(), policy.sums(chain, BOTH, more.subList(0, 2)));
        assertEquals(Optional.empty(), policy.sums(chain, BOTH, List.of()));
    }

    @Test
    void a_policy_that_governs_nothing_here_is_not_told() {
        rules.policy(new ActivePolicy(WEB, "default", "s", List.of(PolicyRulesTest.any(Verdict.DENY)), List.of()));
        rules.settle();
        assertEquals(List.of(), rules.counted());
    }
}
