package io.canal.lease.keeper;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.NetworkKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NetworkViewTest {

    @Test
    void distrust_ends_in_time_though_the_clock_was_set_back() {
        Instant now = Instant.parse("2026-01-01T00:00:00Z");
        Duration ttl = Duration.ofHours(24);
        NetworkView view = new NetworkView(NetworkKeys.DEFAULT, ttl, new StateFolder.Known(7, 1, 1, now.plus(Duration.ofDays(3650))), Optional::empty);
        assertTrue(view.isDistrusted(now));
        assertTrue(view.isDistrusted(now.plus(ttl).minusSeconds(1)));
        assertFalse(view.isDistrusted(now.plus(ttl)));
    }
}
