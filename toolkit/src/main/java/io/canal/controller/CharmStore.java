package io.canal.controller;

import io.canal.controller.charm.Charm;
import io.canal.controller.charm.CharmException;
import io.canal.controller.charm.CharmFolder;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** The charms of a model by digest, as archives and, for sending, as tars. */
final class CharmStore {

    private final Path folder;
    private final Map<String, Charm> charms = new ConcurrentHashMap<>();

    CharmStore(Path folder) {
        this.folder = folder;
    }

    /** Takes a copy of a {@code .charm} file, or packs a folder. */
    Charm add(Path source) throws IOException, CharmException {
        Path copy = Files.createTempFile(folder, "new-", ".charm");
        try {
            if (Files.isDirectory(source)) {
                CharmFolder.pack(source, copy);
            } else {
                Files.copy(source, copy, StandardCopyOption.REPLACE_EXISTING);
            }
            String digest = Charm.read(copy).archive().digest();
            Path kept = archive(digest);
            if (!Files.exists(kept)) {
                Files.move(copy, kept, StandardCopyOption.ATOMIC_MOVE);
            }
            return get(digest);
        } catch (CharmException wrong) {
            // It names what it was given.
            throw new CharmException(String.valueOf(wrong.getMessage()).replace(String.valueOf(copy.getFileName()), source.toString()));
        } finally {
            Files.deleteIfExists(copy);
        }
    }

    Charm get(String digest) throws IOException {
        Charm known = charms.get(digest);
        if (known != null) {
            return known;
        }
        try {
            Charm charm = Charm.read(archive(digest), digest);
            charms.put(digest, charm);
            return charm;
        } catch (CharmException e) {
            throw new IOException("charm " + archive(digest) + " in the store is damaged: " + e.getMessage(), e);
        }
    }

    /** The charm as a tar, made when it is wanted for the first time. Not compressed: that would take longer than sending. */
    Path tar(Charm charm) throws IOException {
        Path file = folder.resolve(charm.archive().digest() + ".tar");
        synchronized (charm) {
            if (!Files.exists(file)) {
                Path fresh = Files.createTempFile(folder, "new-", ".tar");
                try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(fresh), 1 << 16)) {
                    charm.archive().writeTar(out);
                }
                Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        return file;
    }

    /** Deletes what no digest of these names. */
    void keepOnly(Set<String> digests) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                if (!digests.contains(file.getFileName().toString().split("\\.", 2)[0])) {
                    Files.delete(file);
                }
            }
        }
    }

    private Path archive(String digest) {
        return folder.resolve(digest + ".charm");
    }
}
