package io.canal.policy.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Ip.Family;
import io.canal.model.PacketCount;
import io.canal.policy.ActivePolicy;
import io.canal.policy.AddressSet;
import io.canal.policy.EndpointId;
import io.canal.policy.EndpointPolicies;
import io.canal.policy.PolicyId;
import io.canal.policy.ResolvedRule.End;
import io.canal.policy.ResolvedRule.Verdict;
import io.canal.policy.TierPolicies;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Dialect;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.PortRange;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CountedPolicyTest {

    private static final PolicyId WEB = PolicyRulesTest.gnp("web");
    private static final PacketCount ONE = new PacketCount(1, 10);
    private static final List<Family> BOTH = List.of(Family.V4, Family.V6);

    private final Ruleset ruleset = new Ruleset();
    private final PolicyRules rules = new PolicyRules(ruleset, RuleSettings.defaults());

    /** One that becomes 3 packet-filter rules, one for each protocol with ports; one without condition; one for each family; a drop. */
    private CountedPolicy counted(Dialect dialect) {
        rules.policy(new ActivePolicy(WEB, "default", "s", List.of(
                PolicyRulesTest.rule(Verdict.ALLOW, Optional.empty(), End.ANY, PolicyRulesTest.ports(PortRange.of(80))),
                PolicyRulesTest.any(Verdict.LOG),
                PolicyRulesTest.rule(Verdict.PASS, Optional.empty(), PolicyRulesTest.nets("10.0.0.0/8", "fd00::/8"), End.ANY),
                PolicyRulesTest.any(Verdict.DENY)), List.of()));
        rules.endpoint(new EndpointPolicies.Workload(new EndpointId.Workload("cali1"), List.of(new TierPolicies("default", false, List.of(WEB), List.of())),
                List.of(), List.of()));
        rules.settle();
        List<CountedPolicy> all = rules.counted(dialect);
        assertEquals(1, all.size(), "only the direction in which it governs");
        return all.getFirst();
    }

    /** What a kernel says in which each counter of these families' rules stands at one. */
    private List<Optional<PacketCount>> kernel(Dialect dialect, ChainName chain, List<Family> families) {
        List<Rule> written = ruleset.chain(chain) instanceof Chain.Rules plain ? dialect.of(plain.rules()).toList() : List.of();
        return written.stream().filter(rule -> families.stream().anyMatch(rule::isFor)).map(rule -> rule.counter() ? Optional.of(ONE) : Optional.<PacketCount>empty()).toList();
    }

    private static List<Long> packets(Optional<List<PacketCount>> sums) {
        return sums.orElseThrow().stream().map(PacketCount::packets).toList();
    }

    @Test
    void each_rule_gets_the_counts_of_all_that_it_became() {
        CountedPolicy nft = counted(Dialect.NFTABLES);
        ChainName chain = nft.chains().getFirst();
        assertEquals(1, nft.endpoints());
        assertEquals(List.of(3L, 1L, 2L, 1L), packets(nft.sums(chain, BOTH, kernel(Dialect.NFTABLES, chain, BOTH))));
        CountedPolicy iptables = counted(Dialect.IPTABLES);
        assertEquals(List.of(3L, 1L, 1L, 1L), packets(iptables.sums(chain, List.of(Family.V4), kernel(Dialect.IPTABLES, chain, List.of(Family.V4)))));
    }

    @Test
    void a_rule_that_nftables_says_in_one_is_found_by_its_place() {
        CountedPolicy nft = counted(Dialect.NFTABLES);
        ChainName chain = nft.chains().getFirst();
        assertEquals(List.of(0, 0, 0, 1, 2, 2, 3), IntStream.rangeClosed(1, 7).map(place -> nft.owner(chain, BOTH, place).orElse(-1)).boxed().toList());
        CountedPolicy iptables = counted(Dialect.IPTABLES);
        assertEquals(List.of(0, -1, 0, -1, 0, -1, 1, 2, -1, 3, -1),
                IntStream.rangeClosed(1, 11).map(place -> iptables.owner(chain, List.of(Family.V4), place).orElse(-1)).boxed().toList());
    }

    @Test
    void a_chain_that_is_not_the_policys_now_is_not_guessed_at() {
        CountedPolicy policy = counted(Dialect.NFTABLES);
        ChainName chain = policy.chains().getFirst();
        List<Optional<PacketCount>> more = new ArrayList<>(kernel(Dialect.NFTABLES, chain, BOTH));
        more.add(Optional.of(ONE));
        assertEquals(Optional.empty(), policy.sums(chain, BOTH, more));
        assertEquals(Optional.empty(), policy.sums(chain, BOTH, more.subList(0, 2)));
        assertEquals(Optional.empty(), policy.sums(chain, BOTH, List.of()));
    }

    /** While no member has an address of IPv6, the rule's second half is not in the kernel. */
    @Test
    void rules_that_are_left_out_count_for_nothing() {
        AddressSet set = new AddressSet("s:abc", NamedSet.Kind.ADDRESS);
        rules.set(set);
        End members = new End(List.of(), List.of(), List.of(set), List.of(), List.of(), List.of(), List.of(), List.of());
        rules.policy(new ActivePolicy(WEB, "default", "s", List.of(
                PolicyRulesTest.rule(Verdict.ALLOW, Optional.empty(), members, End.ANY), PolicyRulesTest.any(Verdict.DENY)), List.of()));
        rules.endpoint(new EndpointPolicies.Workload(new EndpointId.Workload("cali1"), List.of(new TierPolicies("default", false, List.of(WEB), List.of())),
                List.of(), List.of()));
        rules.settle();
        Dialect without = Dialect.nftables(ruleset);
        assertEquals(Dialect.NFTABLES_WITHOUT_V6_MEMBERS, without);
        CountedPolicy policy = rules.counted(without).getFirst();
        ChainName chain = policy.chains().getFirst();
        assertEquals(2, kernel(without, chain, BOTH).size());
        assertEquals(List.of(1L, 1L), packets(policy.sums(chain, BOTH, kernel(without, chain, BOTH))));
        assertEquals(Optional.empty(), policy.sums(chain, BOTH, kernel(Dialect.NFTABLES, chain, BOTH)));
    }

    @Test
    void a_policy_that_governs_nothing_here_is_not_told() {
        rules.policy(new ActivePolicy(WEB, "default", "s", List.of(PolicyRulesTest.any(Verdict.DENY)), List.of()));
        rules.settle();
        assertEquals(List.of(), rules.counted(Dialect.NFTABLES));
    }
}
