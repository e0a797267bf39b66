package io.canal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.cli.Console.Said;
import io.canal.controller.MachineSpec;
import io.canal.controller.Model;
import io.canal.controller.Watcher;
import io.canal.controller.testing.ShellCharm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is wrong is refused with one sentence, never with Java's stack trace, and never taken for something else. */
final class WrongInputTest {

    @TempDir
    Path temp;

    private String folder;

    @BeforeEach
    void model() throws Exception {
        folder = temp.resolve("model").toString();
        try (Model model = Model.open(Path.of(folder), "model", Watcher.NONE)) {
            ShellCharm charm = ShellCharm.make(temp, "canal", "", "true\n").file("config.yaml", """
                    options:
                      mtu: {type: int, default: 0, description: mtu}
                    """).file("actions.yaml", "good: {description: succeeds}\n");
            // Nothing listens on the port of a machine of that address, so it refuses at once.
            model.addMachine(new MachineSpec("m1", "127.0.0.1", 1, "root", temp.resolve("key"), temp.resolve("known_hosts"), Optional.empty()));
            model.deploy("canal", model.charm(charm.folder()), Map.of(), List.of("m1"));
        }
    }

    @Test
    void a_missing_file_of_resources_is_told_in_calicoctls_words() {
        Said said = Console.run("apply", "--model", folder, "-f", "nosuch.yaml");
        assertEquals("failed to execute command: open nosuch.yaml: no such file or directory\n", said.stderr());
        assertEquals(1, said.code());
    }

    @Test
    void a_host_that_is_down_is_named_by_the_commands_for_resources() throws Exception {
        Path file = Files.writeString(temp.resolve("one.yaml"), "kind: IPPool\n");
        Said said = Console.run("apply", "--model", folder, "-f", file.toString());
        assertEquals(1, said.code());
        assertSentence(said, "127.0.0.1");
    }

    @Test
    void a_damaged_model_is_named_by_the_commands_for_resources() throws Exception {
        Files.writeString(Path.of(folder, "model.json"), "{");
        assertSentence(Console.run("get", "--model", folder, "ippool"), "model.json cannot be read as a model");
    }

    @Test
    void a_name_that_no_lab_can_have_is_refused() {
        assertSentence(Console.run("get", "--lab", "BAD!", "ippool"), "Lab name is \"BAD!\", expected");
    }

    @Test
    void a_missing_charm_or_file_is_more_than_a_path() {
        assertEquals("ERROR open nosuch.charm: no such file or directory\n", Console.run("deploy", "--model", folder, "nosuch.charm").stderr());
        assertEquals("ERROR open nosuch.charm: no such file or directory\n",
                Console.run("refresh", "--model", folder, "canal", "--path", "nosuch.charm").stderr());
        assertEquals("ERROR open nosuch.yaml: no such file or directory\n",
                Console.run("run", "--model", folder, "canal/0", "good", "--params", "nosuch.yaml").stderr());
    }

    private static void assertSentence(Said said, String part) {
        assertTrue(said.stderr().contains(part), said.stderr());
        assertFalse(said.stderr().contains("\tat "), said.stderr());
        assertEquals(1, said.stderr().lines().count(), said.stderr());
    }
}
