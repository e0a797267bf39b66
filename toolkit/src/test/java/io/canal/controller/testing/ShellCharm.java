package io.canal.controller.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** A charm that is a folder with a few YAML files and a dispatch in shell. */
public final class ShellCharm {

    private final Path folder;

    private ShellCharm(Path folder) {
        this.folder = folder;
    }

    /** A charm with a name and the rest of its metadata; its dispatch does what the shell text says. */
    public static ShellCharm make(Path parent, String name, String metadata, String dispatch) throws IOException {
        ShellCharm charm = new ShellCharm(Files.createDirectories(parent.resolve(name)));
        charm.file("metadata.yaml", "name: " + name + "\nsummary: a test charm\ndescription: a test charm\n" + metadata);
        charm.file("manifest.yaml", "bases:\n- name: ubuntu\n  channel: \"24.04\"\n");
        charm.dispatch(dispatch);
        return charm;
    }

    /** Replaces what the charm's dispatch does. */
    public ShellCharm dispatch(String script) throws IOException {
        file("dispatch", "#!/bin/bash\n" + script);
        Files.setPosixFilePermissions(folder.resolve("dispatch"), PosixFilePermissions.fromString("rwxr-xr-x"));
        return this;
    }

    /** Adds or replaces a file. */
    public ShellCharm file(String name, String content) throws IOException {
        Files.createDirectories(folder.resolve(name).getParent());
        Files.writeString(folder.resolve(name), content);
        return this;
    }

    public Path folder() {
        return folder;
    }
}
