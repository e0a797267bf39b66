package io.canal.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.model.DiskReason;
import io.canal.store.Feed;
import io.canal.store.Store;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calico's data as etcd last had it, in {@code /var/lib/canal/policy.last}, for a start while etcd is away: a listing, and behind it
 * the changes since, each as it came; the file is written anew when those have become much. A listing of an etcd that is not trusted yet
 * lies beside the file and does not count.
 *
 * <p>A record is the length of the key, the key, the length of the value or -1 for a deletion, the value. A last one that was cut
 * off is passed over.
 */
final class PolicyMemory implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(PolicyMemory.class);
    private static final int BUFFER = 1 << 16;
    private static final int LONGEST = 1 << 24;
    /** What came since is not much before it is as long as the listing, and as this. */
    private static final long MUCH = 1 << 24;
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

    /** Makes a file, or a folder's entries, outlive a loss of power. */
    interface ToDisk {
        void force(Path what) throws IOException;
    }

    private final Path file;
    private final Path draft;
    private final Path shrunk;
    private final ToDisk toDisk;
    private final Executor later;
    private @Nullable DataOutputStream out;
    /** What is written through. No channel: one is closed when the thread that writes is interrupted, as a feed's is at its end. */
    private @Nullable RandomAccessFile kept;
    private boolean drafted;
    /** Whether what is written to is the file, and no draft. */
    private boolean counts;
    private boolean stale = true;
    /** How long it was when all of it counted. */
    private long whole;
    private boolean shrinking;

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
        shrunk = stateDir.resolve("policy.shrunk");
    }

    /** Whether the next listing is to be written whole: there was news since the last, or it could not be kept. */
    synchronized boolean stale() {
        return stale;
    }

    /** Whether something could not be kept, so that only a listing tells what is to be remembered. */
    synchronized boolean hasLost() {
        return out == null;
    }

    /** A listing begins, in the place of the last one; it counts when it is {@link #complete}. */
    synchronized void begin() {
        closeOut();
        drafted = false;
        counts = false;
        stale = true;
        try {
            Files.deleteIfExists(shrunk);
            use(created(draft));
        } catch (IOException failure) {
            failed(draft, failure);
        }
    }

    private static RandomAccessFile created(Path path) throws IOException {
        Files.createDirectories(path.getParent());
        Files.deleteIfExists(path);
        Files.createFile(path, PRIVATE);
        return new RandomAccessFile(path.toFile(), "rw");
    }

    /** Appends what {@code from} has from {@code at} on; where {@code from} is written next stays as it is. */
    private static void copy(RandomAccessFile from, long at, RandomAccessFile to) throws IOException {
        long end = from.getFilePointer();
        byte[] some = new byte[BUFFER];
        try {
            from.seek(at);
            for (long left = end - at; left > 0; ) {
                int length = (int) Math.min(left, some.length);
                from.readFully(some, 0, length);
                to.write(some, 0, length);
                left -= length;
            }
        } finally {
            from.seek(end);
        }
    }

    private void use(RandomAccessFile opened) throws IOException {
        kept = opened;
        out = stream(opened);
    }

    private static DataOutputStream stream(RandomAccessFile to) throws IOException {
        return new DataOutputStream(new BufferedOutputStream(new FileOutputStream(to.getFD()), BUFFER));
    }

    /** Where somebody removed the file, it is written again from what is still open of it, and goes on from there. */
    synchronized void writeAgain() {
        RandomAccessFile had = kept;
        if (had == null || !counts || Files.exists(file)) {
            return;
        }
        try {
            RandomAccessFile copy = created(draft);
            try {
                copy(had, 0, copy);
            } catch (IOException failure) {
                copy.close();
                throw failure;
            }
            closeOut();
            use(copy);
            drafted = true;
            trust();
        } catch (IOException failure) {
            failed(file, failure);
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
            whole = length();
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
            if (!shrinking && length() - whole > Math.max(whole, MUCH)) {
                shrinking = true;
                later.execute(this::shrink);
            }
        } catch (IOException failure) {
            failed(written(), failure);
        }
    }

    private long length() throws IOException {
        RandomAccessFile now = kept;
        return now == null ? 0 : now.length();
    }

    private Path written() {
        return drafted ? draft : file;
    }

    /** Writes what is written anew, without what was overtaken since. What comes meanwhile waits for no disk, and is put behind it. */
    private void shrink() {
        try {
            RandomAccessFile had;
            long upTo;
            Path from;
            synchronized (this) {
                had = drafted || counts ? kept : null;
                upTo = length();
                from = written();
                // Where this fails it is not tried again at once.
                whole = upTo;
            }
            if (had != null) {
                shrink(had, upTo, from);
            }
        } catch (IOException failure) {
            log.warn("{} could not be made shorter: {}", file, DiskReason.of(failure));
        } finally {
            synchronized (this) {
                shrinking = false;
            }
        }
    }

    private void shrink(RandomAccessFile had, long upTo, Path from) throws IOException {
        RandomAccessFile made = created(shrunk);
        boolean taken = false;
        try {
            Map<String, Long> last = new HashMap<>();
            read(from, upTo, (at, key, value) -> last.put(key, at));
            DataOutputStream to = stream(made);
            read(from, upTo, (at, key, value) -> {
                if (value != null && Long.valueOf(at).equals(last.get(key))) {
                    write(to, key, value);
                }
            });
            to.flush();
            toDisk.force(shrunk);
            synchronized (this) {
                // Else it was listed anew meanwhile.
                if (had.equals(kept)) {
                    whole = made.length();
                    copy(had, upTo, made);
                    Files.move(shrunk, written(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                    taken = true;
                    closeOut();
                    use(made);
                }
            }
        } finally {
            if (!taken) {
                made.close();
                Files.deleteIfExists(shrunk);
            }
        }
        toDisk.force(file.resolveSibling("").toAbsolutePath());
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
                counts = true;
            } catch (IOException failure) {
                failed(file, failure);
            }
        }
    }

    /** The values by key; empty where nothing is remembered. */
    synchronized Map<String, String> recall() {
        Map<String, String> values = new HashMap<>();
        try {
            read(file, Long.MAX_VALUE, (at, key, value) -> {
                if (value == null) {
                    values.remove(key);
                } else {
                    values.put(key, value);
                }
            });
        } catch (NoSuchFileException none) {
            return values;
        } catch (IOException unreadable) {
            log.warn("{} cannot be read whole: {}; what could be read counts", file, unreadable.getMessage());
        }
        return values;
    }

    /** Takes a record, and where it begins. */
    private interface Records {
        void take(long at, String key, @Nullable String value) throws IOException;
    }

    private static void read(Path from, long upTo, Records records) throws IOException {
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(from), BUFFER))) {
            for (long at = 0; at < upTo; ) {
                byte[] key = bytes(in, in.readInt());
                int length = in.readInt();
                records.take(at, new String(key, UTF_8), length < 0 ? null : new String(bytes(in, length), UTF_8));
                at += 2L * Integer.BYTES + key.length + Math.max(length, 0);
            }
        } catch (EOFException end) {
            // Of the last record not all may be there.
            return;
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
        log.warn("{} could not be written, so a start without etcd will not know of the last changes until all is listed anew, in some minutes: {}", path, failure.getMessage());
        stale = true;
        closeOut();
    }

    private void closeOut() {
        DataOutputStream now = out;
        out = null;
        kept = null;
        if (now != null) {
            try {
                now.close();
            } catch (IOException failure) {
                log.debug("the memory of policy was not closed well: {}", failure.getMessage());
            }
        }
    }
}
