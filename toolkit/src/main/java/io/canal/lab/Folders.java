package io.canal.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Making and removing folders of ours. */
final class Folders {

    private Folders() {}

    /** The folder, made with those above it where it is absent. */
    static Path make(Path folder) {
        try {
            return Files.createDirectories(folder);
        } catch (IOException refused) {
            throw new LabException("The folder " + folder + " cannot be made: " + refused.getMessage(), refused);
        }
    }

    /** As {@link #make}, for root alone. */
    static Path makePrivate(Path folder) {
        try {
            if (Files.notExists(folder)) {
                Path parent = folder.getParent();
                if (parent != null) {
                    make(parent);
                }
                Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            }
            return folder;
        } catch (IOException refused) {
            throw new LabException("The folder " + folder + " cannot be made: " + refused.getMessage(), refused);
        }
    }

    /** Removes a folder and all below it, on this file system only: what is mounted there stays. */
    static void remove(Path folder) {
        if (Files.exists(folder)) {
            Program.of("rm", "-rf", "--one-file-system", "--", folder.toString()).must();
        }
    }
}
