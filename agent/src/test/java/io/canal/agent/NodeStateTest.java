package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeStateTest {

    @TempDir
    Path folder;

    @Test
    void id_and_mac_are_made_once() throws IOException {
        NodeState.Facts first = NodeState.load(folder, new Random(1)).facts();
        assertEquals(first, NodeState.load(folder, new Random(2)).facts());
        assertEquals(32, first.id().length());
    }

    @Test
    void what_is_learnt_is_read_back() throws IOException {
        NodeState state = NodeState.load(folder, new Random(1));
        state.update(facts -> facts.withSubnet(Optional.of(SubnetKey.of("10.1.49.0-24")), Instant.parse("2026-01-01T00:00:00Z"))
                .withPort(4789).withDataplane("iptables").withMac(Mac.of("02:00:00:00:00:01")));
        NodeState.Facts read = NodeState.load(folder, new Random(2)).facts();
        assertEquals(state.facts(), read);
        assertEquals(Optional.of(SubnetKey.of("10.1.49.0-24")), read.subnet());
    }

    @Test
    void a_damaged_file_is_kept_aside_and_begun_anew() throws IOException {
        String before = NodeState.load(folder, new Random(1)).facts().id();
        Files.writeString(folder.resolve("node.json"), "{\"id\":\"");
        assertNotEquals(before, NodeState.load(folder, new Random(2)).facts().id());
        assertEquals("{\"id\":\"", Files.readString(folder.resolve("node.json.damaged")));
    }

    @Test
    void the_last_tables_are_read_back_and_damaged_ones_are_not_used() throws IOException {
        LastTables tables = new LastTables(NetworkConfig.of(Cidr.of("10.1.0.0/16"), Backend.VXLAN),
                Map.entry(SubnetKey.of("10.1.1.0-24"), LeaseValue.vxlan(Ip.of("10.10.0.1"), 1, Mac.of("02:00:00:00:00:01"))),
                Map.of(SubnetKey.of("10.1.2.0-24"), LeaseValue.vxlan(Ip.of("10.10.0.2"), 1, Mac.of("02:00:00:00:00:02"))));
        assertTrue(LastTables.load(folder).isEmpty());
        tables.save(folder);
        assertEquals(Optional.of(tables), LastTables.load(folder));
        String text = Files.readString(folder.resolve("tables.json"));
        Files.writeString(folder.resolve("tables.json"), text.substring(0, text.length() / 2));
        assertFalse(LastTables.load(folder).isPresent());
    }
}
