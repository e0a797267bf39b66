package io.canal.agent;

import io.canal.reconcile.Clock;
import io.canal.store.MemoryStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.stream.Stream;

/** Walks through a start in a folder of its own, so that the build can record which classes a start loads. Needs no root. */
final class Training {

    private Training() {}

    static void run(Path home) throws IOException {
        Path root = Files.createTempDirectory("canal-train");
        try {
            Arguments arguments = new Arguments(Arguments.Mode.TRAIN, root, home, Optional.empty());
            try (Agent agent = new Agent(arguments, _ -> new MemoryStore(Clock.system()), Clock.system())) {
                agent.start();
            }
        } finally {
            delete(root);
        }
    }

    private static void delete(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
            });
        }
    }
}
