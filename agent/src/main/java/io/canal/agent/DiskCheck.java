package io.canal.agent;

import io.canal.model.DiskReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Whether the folders that a new pod needs take what is written: not so on a disk that is full, has failed, or is read-only. */
final class DiskCheck {

    /** More than fits beside a file's name. */
    private static final int SIZE = 4096;

    private final List<Path> folders;

    /** @param folders those that are not there are left out */
    DiskCheck(List<Path> folders) {
        this.folders = folders;
    }

    /** Writes a little into each folder, and removes it; says which folder does not take it, and why. */
    Optional<String> problem() {
        for (Path folder : folders) {
            if (Files.isDirectory(folder)) {
                try {
                    write(folder);
                } catch (IOException failure) {
                    return Optional.of("Nothing can be written to " + folder + ", so no pod can be added: " + DiskReason.of(failure) + ".");
                }
            }
        }
        return Optional.empty();
    }

    private static void write(Path folder) throws IOException {
        Path probe = folder.resolve(".canal-disk-check");
        try {
            Files.write(probe, new byte[SIZE]);
        } finally {
            Files.deleteIfExists(probe);
        }
    }
}
