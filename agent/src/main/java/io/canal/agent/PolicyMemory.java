package io.canal.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.store.Feed;
import io.canal.store.Store;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calico's data as etcd last had it, in {@code /var/lib/canal/policy.last}, for a start while etcd is away: a listing, and behind it
 * the changes since, each as it came. A listing of an etcd that is not trusted yet lies beside the file and does not count.
 *
 * <p>A record is the length of the key, the key, the length of the value or -1 for a deletion, the value. A last one that was cut
 * off is passed over.
 */
final class PolicyMemory implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(PolicyMemory.class);
    private static final int BUFFER = 1 << 16;
    private static final int LONGEST = 1 << 24;

    /** Makes a file, or a folder's entries, outlive a loss of power. */
    interface ToDisk {
        void force(Path what) throws IOException;
    }

    private final Path file;
    private final Path draft;
    private final ToDisk toDisk;
    private final Executor later;
    private @Nullable DataOutputStream out;
    private boolean drafted;
    private boolean stale = true;

    PolicyMemory(Path stateDir) {
        this(stateDir, Runnable::run);
    }

    /** @param later does what may wait for the disk */
    PolicyMemory(Path stateDir, Executor later) {
        this(stateDir, later, PolicyMemory::force);
    }

    PolicyMemory(Path stateDir, Executor later, ToDisk toDisk) {
        this.later = later;
        this.toDisk = toDisk;
        file = stateDir.resolve("policy.last");
        draft = stateDir.resolve("policy.draft");
    }

    /** Whether the next listing is to be written whole: there was news since the last, or it could not be kept. */
    synchronized boolean stale() {
        return stale;
    }

    /** A listing begins, in the place of the last one; it counts when it is {@link #complete}. */
    synchronized void begin() {
        closeOut();
        drafted = false;
        stale = true;
        try {
            Files.createDirectories(draft.getParent());
            Files.deleteIfExists(draft);
            Files.createFile(draft, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(draft), BUFFER));
        } catch (IOException failure) {
            failed(draft, failure);
        }
    }

    /** Part of the listing that was begun. */
    synchronized void add(List<Store.Entry> entries) {
        DataOutputStream now = out;
        if (now == null) {
            return;
        }
        try {
            for (Store.Entry entry : entries) {
                write(now, entry.key(), entry.value());
            }
        } catch (IOException failure) {
            failed(draft, failure);
        }
    }

    /** That was all of it. */
    synchronized void complete() {
        DataOutputStream now = out;
        if (now == null) {
            return;
        }
        try {
            now.flush();
            drafted = true;
            stale = false;
        } catch (IOException failure) {
            failed(draft, failure);
        }
    }

    synchronized void changed(List<Feed.Change> changes) {
        if (changes.isEmpty()) {
            return;
        }
        stale = true;
        DataOutputStream now = out;
        if (now == null) {
            return;
        }
        try {
            for (Feed.Change change : changes) {
                write(now, change.key(), change instanceof Feed.Change.Put(Store.Entry entry) ? entry.value() : null);
            }
            now.flush();
        } catch (IOException failure) {
            failed(drafted ? draft : file, failure);
        }
    }

    /** The listing is of the right etcd; nobody waits until the disk has it. */
    void trustSoon() {
        later.execute(this::trust);
    }

    /** The listing is of the right etcd. */
    synchronized void trust() {
        if (drafted) {
            try {
                toDisk.force(draft);
                Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                toDisk.force(file.resolveSibling("").toAbsolutePath());
                drafted = false;
            } catch (IOException failure) {
                failed(file, failure);
            }
        }
    }

    /** The values by key; empty where nothing is remembered. */
    synchronized Map<String, String> recall() {
        Map<String, String> values = new HashMap<>();
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), BUFFER))) {
            while (true) {
                String key = new String(bytes(in, in.readInt()), UTF_8);
                int length = in.readInt();
                if (length < 0) {
                    values.remove(key);
                } else {
                    values.put(key, new String(bytes(in, length), UTF_8));
                }
            }
        } catch (EOFException | NoSuchFileException end) {
            return values;
        } catch (IOException unreadable) {
            log.warn("{} cannot be read whole: {}; what could be read counts", file, unreadable.getMessage());
            return values;
        }
    }

    @Override
    public synchronized void close() {
        closeOut();
    }

    /** A listing takes the place of another only when it would outlive a loss of power. */
    private static void force(Path what) throws IOException {
        try (FileChannel channel = FileChannel.open(what)) {
            channel.force(true);
        }
    }

    private static byte[] bytes(DataInputStream in, int length) throws IOException {
        if (length < 0 || length > LONGEST) {
            throw new IOException("a record of length " + length);
        }
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException();
        }
        return bytes;
    }

    private static void write(DataOutputStream out, String key, @Nullable String value) throws IOException {
        byte[] keyBytes = key.getBytes(UTF_8);
        out.writeInt(keyBytes.length);
        out.write(keyBytes);
        if (value == null) {
            out.writeInt(-1);
        } else {
            byte[] valueBytes = value.getBytes(UTF_8);
            out.writeInt(valueBytes.length);
            out.write(valueBytes);
        }
    }

    private void failed(Path path, IOException failure) {
        log.warn("{} could not be written, so a start without etcd will not know of the last changes: {}", path, failure.getMessage());
        stale = true;
        closeOut();
    }

    private void closeOut() {
        DataOutputStream now = out;
        out = null;
        if (now != null) {
            try {
                now.close();
            } catch (IOException failure) {
                log.debug("the memory of policy was not closed well: {}", failure.getMessage());
            }
        }
    }
}
