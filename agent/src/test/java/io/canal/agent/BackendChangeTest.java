package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.config.AgentConfig;
import io.canal.lease.keeper.OwnSubnet;
import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import io.canal.network.LocalNetwork;
import io.canal.network.Uplink;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BackendChangeTest {

    private static final Duration LINGER = Duration.ofSeconds(10);
    private static final SubnetKey PEER = SubnetKey.of("10.1.2.0-24");

    @TempDir
    Path state;
    private final Tables tables = new Tables();
    private final Hand clock = new Hand();

    @Test
    void tunnels_outlive_the_last_lease_that_asks_for_one_by_a_while() {
        BackendChange change = change(Backend.HOST_GW);
        tables.replacePeers(Map.of(PEER, LeaseValue.vxlan(Ip.of("10.10.0.2"), 7, Mac.of("02:00:00:00:00:02"))));
        assertEquals(7, change.get().flatMap(LocalNetwork::vxlan).orElseThrow().vni());
        tables.changePeer(PEER, Optional.empty());
        clock.pass(LINGER);
        assertTrue(hasTunnels(change));
        clock.pass(Duration.ofMillis(1));
        assertFalse(hasTunnels(change));
    }

    @Test
    void tunnels_that_an_agent_before_us_left_stay_as_long_as_they_would_have() {
        BackendChange change = change(Backend.HOST_GW);
        change.resume(true, false);
        assertTrue(hasTunnels(change));
        clock.pass(LINGER.plusMillis(1));
        assertFalse(hasTunnels(change));
        clock.pass(Duration.ofMillis(1));
        assertFalse(hasTunnels(change), "they do not come back");
    }

    @Test
    void a_host_that_never_had_tunnels_gets_none() {
        BackendChange change = change(Backend.HOST_GW);
        change.resume(false, false);
        assertFalse(hasTunnels(change));
    }

    @Test
    void a_path_filter_that_an_agent_before_us_made_loose_stays_so_for_a_while() {
        BackendChange change = change(Backend.VXLAN);
        change.resume(true, true);
        assertTrue(isMixed(change));
        clock.pass(LINGER.plusMillis(1));
        assertFalse(isMixed(change));
    }

    @Test
    void a_network_of_tunnels_alone_is_not_mixed() {
        BackendChange change = change(Backend.VXLAN);
        change.resume(true, false);
        assertFalse(isMixed(change));
    }

    private static boolean hasTunnels(BackendChange change) {
        return change.get().flatMap(LocalNetwork::vxlan).isPresent();
    }

    private static boolean isMixed(BackendChange change) {
        return change.get().orElseThrow().mixed();
    }

    private BackendChange change(Backend backend) {
        Facts facts = new Facts(new LocalFacts(AgentConfig.defaults(), Optional.of(NetworkConfig.of(Cidr.of("10.1.0.0/16"), backend)), OwnSubnet.NONE,
                Optional.of(Uplink.of(2, "eth0", 1500, IpPrefix.of("10.10.0.1/24"))), "node", Optional.empty(), ""));
        return new BackendChange(facts, tables, NetworkMemory.load(state), clock);
    }
}
