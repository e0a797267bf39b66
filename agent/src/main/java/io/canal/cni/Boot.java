package io.canal.cni;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/** The kernel's identity of this boot. */
final class Boot {

    private Boot() {}

    /** When it began. */
    static Instant time() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/stat"))) {
            if (line.startsWith("btime ")) {
                return Instant.ofEpochSecond(Long.parseLong(line.substring(6).strip()));
            }
        }
        throw new IOException("/proc/stat has no btime");
    }

    static String id() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
        } catch (IOException failure) {
            throw new UncheckedIOException("every Linux has a boot id", failure);
        }
    }
}
