package io.canal.policy.testing;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * Files of recorded scenarios: those among the test's resources, and those of further folders, which lie in the folder that the
 * system property {@code felix.vectors} names.
 */
public final class FelixFiles {

    private static final String FURTHER = System.getProperty("felix.vectors", "");

    private FelixFiles() {}

    /** The scenarios of the resources by name, further ones by path. */
    public static Stream<String> scenarios() {
        if (FURTHER.isEmpty()) {
            return FelixScenario.NAMES.stream();
        }
        try (Stream<Path> folders = Files.list(Path.of(FURTHER))) {
            return Stream.concat(FelixScenario.NAMES.stream(), folders.filter(folder -> Files.exists(folder.resolve("etcd.json.gz")))
                    .map(folder -> folder.toAbsolutePath().toString()).sorted().toList().stream());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** A file of a scenario as text, unpacked where its name says so; empty where the scenario has none of that name. */
    public static Optional<String> text(String scenario, String name) {
        try {
            byte[] bytes;
            if (scenario.startsWith("/")) {
                Path file = Path.of(scenario, name);
                if (!Files.exists(file)) {
                    return Optional.empty();
                }
                bytes = Files.readAllBytes(file);
            } else {
                try (InputStream resource = FelixFiles.class.getResourceAsStream("/upstream/felix/" + scenario + "/" + name)) {
                    if (resource == null) {
                        return Optional.empty();
                    }
                    bytes = resource.readAllBytes();
                }
            }
            try (InputStream in = name.endsWith(".gz") ? new GZIPInputStream(new ByteArrayInputStream(bytes)) : new ByteArrayInputStream(bytes)) {
                return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
