package io.canal.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.Program.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code ./canal} refuses, before it changes anything. */
class LauncherIT {

    private static final Path CANAL = Path.of(System.getProperty("canal.home"), "canal");

    @TempDir
    Path folder;

    @Test
    void it_is_a_script_for_any_posix_shell() {
        Program.of("dash", "-n", CANAL.toString()).must();
    }

    @Test
    void without_root_it_says_so_in_one_sentence() throws IOException {
        // Somebody else than root may not be able to read the checkout.
        Path copy = Files.copy(CANAL, folder.resolve("canal"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        refused(Program.of("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh", copy.toString(), "up"),
                "must be root; try: sudo");
    }

    @Test
    void where_network_namespaces_cannot_be_made_it_says_so_in_one_sentence() {
        refused(Program.of("setpriv", "--bounding-set", "-sys_admin", "sh", CANAL.toString(), "up"), "needs network namespaces");
    }

    @Test
    void an_unknown_word_after_test_is_named() {
        refused(Program.of("sh", CANAL.toString(), "test", "--fast"), "\"--fast\", expected nothing, --quick or --with-flanneld PATH");
        refused(Program.of("sh", CANAL.toString(), "test", "--with-flanneld", "/nowhere"), "\"/nowhere\", expected the path of a flanneld");
    }

    @Test
    void it_tells_how_it_is_used_from_any_folder_and_by_a_path_with_spaces() throws IOException {
        Path copy = Files.copy(CANAL, Files.createDirectory(folder.resolve("a b")).resolve("canal"));
        Outcome outcome = Program.of("sh", "-c", "cd / && exec \"$0\" --help", copy.toString()).run();
        assertEquals(0, outcome.code(), outcome.said());
        assertTrue(outcome.out().contains("up [--hosts N]"), outcome.out());
    }

    private static void refused(Program program, String part) {
        Outcome outcome = program.run();
        assertEquals(1, outcome.code(), outcome.said());
        assertTrue(outcome.err().contains(part), outcome.err());
        assertEquals(1, outcome.err().strip().lines().count(), outcome.err());
    }
}
