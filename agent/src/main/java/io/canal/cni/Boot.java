package io.canal.cni;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The kernel's identity of this boot. */
final class Boot {

    private Boot() {}

    static String id() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
        } catch (IOException failure) {
            throw new UncheckedIOException("every Linux has a boot id", failure);
        }
    }
}
