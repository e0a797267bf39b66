package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.text.GoJson;
import io.canal.controller.text.Trees;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The folder that a model lives in. {@code model.json} is replaced as a whole and fsynced, so that a controller killed at any
 * instant leaves a state that the model was in; {@code log} and {@code status-log} only grow. 0700, since relation data hold
 * private keys. One process changes it at a time; others may read.
 */
final class StateFolder implements AutoCloseable {

    private static final Set<PosixFilePermission> PRIVATE_FOLDER = PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> PRIVATE_FILE = PosixFilePermissions.fromString("rw-------");

    private static final Set<String> ITS_OWN = Set.of("model.json", "model.json.new", "lock", "log", "status-log", "charms", "resources");

    private final Path folder;
    private final FileChannel lockFile;
    private final FileLock lock;
    private final FileChannel log;
    private final FileChannel statusLog;

    private StateFolder(Path folder, FileChannel lockFile, FileLock lock) throws IOException {
        this.folder = folder;
        this.lockFile = lockFile;
        this.lock = lock;
        this.log = open(folder.resolve("log"));
        this.statusLog = open(folder.resolve("status-log"));
    }

    /**
     * Opens the folder for changes, creating it when absent.
     *
     * @throws ModelBusyException when another process has it open
     */
    static StateFolder open(Path folder, String who) throws IOException, ModelBusyException {
        Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(PRIVATE_FOLDER));
        close(folder);
        FileChannel lockFile = FileChannel.open(
                folder.resolve("lock"),
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PRIVATE_FILE));
        FileLock lock;
        try {
            lock = lockFile.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            ByteBuffer holder = ByteBuffer.allocate(200);
            lockFile.read(holder, 0);
            lockFile.close();
            String name = new String(holder.array(), 0, holder.position(), StandardCharsets.UTF_8).strip();
            throw new ModelBusyException("the model in " + folder + " is being changed by another command"
                    + (name.isEmpty() ? "" : " (" + name + ")") + "; try again when it has ended");
        }
        lockFile.truncate(0);
        lockFile.write(ByteBuffer.wrap(("process " + ProcessHandle.current().pid() + ", " + who + "\n")
                .getBytes(StandardCharsets.UTF_8)), 0);
        return new StateFolder(folder, lockFile, lock);
    }

    /** One that somebody made for a model is closed to others; one that has other things in it is left as it is. */
    private static void close(Path folder) throws IOException {
        try (Stream<Path> there = Files.list(folder)) {
            if (there.allMatch(path -> ITS_OWN.contains(path.getFileName().toString())) && !Files.getPosixFilePermissions(folder).equals(PRIVATE_FOLDER)) {
                Files.setPosixFilePermissions(folder, PRIVATE_FOLDER);
            }
        }
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                PosixFilePermissions.asFileAttribute(PRIVATE_FILE));
    }

    /** The state on disk; empty when there is none yet. Needs no lock. */
    static Optional<ModelState> load(Path folder) throws IOException {
        Path file = folder.resolve("model.json");
        String text;
        try {
            text = Files.readString(file);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
        try {
            return Optional.of(ModelState.of(Trees.json(text)));
        } catch (RuntimeException e) {
            throw new IOException(file + " cannot be read as a model: " + e.getMessage(), e);
        }
    }

    /** Makes the state what is on disk, durably. */
    void save(ModelState state) throws IOException {
        Path fresh = folder.resolve("model.json.new");
        try (FileChannel file = FileChannel.open(
                fresh,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING),
                PosixFilePermissions.asFileAttribute(PRIVATE_FILE))) {
            ByteBuffer bytes = ByteBuffer.wrap(GoJson.line(state.toJson()).getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                file.write(bytes);
            }
            file.force(true);
        }
        Files.move(fresh, folder.resolve("model.json"), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
            directory.force(true);
        }
    }

    /** Adds a line to the log of what units and hooks say. */
    void log(String line) throws IOException {
        log.write(ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    /** Adds a line to the log of statuses. */
    void logStatus(JsonNode entry) throws IOException {
        statusLog.write(ByteBuffer.wrap((GoJson.line(entry) + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    Path charms() throws IOException {
        return Files.createDirectories(folder.resolve("charms"), PosixFilePermissions.asFileAttribute(PRIVATE_FOLDER));
    }

    Path resources() throws IOException {
        return Files.createDirectories(folder.resolve("resources"), PosixFilePermissions.asFileAttribute(PRIVATE_FOLDER));
    }

    @Override
    public void close() throws IOException {
        log.close();
        statusLog.close();
        lock.release();
        lockFile.close();
    }
}
