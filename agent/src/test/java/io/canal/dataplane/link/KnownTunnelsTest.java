package io.canal.dataplane.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.dataplane.sysctl.SavedSysctls;
import io.canal.model.Ip;
import io.canal.model.Mac;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnownTunnelsTest {

    @Test
    void a_damaged_line_is_dropped_and_the_others_are_known(@TempDir Path folder) throws Exception {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        text.write(new byte[] {(byte) 0xff, (byte) 0xfe, '\n'});
        text.write("flannel.1 02:00:00:00:00:01\n".getBytes(StandardCharsets.UTF_8));
        Files.write(folder.resolve("tunnels"), text.toByteArray());
        assertEquals(Set.of("flannel.1"), KnownTunnels.load(folder, "this").names());
    }

    @Test
    void a_file_that_cannot_be_read_keeps_nobody_from_starting(@TempDir Path folder) throws Exception {
        Files.createDirectory(folder.resolve("tunnels"));
        Files.createDirectory(folder.resolve("sysctls"));
        assertEquals(Set.of(), KnownTunnels.load(folder, "this").names());
        // It has nothing to put back.
        SavedSysctls.load(folder).putBack("net/ipv4/ip_forward");
    }

    @Test
    void of_what_was_ours_it_is_known_in_which_boot_that_was(@TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve("tunnels"), "flannel.1 02:00:00:00:00:01\nflannel.2 02:00:00:00:00:02 this\nflannel.3 02:00:00:00:00:03 other\n");
        KnownTunnels known = KnownTunnels.load(folder, "this");
        assertEquals(List.of(false, true, false, false), Stream.of("flannel.1", "flannel.2", "flannel.3", "flannel.4").map(known::isOfThisBoot).toList());
        known.put("flannel.1", Mac.of("02:00:00:00:00:01"));
        assertTrue(KnownTunnels.load(folder, "this").isOfThisBoot("flannel.1"));
        assertEquals(Optional.of(Mac.of("02:00:00:00:00:03")), KnownTunnels.load(folder, "this").mac(Ip.Family.V4, "flannel.3"));
    }
}
