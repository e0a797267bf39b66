package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.agent.Conditions.Weight;
import io.canal.model.NodePaths;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CharmFolderTest {

    private static final String FOLDER = "/var/lib/juju/agents/unit-canal-0/charm";

    @TempDir
    Path root;

    private final Conditions conditions = new Conditions(() -> {});
    private String charmDir = FOLDER;

    @BeforeEach
    void setUp() throws Exception {
        Files.createDirectories(root.resolve(FOLDER.substring(1)));
    }

    private CharmFolder folder() {
        return new CharmFolder(new NodePaths(root), () -> charmDir, conditions);
    }

    private List<String> notes() {
        return conditions.sentences(Weight.NOTE);
    }

    @Test
    void a_folder_that_stays_away_is_named_and_is_forgiven_when_it_comes_back() throws Exception {
        CharmFolder folder = folder();
        folder.check();
        Files.delete(root.resolve(FOLDER.substring(1)));
        folder.check();
        folder.check();
        assertEquals(1, notes().size());
        assertTrue(notes().getFirst().startsWith("The charm's folder " + FOLDER + " is gone"), notes()::toString);
        Files.createDirectory(root.resolve(FOLDER.substring(1)));
        folder.check();
        assertEquals(List.of(), notes());
    }

    @Test
    void a_folder_that_is_being_replaced_is_not_named() throws Exception {
        CharmFolder folder = folder();
        Files.delete(root.resolve(FOLDER.substring(1)));
        folder.check();
        Files.createDirectory(root.resolve(FOLDER.substring(1)));
        folder.check();
        assertEquals(List.of(), notes());
    }

    @Test
    void without_juju_there_is_none_to_miss() {
        charmDir = "";
        CharmFolder folder = folder();
        folder.check();
        folder.check();
        assertEquals(List.of(), notes());
    }
}
