package io.canal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.controller.Model;
import io.canal.controller.Watcher;
import io.canal.controller.testing.ShellCharm;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command that the message about a subordinate's unit tells to use. */
final class RemoveRelationTest {

    @TempDir
    Path temp;

    @Test
    void a_relation_of_two_applications_is_removed_once() throws Exception {
        Path folder = temp.resolve("model");
        try (Model model = Model.open(folder, "model", Watcher.NONE)) {
            ShellCharm node = ShellCharm.make(temp, "node", "provides:\n  cni: {interface: kubernetes-cni}\n", "true\n");
            ShellCharm user = ShellCharm.make(temp, "user", "requires:\n  cni: {interface: kubernetes-cni}\n", "true\n");
            model.deploy("node", model.charm(node.folder()), Map.of(), List.of());
            model.deploy("user", model.charm(user.folder()), Map.of(), List.of());
            assertTrue(model.integrate("user", "node"));
        }
        String[] command = {"remove-relation", "--model", folder.toString(), "user:cni", "node"};
        assertEquals(0, Main.commandLine().execute(command));
        assertEquals(1, Main.commandLine().execute(command), "it is not there any more");
        try (Model model = Model.open(folder, "model", Watcher.NONE)) {
            assertTrue(model.integrate("user", "node"), "it can be made anew");
        }
    }
}
