package io.canal.charm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Files on a node, written whole or not at all, and only where they differ. */
final class NodeFile {

    private NodeFile() {}

    /** Makes {@code file} hold {@code text} with these permissions ({@code rw-------}); whether that changed anything. */
    static boolean put(Path file, String text, String permissions) throws IOException {
        return put(file, text.getBytes(StandardCharsets.UTF_8), permissions);
    }

    static boolean put(Path file, byte[] content, String permissions) throws IOException {
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Arrays.equals(Files.readAllBytes(file), content)
                && PosixFilePermissions.toString(Files.getPosixFilePermissions(file)).equals(permissions)) {
            return false;
        }
        Files.createDirectories(folder(file));
        Path fresh = beside(file);
        Files.deleteIfExists(fresh);
        var mode = PosixFilePermissions.fromString(permissions);
        try (FileChannel channel = FileChannel.open(fresh, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer left = ByteBuffer.wrap(content);
            while (left.hasRemaining()) {
                channel.write(left);
            }
            Files.setPosixFilePermissions(fresh, mode);
            channel.force(true);
        }
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return true;
    }

    /** Makes {@code link} a symbolic link to {@code target}, replacing what was there in one step; whether that changed anything. */
    static boolean link(Path link, Path target) throws IOException {
        if (Files.isSymbolicLink(link) && Files.readSymbolicLink(link).equals(target)) {
            return false;
        }
        Files.createDirectories(folder(link));
        Path fresh = beside(link);
        Files.deleteIfExists(fresh);
        Files.createSymbolicLink(fresh, target);
        Files.move(fresh, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        return true;
    }

    /** Deletes a file or a whole folder, following no link; one that is not there is no error. */
    static void remove(Path path) throws IOException {
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure) throws IOException {
                Files.deleteIfExists(folder);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Deletes a folder where nothing is in it. */
    static void removeIfEmpty(Path folder) throws IOException {
        try {
            Files.delete(folder);
        } catch (DirectoryNotEmptyException | NoSuchFileException inUseOrGone) {
            // Somebody else's, or nobody's any more.
        }
    }

    /** Copies a folder with its permissions, times and links. The copy is complete before it has its name. */
    static void copyFolder(Path from, Path to) throws IOException {
        Path fresh = beside(to);
        remove(fresh);
        Files.createDirectories(folder(to));
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) throws IOException {
                Files.createDirectory(fresh.resolve(from.relativize(folder)));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.copy(file, fresh.resolve(from.relativize(file)), StandardCopyOption.COPY_ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
                return FileVisitResult.CONTINUE;
            }
        });
        Files.move(fresh, to, StandardCopyOption.ATOMIC_MOVE);
    }

    /** The text of a file, stripped; empty where there is no such file. */
    static String text(Path file) throws IOException {
        try {
            return Files.readString(file).strip();
        } catch (NoSuchFileException none) {
            return "";
        }
    }

    private static Path beside(Path path) {
        return path.resolveSibling("." + path.getFileName() + ".canal-new");
    }

    private static Path folder(Path path) {
        Path parent = path.getParent();
        if (parent == null) {
            throw new IllegalArgumentException(path + " has no folder");
        }
        return parent;
    }
}
