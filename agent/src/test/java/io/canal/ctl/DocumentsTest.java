package io.canal.ctl;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.ctl.Workstation.Said;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are no YAML at all. */
class DocumentsTest {

    @TempDir
    Path folder;

    @Test
    void bytes_that_are_no_text_are_said_to_be_none() throws IOException {
        Files.write(folder.resolve("e.yaml"), new byte[] {0, 1, (byte) 0xff});
        Said said = new Workstation(folder, folder).run("", List.of("validate", "-f", "e.yaml"));
        assertEquals("1 failed to execute command: error converting YAML to JSON: yaml: e.yaml has bytes that are no UTF-8", said.code() + " " + said.stderr().strip());
    }

    @Test
    void a_value_within_itself_is_said_to_be_that() throws IOException {
        Files.writeString(folder.resolve("e.yaml"), "a: &a [*a]\n");
        Said said = new Workstation(folder, folder).run("", List.of("validate", "-f", "e.yaml"));
        assertEquals("1 failed to execute command: error converting YAML to JSON: yaml: nested too deeply, or an anchor whose value contains itself", said.code() + " " + said.stderr().strip());
    }
}
