package io.canal.dataplane.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;

/**
 * Writes a file whole and at once: readers see the old text or the new one, also after a loss of power.
 *
 * <p>The new text goes to a file in the same folder whose name ends in {@code .tmp}, is forced to the disk, and is renamed.
 * containerd reloads on a rename within the folder and not on one from elsewhere, and takes up only names that end in
 * {@code .conf}, {@code .conflist} or {@code .json}.
 */
public final class AtomicFile {

    /** For everybody to read. */
    public static final Set<PosixFilePermission> READABLE = PosixFilePermissions.fromString("rw-r--r--");

    /** For root alone. */
    public static final Set<PosixFilePermission> SECRET = PosixFilePermissions.fromString("rw-------");

    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_FOLDER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    /** A write takes no longer than this. */
    private static final Duration SURELY_LEFT = Duration.ofMinutes(10);

    private AtomicFile() {}

    /** Writes {@code text} to {@code path}; makes its folder where that is absent, of a {@link #SECRET} file for root alone. */
    public static void write(Path path, String text, Set<PosixFilePermission> mode) throws IOException {
        Path folder = path.resolveSibling("").toAbsolutePath();
        if (mode.equals(SECRET)) {
            Files.createDirectories(folder, PRIVATE_FOLDER);
        } else {
            Files.createDirectories(folder);
        }
        Path temporary = folder.resolve("." + path.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
        sweep(folder, "." + path.getFileName() + ".", temporary);
        try {
            Files.deleteIfExists(temporary);
            try (FileChannel channel = FileChannel.open(temporary, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(SECRET))) {
                ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                // Set again: the mode given at creation passes through the umask.
                Files.setPosixFilePermissions(temporary, mode);
                channel.force(true);
            }
            Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileAlreadyExistsException race) {
            throw new IOException(temporary + " is written by another thread", race);
        } finally {
            Files.deleteIfExists(temporary);
        }
        try (FileChannel channel = FileChannel.open(folder)) {
            channel.force(true);
        }
    }

    /** Removes what writers that were killed have left. */
    private static void sweep(Path folder, String start, Path own) throws IOException {
        FileTime left = FileTime.from(Instant.now().minus(SURELY_LEFT));
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder,
                file -> file.getFileName().toString().startsWith(start) && file.getFileName().toString().endsWith(".tmp") && !file.equals(own))) {
            for (Path file : files) {
                if (Files.isRegularFile(file) && Files.getLastModifiedTime(file).compareTo(left) < 0) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (NoSuchFileException moved) {
            // Its writer was not dead; the rest is for the next write.
            return;
        }
    }
}
