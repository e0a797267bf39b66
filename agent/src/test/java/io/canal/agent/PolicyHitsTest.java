package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.agent.PolicyHits.Series;
import io.canal.dataplane.filter.PolicyCounts.Counts;
import io.canal.model.PacketCount;
import io.canal.model.calico.Kind;
import io.canal.policy.ActivePolicy;
import io.canal.policy.EndpointId;
import io.canal.policy.EndpointPolicies;
import io.canal.policy.PolicyId;
import io.canal.policy.ResolvedRule;
import io.canal.policy.ResolvedRule.End;
import io.canal.policy.TierPolicies;
import io.canal.policy.rules.PolicyRules;
import io.canal.policy.rules.RuleSettings;
import io.canal.ruleset.Dialect;
import io.canal.ruleset.Ruleset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PolicyHitsTest {

    private static final PacketCount SOME = new PacketCount(2, 120);

    /** Policies p0, p1, … that allow and then allow once more. */
    private static List<Counts> policies(int number) {
        PolicyRules rules = new PolicyRules(new Ruleset(), RuleSettings.defaults());
        ResolvedRule allow = new ResolvedRule(ResolvedRule.Verdict.ALLOW, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(),
                End.ANY, End.ANY, Map.of());
        List<PolicyId> ids = new ArrayList<>();
        for (int i = 0; i < number; i++) {
            ids.add(new PolicyId(Kind.NETWORK_POLICY, "shop", "p" + i));
            rules.policy(new ActivePolicy(ids.getLast(), "default", "s", List.of(allow, allow), List.of()));
        }
        rules.endpoint(new EndpointPolicies.Workload(new EndpointId.Workload("cali1"), List.of(new TierPolicies("default", false, ids, List.of())), List.of(), List.of()));
        rules.settle();
        return rules.counted(Dialect.NFTABLES).stream().map(policy -> new Counts(policy, Optional.of(List.of(SOME, SOME)))).toList();
    }

    @Test
    void a_policy_is_told_with_each_of_its_rules() {
        JsonNode policy = PolicyHits.told("nftables", policies(1)).path("policies").path(0);
        assertEquals("{\"kind\":\"NetworkPolicy\",\"namespace\":\"shop\",\"name\":\"p0\",\"tier\":\"default\",\"direction\":\"ingress\",\"endpoints\":1,\"rules\":["
                + "{\"index\":0,\"action\":\"Allow\",\"packets\":2,\"bytes\":120},{\"index\":1,\"action\":\"Allow\",\"packets\":2,\"bytes\":120}]}", policy.toString());
    }

    @Test
    void numbers_that_are_not_known_are_left_out_and_said_to_be() {
        Counts counts = new Counts(policies(1).getFirst().policy(), Optional.empty());
        JsonNode policy = PolicyHits.told("nftables", List.of(counts)).path("policies").path(0);
        assertTrue(policy.path("rules").path(0).path("packets").isMissingNode());
        assertTrue(policy.path("note").asText().contains("ask again"));
    }

    @Test
    void prometheus_gets_so_many_policies_and_the_sum_of_the_others() {
        Map<Series, PacketCount> series = PolicyHits.series(policies(5), 2);
        assertEquals(Map.of(
                new Series("NetworkPolicy", "shop", "p0", "ingress", "Allow"), new PacketCount(4, 240),
                new Series("NetworkPolicy", "shop", "p1", "ingress", "Allow"), new PacketCount(4, 240),
                new Series("", "", "others", "", ""), new PacketCount(12, 720)), series);
        Metrics metrics = new Metrics();
        metrics.hits(() -> series);
        String scraped = new String(metrics.scrape(), StandardCharsets.UTF_8);
        assertTrue(scraped.contains("canal_policy_packets_total{action=\"Allow\",direction=\"ingress\",kind=\"NetworkPolicy\",namespace=\"shop\",policy=\"p0\"} 4.0"), scraped);
        assertTrue(scraped.contains("policy=\"others\"} 720.0"), scraped);
    }
}
