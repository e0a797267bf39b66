package io.canal.dataplane.link;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.dataplane.sysctl.SavedSysctls;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnownTunnelsTest {

    @Test
    void a_damaged_line_is_dropped_and_the_others_are_known(@TempDir Path folder) throws Exception {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        text.write(new byte[] {(byte) 0xff, (byte) 0xfe, '\n'});
        text.write("flannel.1 02:00:00:00:00:01\n".getBytes(StandardCharsets.UTF_8));
        Files.write(folder.resolve("tunnels"), text.toByteArray());
        assertEquals(Set.of("flannel.1"), KnownTunnels.load(folder).names());
    }

    @Test
    void a_file_that_cannot_be_read_keeps_nobody_from_starting(@TempDir Path folder) throws Exception {
        Files.createDirectory(folder.resolve("tunnels"));
        Files.createDirectory(folder.resolve("sysctls"));
        assertEquals(Set.of(), KnownTunnels.load(folder).names());
        // It has nothing to put back.
        SavedSysctls.load(folder).putBack("net/ipv4/ip_forward");
    }
}
