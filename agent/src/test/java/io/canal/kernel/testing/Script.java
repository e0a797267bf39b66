package io.canal.kernel.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Programs that tests write. Another process does the writing: what this JVM has open for it is open, for a moment, in each process
 * that another test starts meanwhile, and the kernel runs no program that somebody may still write to (ETXTBSY).
 */
public final class Script {

    private Script() {}

    /** Makes an executable file, or puts it in the place of another. */
    public static Path write(Path file, String text) throws IOException {
        Process install = new ProcessBuilder("install", "-D", "-m", "755", "/dev/stdin", file.toString()).redirectErrorStream(true).start();
        try (OutputStream to = install.getOutputStream()) {
            to.write(text.getBytes(StandardCharsets.UTF_8));
        }
        String said = new String(install.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (install.waitFor() != 0) {
                throw new IOException("install " + file + ": " + said);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
        return file;
    }
}
