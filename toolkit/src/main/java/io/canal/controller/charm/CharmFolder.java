package io.canal.controller.charm;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** A charm that is a folder of files, and its packing into an archive by Juju's rules. */
public final class CharmFolder {

    private static final Set<String> LEFT_OUT = Set.of(".git", ".svn", ".hg", ".bzr", ".tox", ".jujuignore");
    private static final Set<String> LEFT_OUT_AT_TOP = Set.of("build", "revision", "version");
    /** One time for all entries: equal content makes equal archives, and an equal archive is no upgrade. */
    private static final FileTime TIME = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));

    private CharmFolder() {}

    /** Packs a folder; files are 0755 when their owner may execute them, else 0644. */
    public static void pack(Path folder, Path archive) throws IOException, CharmException {
        Files.deleteIfExists(archive);
        URI uri = URI.create("jar:" + archive.toUri());
        try (FileSystem zip = FileSystems.newFileSystem(uri, Map.of("create", "true", "enablePosixFileAttributes", "true"))) {
            for (Path source : files(folder)) {
                Path inside = folder.relativize(source);
                if (Files.isSymbolicLink(source) || !(Files.isRegularFile(source) || Files.isDirectory(source))) {
                    throw new CharmException("file is neither a plain file nor a folder: \"" + inside + "\"");
                }
                copy(source, zip.getPath("/").resolve(inside.toString()));
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(path -> !path.equals(folder) && isPacked(folder.relativize(path))).sorted().toList();
        }
    }

    private static boolean isPacked(Path inside) {
        for (Path part : inside) {
            if (LEFT_OUT.contains(part.toString())) {
                return false;
            }
        }
        return !LEFT_OUT_AT_TOP.contains(inside.getName(0).toString());
    }

    private static void copy(Path source, Path target) throws IOException {
        Set<PosixFilePermission> permissions;
        if (Files.isDirectory(source)) {
            Files.createDirectory(target);
            permissions = PosixFilePermissions.fromString("rwxr-xr-x");
        } else {
            Files.copy(source, target);
            permissions = PosixFilePermissions.fromString(Files.isExecutable(source) ? "rwxr-xr-x" : "rw-r--r--");
        }
        Files.setPosixFilePermissions(target, permissions);
        // The time of access would be that of now.
        Files.getFileAttributeView(target, BasicFileAttributeView.class).setTimes(TIME, TIME, TIME);
    }
}
