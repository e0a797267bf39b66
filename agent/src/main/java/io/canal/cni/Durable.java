package io.canal.cni;

import io.canal.kernel.libc.Fd;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.libc.Libc;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;

/** Small files that must outlive a crash. */
final class Durable {

    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_FOLDER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private Durable() {}

    static void folder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(folder, PRIVATE_FOLDER);
        }
    }

    /** A new file in place of what was there; whole, but not yet on disk. */
    static void write(Path file, String text) throws IOException {
        Path whole = file.resolveSibling("." + file.getFileName() + ".new");
        Files.deleteIfExists(whole);
        Files.createFile(whole, PRIVATE);
        Files.writeString(whole, text, StandardOpenOption.WRITE);
        Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Waits until a file, and its name in its folder, are on disk. */
    static void sync(Path file) throws IOException {
        syncOne(file);
        syncOne(Objects.requireNonNull(file.toAbsolutePath().getParent()));
    }

    /** Adds to a file, and waits until that is on disk. */
    static void append(Path file, String text) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(false);
        }
    }

    private static void syncOne(Path path) throws IOException {
        try (Fd fd = Fd.open(path)) {
            int result = Libc.fsync(fd.number());
            if (result < 0) {
                throw new KernelException("fsync " + path, -result);
            }
        }
    }
}
