package io.canal.cni;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/** The kernel's identity of this boot. */
final class Boot {

    private Boot() {}

    /** When it began, by a clock that says that it is now. */
    static Instant time(Instant now) throws IOException {
        String text = Files.readString(Path.of("/proc/uptime"));
        try {
            return now.minusMillis((long) (Double.parseDouble(text.substring(0, text.indexOf(' '))) * 1_000));
        } catch (IndexOutOfBoundsException | NumberFormatException malformed) {
            throw new IOException("/proc/uptime has \"" + text.strip() + "\", expected two numbers of seconds", malformed);
        }
    }

    static String id() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
        } catch (IOException failure) {
            throw new UncheckedIOException("every Linux has a boot id", failure);
        }
    }
}
