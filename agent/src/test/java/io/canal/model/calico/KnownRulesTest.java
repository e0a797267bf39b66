package io.canal.model.calico;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;

class KnownRulesTest {

    private final KnownRules known = new KnownRules();

    private Policy policy(String name, String rule) {
        ResourceKey key = ResourceKey.of(Kind.GLOBAL_NETWORK_POLICY, name);
        return Resource.decode(key, """
                {"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3","metadata":{"name":"%s"},"spec":{"types":["Ingress"],"ingress":[%s]}}"""
                .formatted(name, rule)).then(resource -> Policy.of(resource, known)).orThrow();
    }

    @Test
    void rules_that_are_equal_are_one_and_others_are_not() {
        String rule = "{\"action\":\"Allow\",\"protocol\":\"TCP\",\"destination\":{\"ports\":[80]}}";
        PolicyRule first = policy("a", rule).ingress().getFirst();
        assertSame(first, policy("b", rule).ingress().getFirst());
        assertNotEquals(first, policy("c", rule.replace("80", "81")).ingress().getFirst());
        assertNotEquals(first, policy("d", rule.replace("80", "\"80:81\"")).ingress().getFirst());
    }

    @Test
    void a_rule_that_cannot_be_read_is_said_of_each_policy_that_has_it() {
        for (String name : new String[] {"a", "b"}) {
            Policy policy = policy(name, "{\"action\":\"Deny\",\"protocol\":\"nonsense\"}");
            assertEquals(ResourceKey.of(Kind.GLOBAL_NETWORK_POLICY, name).path(), policy.notes().getFirst().where());
            assertEquals(1, policy.ingress().size());
        }
    }
}
