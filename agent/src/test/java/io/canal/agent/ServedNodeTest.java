package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.cni.Node;
import io.canal.config.AgentConfig;
import io.canal.lease.Standing;
import io.canal.lease.keeper.OwnSubnet;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Applied;
import io.canal.reconcile.Clock;
import io.canal.reconcile.testing.JumpingClock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServedNodeTest {

    private final Facts facts = new Facts(new LocalFacts(AgentConfig.defaults(), Optional.empty(), OwnSubnet.NONE, Optional.empty(), "h1", Optional.empty(), ""));

    @ParameterizedTest
    @ValueSource(ints = {2, -2})
    void a_subnet_that_is_only_remembered_is_good_for_the_life_of_its_lease_however_the_clock_jumps(int days) {
        JumpingClock clock = new JumpingClock();
        ServedNode node = new ServedNode(facts, () -> 0, clock);
        OwnSubnet own = new OwnSubnet(Optional.of(SubnetKey.of("10.1.49.0-24")), Optional.empty(), 1, Standing.REMEMBERED, Optional.of(clock.now()), clock.nanos());
        facts.change(now -> now.withOwn(own));
        clock.set(Duration.ofDays(days));
        assertInstanceOf(Node.Attachable.Yes.class, node.attachable());
        clock.pass(AgentConfig.defaults().leaseTtl());
        assertInstanceOf(Node.Attachable.No.class, node.attachable());
    }

    @Test
    void a_pod_that_comes_with_the_start_waits_for_subnet_and_rules_but_not_for_ever() throws Exception {
        AtomicLong rules = new AtomicLong();
        ServedNode node = new ServedNode(facts, rules::get, Clock.system());
        Thread waiting = Thread.startVirtualThread(node::awaitStart);
        facts.change(now -> now.withOwn(new OwnSubnet(Optional.of(SubnetKey.of("10.1.49.0-24")), Optional.empty(), 1, Standing.HELD, Optional.empty(), 0)));
        assertFalse(waiting.join(Duration.ofMillis(100)), "it does not wait for the rules");
        rules.set(1);
        assertTrue(waiting.join(Duration.ofMillis(1_500)), "it waits though all is known");
        JumpingClock clock = new JumpingClock();
        ServedNode old = new ServedNode(facts, () -> 0, clock);
        clock.pass(Duration.ofSeconds(3));
        old.awaitStart();
        assertInstanceOf(Node.Attachable.Yes.class, old.attachable());
    }

    @Test
    void a_pod_is_unprotected_while_the_rules_are_behind_its_pass_though_no_stage_failed() {
        ServedNode node = new ServedNode(facts, () -> 4, Clock.system());
        assertTrue(node.unprotected(new Applied(5, Map.of())).orElseThrow().contains("not known yet"));
        assertEquals(Optional.empty(), node.unprotected(new Applied(4, Map.of())));
        assertEquals(Optional.of("no memory"), node.unprotected(new Applied(4, Map.of("ruleset", "no memory"))));
    }
}
