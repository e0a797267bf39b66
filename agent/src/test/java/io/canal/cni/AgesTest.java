package io.canal.cni;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.reconcile.testing.JumpingClock;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AgesTest {

    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final JumpingClock clock = new JumpingClock();
    private final Ages ages = new Ages(clock);

    @Test
    void what_is_older_than_the_span_is_old() {
        Instant time = clock.now();
        assertFalse(ages.isOlder(time, MINUTE));
        assertTrue(ages.isOlder(time.minusSeconds(61), MINUTE));
        clock.pass(Duration.ofSeconds(61));
        assertTrue(ages.isOlder(time, MINUTE));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, -1})
    void a_clock_that_jumps_by_a_day_makes_nothing_old_and_nothing_young_for_long(int days) {
        Instant before = clock.now();
        clock.set(Duration.ofDays(days));
        assertFalse(ages.isOlder(before, MINUTE));
        clock.pass(Duration.ofSeconds(30));
        Instant after = clock.now();
        assertFalse(ages.isOlder(before, MINUTE));
        clock.pass(Duration.ofSeconds(31));
        assertTrue(ages.isOlder(before, MINUTE));
        assertFalse(ages.isOlder(after, MINUTE));
        clock.pass(Duration.ofSeconds(30));
        assertTrue(ages.isOlder(after, MINUTE));
    }

    @Test
    void what_was_made_before_a_small_step_back_is_young() {
        clock.pass(Duration.ofDays(1));
        for (int step = 0; step < 2; step++) {
            Instant time = clock.now();
            clock.set(Duration.ofMillis(-900));
            assertFalse(ages.isOlder(time, MINUTE));
            clock.pass(MINUTE.plusSeconds(2));
            assertTrue(ages.isOlder(time, MINUTE));
        }
    }

    @Test
    void a_jump_is_seen_though_nobody_asked_for_a_month() {
        clock.pass(Duration.ofDays(30));
        Instant time = clock.now();
        clock.set(Duration.ofMinutes(20));
        assertFalse(ages.isOlder(time, MINUTE));
        clock.pass(Duration.ofSeconds(61));
        assertTrue(ages.isOlder(time, MINUTE));
    }

    @Test
    void a_clock_that_is_kept_right_has_not_jumped() {
        clock.pass(Duration.ofDays(30));
        clock.set(Duration.ofMillis(1900));
        assertTrue(ages.isOlder(clock.now().minusSeconds(61), MINUTE));
    }
}
