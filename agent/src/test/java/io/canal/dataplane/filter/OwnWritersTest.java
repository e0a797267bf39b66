package io.canal.dataplane.filter;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.reconcile.testing.JumpingClock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class OwnWritersTest {

    private final JumpingClock clock = new JumpingClock();
    private final OwnWriters writers = new OwnWriters(clock);

    /** It may be a container's by then. */
    @Test
    void a_number_is_ours_for_a_moment_also_where_no_other_process_follows() {
        writers.add(4711);
        assertTrue(writers.has(4711));
        assertFalse(writers.has(4712));
        clock.pass(Duration.ofSeconds(10));
        assertTrue(writers.has(4711));
        clock.pass(Duration.ofSeconds(10));
        assertFalse(writers.has(4711));
    }
}
