package io.canal.cni;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {

    @Test
    void an_entry_that_cannot_be_read_is_left_out_and_stays(@TempDir Path folder) throws Exception {
        Files.createDirectory(folder.resolve("a,eth0.endpoint"));
        Files.write(folder.resolve("b,eth0.endpoint"), new byte[] {(byte) 0xff, '\n'});
        Files.writeString(folder.resolve("c,eth0.endpoint"), "{}\nup\n");
        assertEquals(List.of(), new Journal(folder).load());
        try (var files = Files.list(folder)) {
            assertEquals(3, files.count());
        }
    }
}
