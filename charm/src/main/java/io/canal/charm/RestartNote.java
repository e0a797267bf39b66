package io.canal.charm;

import io.canal.juju.HookContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * That the program was changed and the agent may still run from the one before. It outlives hooks that fail, and those that do not
 * get as far as the agent because an option is wrong.
 */
record RestartNote(Path file) {

    static RestartNote of(HookContext context) {
        return new RestartNote(context.charmDir().resolve(".canal-restart"));
    }

    void leave() throws IOException {
        NodeFile.put(file, "", "rw-r--r--");
    }

    boolean isLeft() {
        return Files.exists(file);
    }

    void remove() throws IOException {
        Files.deleteIfExists(file);
    }
}
