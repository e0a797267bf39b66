package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.config.AgentConfig;
import io.canal.lease.keeper.OwnSubnet;
import io.canal.reconcile.Applied;
import io.canal.reconcile.Clock;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ServedNodeTest {

    private final Facts facts = new Facts(new LocalFacts(AgentConfig.defaults(), Optional.empty(), OwnSubnet.NONE, Optional.empty(), "h1", Optional.empty(), ""));

    @Test
    void a_pod_is_unprotected_while_the_rules_are_behind_its_pass_though_no_stage_failed() {
        ServedNode node = new ServedNode(facts, () -> 4, Clock.system());
        assertTrue(node.unprotected(new Applied(5, Map.of())).orElseThrow().contains("not known yet"));
        assertEquals(Optional.empty(), node.unprotected(new Applied(4, Map.of())));
        assertEquals(Optional.of("no memory"), node.unprotected(new Applied(4, Map.of("ruleset", "no memory"))));
    }
}
