package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.NetworkConfig;
import io.canal.reconcile.Applied;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TakesDirectTest {

    private static final Optional<NetworkConfig> HOST_GW = Optional.of(NetworkConfig.of(Cidr.of("10.1.0.0/16"), Backend.HOST_GW));
    private static final Optional<NetworkConfig> VXLAN = Optional.of(NetworkConfig.of(Cidr.of("10.1.0.0/16"), Backend.VXLAN));
    private static final Applied CLEAN = new Applied(1, Map.of());

    private final TakesDirect takes = new TakesDirect();

    @Test
    void a_pass_that_failed_has_not_brought_the_kernel_to_it() {
        assertFalse(takes.after(new Applied(1, Map.of("ruleset", "could not be written")), HOST_GW));
        assertTrue(takes.after(CLEAN, HOST_GW));
    }

    @Test
    void what_was_brought_about_stays_when_a_later_pass_fails() {
        takes.after(CLEAN, HOST_GW);
        assertTrue(takes.after(new Applied(2, Map.of("route", "could not be written")), HOST_GW));
    }

    @Test
    void a_file_that_cannot_be_written_does_not_keep_packets_in_tunnels() {
        assertTrue(takes.after(new Applied(1, Map.of("files", "no space left on device")), HOST_GW));
    }

    @Test
    void a_network_of_tunnels_takes_nothing_past_them() {
        takes.after(CLEAN, HOST_GW);
        assertFalse(takes.after(CLEAN, VXLAN));
        assertFalse(takes.after(CLEAN, Optional.empty()));
    }
}
