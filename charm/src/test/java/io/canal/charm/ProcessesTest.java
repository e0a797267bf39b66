package io.canal.charm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

final class ProcessesTest {

    @TempDir
    Path home;

    private void program(String script) throws Exception {
        Path java = home.resolve("runtime/bin/java");
        Files.createDirectories(java.getParent());
        Files.writeString(java, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @Test
    @Timeout(8)
    void a_program_that_hangs_while_it_leaves_does_not_hold_the_hook() throws Exception {
        program("sleep 10");
        assertEquals(Optional.of("did not end within 1 s"), new Processes(Duration.ofSeconds(1)).leave(home));
    }

    @Test
    void what_a_program_that_fails_has_printed_is_told() throws Exception {
        program("echo the device is busy; exit 1");
        assertEquals(Optional.of("the device is busy"), new Processes().leave(home));
    }
}
