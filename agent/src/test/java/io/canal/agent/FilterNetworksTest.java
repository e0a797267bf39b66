package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.config.AgentConfig;
import io.canal.lease.keeper.OwnSubnet;
import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.NetworkConfig;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FilterNetworksTest {

    private static final NetworkConfig CONFIG = NetworkConfig.of(Cidr.of("10.1.0.0/16"), Backend.VXLAN.withPort(4789));

    @TempDir
    Path state;

    private final Tables tables = new Tables();

    @Test
    void a_port_that_was_only_just_learnt_is_guarded_once_the_peers_are_known() {
        NetworkMemory memory = NetworkMemory.load(state);
        FilterNetworks networks = networks(memory);
        memory.learn(CONFIG);
        assertEquals(Set.of(), networks.get().overlayPorts());
        tables.replacePeers(Map.of());
        assertEquals(Set.of(4789), networks.get().overlayPorts());
    }

    @Test
    void the_port_of_the_life_before_is_guarded_from_the_start() {
        NetworkMemory.load(state).learn(CONFIG);
        assertEquals(Set.of(4789), networks(NetworkMemory.load(state)).get().overlayPorts());
    }

    private FilterNetworks networks(NetworkMemory memory) {
        return new FilterNetworks(new Facts(new LocalFacts(AgentConfig.defaults(), Optional.of(CONFIG), OwnSubnet.NONE, Optional.empty(), "node",
                Optional.empty(), "")), tables, memory);
    }
}
