package io.canal.lease.keeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lease.keeper.StateFolder.Distrust;
import io.canal.lease.keeper.StateFolder.Known;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.reconcile.testing.JumpingClock;
import io.canal.store.Store.Entry;
import io.canal.store.Store.Listing;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkViewTest {

    private static final Duration TTL = Duration.ofHours(24);
    private static final SubnetKey PEER = SubnetKey.of("10.1.94.0-24");

    private final JumpingClock clock = new JumpingClock();

    @Test
    void distrust_that_was_written_by_a_clock_far_ahead_ends_in_time() {
        long nanos = clock.nanos();
        NetworkView view = view(new Known(7, 1, 1, Optional.of(new Distrust(clock.now().plus(Duration.ofDays(3650)), nanos + Duration.ofDays(3650).toNanos()))));
        assertTrue(view.isDistrusted());
        clock.pass(TTL.minusSeconds(60));
        assertTrue(view.isDistrusted());
        clock.pass(Duration.ofSeconds(61));
        assertFalse(view.isDistrusted());
        assertTrue(view.distrustIsOver());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, -2})
    void a_clock_that_jumps_makes_a_distrust_neither_shorter_nor_longer(int days) {
        NetworkView view = view(Known.NOTHING);
        view.leasesListed(new Listing(7, 10, List.of(new Entry(NetworkKeys.DEFAULT.lease(PEER),
                "{\"PublicIP\":\"10.10.0.2\",\"PublicIPv6\":null,\"BackendType\":\"host-gw\"}", 5, 5, 1))));
        view.leasesListed(new Listing(8, 3, List.of()));
        clock.set(Duration.ofDays(days));
        assertTrue(view.isDistrusted());
        view.leasesListed(new Listing(8, 4, List.of()));
        assertEquals(Set.of(PEER), peers(view), "what another etcd lacks is kept");
        clock.pass(TTL.plusSeconds(1));
        assertTrue(view.distrustIsOver());
        view.accept();
        assertEquals(Set.of(), peers(view));
    }

    private static Set<SubnetKey> peers(NetworkView view) {
        view.peers().takeChanges();
        return view.peers().all().keySet();
    }

    private NetworkView view(Known known) {
        return new NetworkView(NetworkKeys.DEFAULT, TTL, known, Optional::empty, clock);
    }
}
