package io.canal.cni;

import io.canal.model.Decoded;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.reconcile.Clock;
import io.canal.store.Store;
import io.canal.store.StoreException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes to etcd that nobody waits for: one file each, carried out in the background, over and over until etcd took it.
 *
 * <p>The last write for a key takes the place of earlier ones. The folder is looked into now and then for writes that another
 * process, the plugin without its agent, has left there; what it left is newer than what is in memory.
 *
 * <p>Where etcd is out of reach everything waits. A write that etcd refuses, or that cannot be made, waits alone.
 *
 * <p>Writes that wait together go in one transaction, and while pods are being attached they wait a moment for each other: etcd and
 * the attaching share processors and disk, and nobody waits for the endpoint in etcd.
 */
final class Spool implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Spool.class);
    private static final String END = ".write";
    private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(5);
    /** What etcd refused is tried again after this. */
    private static final long RETRY_AFTER = TimeUnit.SECONDS.toNanos(5);
    private static final long LOOK_EVERY = TimeUnit.SECONDS.toNanos(30);
    /** So many go in one transaction; etcd's limit is 128 operations. */
    private static final int MOST_TOGETHER = 50;
    /** So long writes wait at most for pods that are being attached. */
    private static final long LONGEST_HOLD = TimeUnit.MILLISECONDS.toNanos(250);
    /** A runtime that attaches pods one after the other calls again within this. */
    private static final long LINGER = TimeUnit.MILLISECONDS.toNanos(10);

    private final Path folder;
    private final EtcdWrites etcd;
    private final Clock clock;
    private final Thread thread = Thread.ofVirtual().name("spool").unstarted(this::drain);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    // Guarded by the lock: by file.
    private final Map<Path, Write> waiting = new HashMap<>();
    // Of these, what has no file yet.
    private final Set<Path> unsaved = new HashSet<>();
    // Of these, what is not tried again before the time, in nanoseconds of the clock; and why.
    private final Map<Path, String> later = new HashMap<>();
    private long retryAt;
    // The last reason that was logged.
    private final Map<Path, String> told = new HashMap<>();
    private boolean hurry;
    private boolean closed;
    // How many pods are being attached or removed, and when the last one was.
    private int held;
    private long released;

    Spool(Path folder, Store store, Clock clock) throws IOException {
        this.folder = folder;
        this.etcd = new EtcdWrites(store, clock);
        this.released = clock.nanos() - LINGER;
        this.clock = clock;
        Durable.folder(folder);
    }

    void start() {
        thread.start();
    }

    /**
     * Hands in a write that the journal can make again. Its file is made only where etcd does not take it at once, or where another
     * write for the key has one.
     */
    void add(Write write) throws IOException {
        Path file = file(folder, write);
        lock.lock();
        try {
            // One write that sees to a network's profile is enough for all its pods.
            if (write instanceof Write.Ensure && waiting.get(file) instanceof Write.Ensure) {
                return;
            }
            if (Files.exists(file)) {
                save(file, write);
            } else {
                unsaved.add(file);
            }
            take(file, write);
            work.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #add(Write)}; the write is on disk when this returns. */
    void addDurably(Write write) throws IOException {
        Path file = file(folder, write);
        Path whole = Durable.prepare(file, write.encode(), true);
        lock.lock();
        try {
            Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            unsaved.remove(file);
            take(file, write);
            work.signalAll();
        } finally {
            lock.unlock();
        }
        Durable.syncFolder(file);
    }

    /** As {@link #addDurably}, or in memory alone where the disk takes nothing more; false then: it would not outlive this process. */
    boolean addAnyhow(Write write) {
        try {
            addDurably(write);
            return true;
        } catch (IOException full) {
            log.warn("the spool {} cannot be written: {}; the deletion of {} waits for etcd in memory", folder, full.toString(), write.key());
        }
        Path file = file(folder, write);
        lock.lock();
        try {
            // What is there is an earlier write for the key, of which nothing is to come any more; and room is welcome.
            Files.deleteIfExists(file);
        } catch (IOException failure) {
            log.warn("{} cannot be removed: {}", file, failure.toString());
        } finally {
            unsaved.add(file);
            take(file, write);
            work.signalAll();
            lock.unlock();
        }
        return false;
    }

    private static void save(Path file, Write write) throws IOException {
        Files.move(Durable.prepare(file, write.encode(), false), file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** What waits longer than a moment gets its file. */
    private void saveAll() {
        lock.lock();
        try {
            for (Path file : Set.copyOf(unsaved)) {
                Write write = waiting.get(file);
                if (Files.exists(file)) {
                    // Left by another process meanwhile, and so newer.
                    lookAt(file);
                } else if (write != null) {
                    save(file, write);
                }
                unsaved.remove(file);
            }
        } catch (IOException failure) {
            log.warn("the spool {} cannot be written: {}; what waits for etcd is kept in memory, and made again from the journal at the next start", folder, failure.toString());
        } finally {
            lock.unlock();
        }
    }

    /** Takes a write in, in place of an earlier one. Under the lock. */
    private void take(Path file, Write write) {
        waiting.put(file, write);
        later.remove(file);
    }

    /** While this is held, writes may wait a moment for more. */
    interface Hold extends AutoCloseable {
        @Override
        void close();
    }

    /** A pod is being attached or removed, until what this gives is closed. */
    Hold hold() {
        hold(1);
        return () -> hold(-1);
    }

    private void hold(int more) {
        lock.lock();
        try {
            held += more;
            if (held == 0) {
                released = clock.nanos();
                work.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Leaves a write for the agent, from another process. */
    static void leave(Path folder, Write write) throws IOException {
        Durable.folder(folder);
        Durable.write(file(folder, write), write.encode());
    }

    /** etcd may be within reach again. */
    void hurry() {
        lock.lock();
        try {
            hurry = true;
            work.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** How many writes wait. */
    int size() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            work.signalAll();
        } finally {
            lock.unlock();
        }
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static Path file(Path folder, Write write) {
        return folder.resolve(Digest.sha1(write.key().path()) + END);
    }

    private void drain() {
        long pause = 0;
        long looked = clock.nanos() - LOOK_EVERY;
        while (await(pause)) {
            if (clock.nanos() - looked >= LOOK_EVERY) {
                look();
                looked = clock.nanos();
            }
            pause = drainOnce() ? 0 : Math.min(Math.max(pause * 2, FIRST_PAUSE), LONGEST_PAUSE);
            saveAll();
        }
    }

    /** Waits for a write, or out a pause; false where the spool is closed. */
    private boolean await(long pause) {
        lock.lock();
        try {
            long left = pause > 0 ? pause : later.isEmpty() ? LOOK_EVERY : Math.max(0, retryAt - clock.nanos());
            while (!closed && !hurry && left > 0 && (pause > 0 || waiting.size() == later.size())) {
                left = work.awaitNanos(left);
            }
            for (long end = clock.nanos() + LONGEST_HOLD, more = more(end); !closed && !hurry && more > 0; more = more(end)) {
                left = work.awaitNanos(more);
            }
            if (hurry || clock.nanos() - retryAt >= 0) {
                later.clear();
            }
            hurry = false;
            return !closed;
        } catch (InterruptedException interrupted) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** Tries all that is not to wait; false where etcd is out of reach. */
    private boolean drainOnce() {
        for (Map<Path, Write> next = next(); !next.isEmpty(); next = next()) {
            try {
                boolean together = next.size() > 1 && etcd.carryOut(next.values());
                for (Map.Entry<Path, Write> one : next.entrySet()) {
                    carryOut(one.getKey(), one.getValue(), together);
                }
            } catch (StoreException failure) {
                log.debug("{} writes wait: {}", next.size(), failure.getMessage());
                return false;
            }
        }
        return true;
    }

    /** How long to wait for the pods that are being attached, and for the next one after them; under the lock. */
    private long more(long end) {
        long now = clock.nanos();
        return Math.min(end - now, held > 0 ? LONGEST_HOLD : released + LINGER - now);
    }

    private Map<Path, Write> next() {
        lock.lock();
        try {
            Map<Path, Write> next = new HashMap<>();
            for (Map.Entry<Path, Write> entry : waiting.entrySet()) {
                if (!closed && !later.containsKey(entry.getKey()) && next.size() < MOST_TOGETHER) {
                    next.put(entry.getKey(), entry.getValue());
                }
            }
            return next;
        } finally {
            lock.unlock();
        }
    }

    /**
     * One write, to its end.
     *
     * @param done whether it has been carried out already
     * @throws StoreException where etcd is out of reach
     */
    private void carryOut(Path file, Write write, boolean done) throws StoreException {
        try {
            Optional<String> reason = done ? Optional.empty() : etcd.carryOut(write);
            reason.ifPresentOrElse(why -> putOff(file, write, why), () -> done(file, write));
        } catch (StoreException failure) {
            if (failure.kind() == StoreException.Kind.UNAVAILABLE) {
                throw failure;
            }
            putOff(file, write, String.valueOf(failure.getMessage()));
        } catch (UncheckedIOException failure) {
            putOff(file, write, "the spool " + folder + " cannot be kept: " + failure.getCause());
        } catch (RuntimeException defect) {
            log.debug("{} failed", write.key(), defect);
            putOff(file, write, "a defect of canal, " + defect);
        }
    }

    private void putOff(Path file, Write write, String reason) {
        lock.lock();
        try {
            if (!write.equals(waiting.get(file))) {
                return;
            }
            if (later.isEmpty()) {
                retryAt = clock.nanos() + RETRY_AFTER;
            }
            later.put(file, reason);
            if (!reason.equals(told.put(file, reason))) {
                log.warn("{} is not in etcd as it should be, and is tried again: {}", write.key(), reason);
            }
        } finally {
            lock.unlock();
        }
    }

    private void done(Path file, Write write) {
        lock.lock();
        try {
            told.remove(file);
            // A newer write for the same key may have come meanwhile, from here or from another process.
            if (!write.equals(waiting.get(file))) {
                return;
            }
            Optional<Write> left = read(file).filter(newer -> !newer.equals(write));
            if (left.isPresent()) {
                take(file, left.get());
                return;
            }
            Files.deleteIfExists(file);
            waiting.remove(file);
            unsaved.remove(file);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } finally {
            lock.unlock();
        }
    }

    /** Takes in the files that are not known yet, or that another process has put in place of ours. */
    private void look() {
        lock.lock();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + END)) {
            for (Path file : files) {
                lookAt(file);
            }
        } catch (IOException | DirectoryIteratorException failure) {
            log.warn("the spool {} cannot be read: {}", folder, failure.toString());
        } finally {
            lock.unlock();
        }
    }

    private void lookAt(Path file) {
        try {
            read(file).filter(write -> !write.equals(waiting.get(file))).ifPresent(write -> take(file, write));
        } catch (IOException unreadable) {
            log.warn("{} is left out: {}", file, unreadable.toString());
        } catch (RuntimeException defect) {
            log.error("{} is left out; this is a defect of canal", file, defect);
        }
    }

    private static Optional<Write> read(Path file) throws IOException {
        try {
            Decoded<Write> decoded = Write.decode(file.toString(), new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
            return switch (decoded) {
                case Good<Write>(Write write) -> Optional.of(write);
                case Bad<Write>(var problem) -> {
                    log.warn("{}; it is left out", problem.sentence());
                    Files.move(file, file.resolveSibling(file.getFileName() + ".bad"), StandardCopyOption.REPLACE_EXISTING);
                    yield Optional.empty();
                }
            };
        } catch (NoSuchFileException done) {
            return Optional.empty();
        }
    }
}
