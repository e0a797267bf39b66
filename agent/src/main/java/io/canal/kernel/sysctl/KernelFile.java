package io.canal.kernel.sysctl;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files below {@code /proc}, of which the kernel does not tell the size. */
public final class KernelFile {

    /** Far more than any of them has. */
    private static final int MOST = 1 << 20;

    private KernelFile() {}

    /**
     * The whole text. {@link Files#readString} reads one byte first where the size is 0, and a sysctl then has no more to give
     * (proc_dointvec answers at position 0 alone): of 262144 there would be the 2.
     */
    public static String read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MOST), StandardCharsets.UTF_8);
        }
    }
}
