package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.NetworkConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkMemoryTest {

    private static final NetworkConfig ONE = NetworkConfig.of(Cidr.of("10.1.0.0/16"), Backend.VXLAN.withPort(4789));
    private static final NetworkConfig TWO = NetworkConfig.of(Cidr.of("10.2.0.0/16"), Backend.VXLAN);

    @TempDir
    Path folder;

    @Test
    void the_port_is_remembered() {
        assertEquals(Optional.empty(), NetworkMemory.load(folder).port());
        NetworkMemory.load(folder).learn(ONE);
        assertEquals(Optional.of(4789), NetworkMemory.load(folder).port());
        NetworkMemory.load(folder).learn(TWO);
        assertEquals(Optional.of(8472), NetworkMemory.load(folder).port());
    }

    @Test
    void a_network_that_was_replaced_is_known_until_it_is_forgotten() {
        NetworkMemory.load(folder).learn(ONE);
        NetworkMemory memory = NetworkMemory.load(folder);
        memory.learn(TWO);
        assertEquals(List.of(Cidr.of("10.1.0.0/16")), NetworkMemory.load(folder).before(TWO));
        memory.forget(Cidr.of("10.1.0.0/16"));
        assertEquals(List.of(), NetworkMemory.load(folder).before(TWO));
    }

    @Test
    void a_damaged_file_counts_as_none() throws IOException {
        NetworkMemory.load(folder).learn(ONE);
        Files.writeString(folder.resolve("networks.json"), "{");
        assertEquals(Optional.empty(), NetworkMemory.load(folder).port());
    }
}
