package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.agent.Conditions.Weight;
import io.canal.dataplane.link.Remade;
import io.canal.reconcile.Applied;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TunnelGapTest {

    private static final Applied CLEAN = new Applied(1, Map.of());
    private static final Applied FAILED = new Applied(1, Map.of("route", "refused"));

    private final Hand clock = new Hand();
    private final Conditions conditions = new Conditions(() -> {});
    private final TunnelGap gap = new TunnelGap(conditions, clock);

    @Test
    void the_gap_lasts_until_all_that_hangs_on_the_tunnel_is_back() {
        Remade remade = new Remade("flannel.1", "it uses port 8472 and should use 4789", clock.nanos());
        clock.pass(Duration.ofMillis(7));
        gap.after(FAILED, Optional.of(remade));
        assertEquals(List.of(), conditions.sentences(Weight.NOTE));
        clock.pass(Duration.ofMillis(5));
        gap.after(CLEAN, Optional.empty());
        assertEquals(List.of("flannel.1 was made again, as it uses port 8472 and should use 4789: it was away for 12 ms, and a node that has not followed"
                + " is not reached."), conditions.sentences(Weight.NOTE));
    }

    @Test
    void it_is_told_for_five_minutes() {
        gap.after(CLEAN, Optional.of(new Remade("flannel.1", "so it is", clock.nanos())));
        clock.pass(Duration.ofMinutes(5));
        gap.check();
        assertEquals(1, conditions.sentences(Weight.NOTE).size());
        clock.pass(Duration.ofMillis(1));
        gap.check();
        assertEquals(List.of(), conditions.sentences(Weight.NOTE));
    }

    @Test
    void a_pass_without_a_new_tunnel_has_nothing_to_tell() {
        gap.after(CLEAN, Optional.empty());
        assertEquals(List.of(), conditions.sentences(Weight.NOTE));
    }
}
