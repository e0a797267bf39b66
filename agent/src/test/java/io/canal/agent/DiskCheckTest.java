package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskCheckTest {

    @TempDir
    private Path root;

    @Test
    void a_folder_that_takes_what_is_written_is_left_as_it_was() throws Exception {
        assertEquals(Optional.empty(), new DiskCheck(List.of(root, root.resolve("absent"))).problem());
        try (var left = Files.list(root)) {
            assertEquals(List.of(), left.toList());
        }
    }

    /** Nothing can be made in /proc, by nobody. */
    @Test
    void a_folder_that_takes_nothing_is_named_with_the_reason_in_words() {
        String said = new DiskCheck(List.of(root, Path.of("/proc"))).problem().orElseThrow();
        assertTrue(said.startsWith("Nothing can be written to /proc, so no pod can be added: /proc/.canal-disk-check: "), said);
        assertTrue(!said.contains("Exception"), said);
    }
}
