package io.canal.dataplane.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {

    @Test
    void what_a_killed_writer_left_goes_with_a_later_write(@TempDir Path folder) throws Exception {
        for (String name : List.of(".tunnels.77.tmp", ".tunnels.78.tmp", ".others.77.tmp")) {
            Files.writeString(folder.resolve(name), "half");
        }
        for (String name : List.of(".tunnels.77.tmp", ".others.77.tmp")) {
            Files.setLastModifiedTime(folder.resolve(name), FileTime.from(Instant.now().minusSeconds(3600)));
        }
        AtomicFile.write(folder.resolve("tunnels"), "whole", AtomicFile.SECRET);
        try (var files = Files.list(folder)) {
            assertEquals(List.of(".others.77.tmp", ".tunnels.78.tmp", "tunnels"), files.map(file -> file.getFileName().toString()).sorted().toList());
        }
    }
}
