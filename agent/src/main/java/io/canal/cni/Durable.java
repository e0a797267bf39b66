package io.canal.cni;

import io.canal.kernel.libc.Fd;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.libc.Libc;
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
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;

/** Small files that must outlive a crash. */
final class Durable {

    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_FOLDER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private static final String NEW = ".new";
    private static final Duration SURELY_LEFT = Duration.ofHours(1);

    private Durable() {}

    static void folder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            Files.createDirectories(folder, PRIVATE_FOLDER);
        }
    }

    /** A new file in place of what was there; it and its name are on disk when this returns. */
    static void write(Path file, String text) throws IOException {
        Files.move(prepare(file, text, true), file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        syncFolder(file);
    }

    /**
     * A file that was not there; it and its name are on disk when this returns. After a power cut before that it may be there in part.
     *
     * <p>The name is given before anything goes to disk, so that the file system's journal is waited for once: at the folder's turn
     * there is nothing left to do.
     */
    static void create(Path file, String text) throws IOException {
        try (FileChannel channel = FileChannel.open(file, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW), PRIVATE)) {
            writeAll(channel, text);
            channel.force(true);
        } catch (FileAlreadyExistsException present) {
            throw present;
        } catch (IOException failure) {
            Files.deleteIfExists(file);
            throw failure;
        }
        syncFolder(file);
    }

    /** Writes the text beside the file, to disk where that is wanted; what gives it its place is a move. */
    static Path prepare(Path file, String text, boolean toDisk) throws IOException {
        // A name of its own: the same file may be written by other threads, and by the plugin without its agent, at once.
        Path whole = Files.createTempFile(folderOf(file), "." + file.getFileName(), NEW, PRIVATE);
        try {
            if (toDisk) {
                append(whole, text);
            } else {
                Files.writeString(whole, text, StandardOpenOption.WRITE);
            }
        } catch (IOException failure) {
            Files.deleteIfExists(whole);
            throw failure;
        }
        return whole;
    }

    /** Removes what a crash left of files that were not whole yet. */
    static void sweep(Path folder, Instant now) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, ".*" + NEW)) {
            for (Path file : files) {
                if (Files.getLastModifiedTime(file).toInstant().isBefore(now.minus(SURELY_LEFT))) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (NoSuchFileException moved) {
            // Its writer was not dead; the rest is for the next start.
            return;
        }
    }

    /** Waits until the file's name is on disk. */
    static void syncFolder(Path file) throws IOException {
        Path folder = folderOf(file);
        try (Fd fd = Fd.open(folder)) {
            int result = Libc.fsync(fd.number());
            if (result < 0) {
                throw new KernelException("fsync " + folder, -result);
            }
        }
    }

    /** Adds to a file, and waits until that is on disk. */
    static void append(Path file, String text) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            writeAll(channel, text);
            channel.force(false);
        }
    }

    private static void writeAll(FileChannel channel, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static Path folderOf(Path file) {
        return Objects.requireNonNull(file.toAbsolutePath().getParent());
    }
}
