package io.canal.dataplane.filter;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The dataplane that carried the rules last, on disk. */
final class LastChoice {

    private final Path file;
    /** What is known to be in the file: it is asked in each pass. */
    private @Nullable FilterBackend written;

    LastChoice(Path stateDir) {
        file = stateDir.resolve("packet-filter");
    }

    /** Empty where there is none, or one that this version does not know. */
    Optional<FilterBackend> read() {
        try {
            return FilterBackend.parse(Files.readString(file, StandardCharsets.UTF_8).strip());
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }

    void write(FilterBackend backend) throws IOException {
        if (backend == written) {
            return;
        }
        if (read().filter(backend::equals).isPresent()) {
            written = backend;
            return;
        }
        Files.createDirectories(file.getParent());
        Path draft = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(draft, backend.text() + "\n", StandardCharsets.UTF_8);
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        written = backend;
    }

    void delete() throws IOException {
        written = null;
        try {
            Files.delete(file);
        } catch (NoSuchFileException never) {
            return;
        }
    }
}
