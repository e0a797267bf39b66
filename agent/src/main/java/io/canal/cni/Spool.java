package io.canal.cni;

import io.canal.model.Decoded;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.calico.Resource;
import io.canal.model.calico.WorkloadEndpoint;
import io.canal.reconcile.Clock;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes to etcd that nobody waits for: one file each, carried out in the background, over and over until etcd took it.
 *
 * <p>The last write for a key takes the place of earlier ones. The folder is looked into now and then for writes that another
 * process, the plugin without its agent, has left there.
 */
final class Spool implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Spool.class);
    private static final String END = ".write";
    private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(5);
    private static final long LOOK_EVERY = TimeUnit.SECONDS.toNanos(30);
    /** A write that loses its comparison this often against other writers is left for later. */
    private static final int TRIES = 6;

    private final Path folder;
    private final Store store;
    private final Clock clock;
    private final Thread thread = Thread.ofVirtual().name("spool").unstarted(this::drain);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    // Guarded by the lock: by file.
    private final Map<Path, Write> waiting = new HashMap<>();
    private boolean hurry;
    private boolean closed;

    Spool(Path folder, Store store, Clock clock) throws IOException {
        this.folder = folder;
        this.store = store;
        this.clock = clock;
        Durable.folder(folder);
    }

    void start() {
        thread.start();
    }

    /** Hands in a write that can be made again from the journal; a power cut may lose it. Not twice at a time for one key. */
    void add(Write write) throws IOException {
        add(write, false);
    }

    /** As {@link #add(Write)}; the write is on disk when this returns. */
    void addDurably(Write write) throws IOException {
        add(write, true);
        Durable.syncFolder(file(folder, write));
    }

    private void add(Write write, boolean toDisk) throws IOException {
        Path file = file(folder, write);
        Path whole = Durable.prepare(file, write.encode(), toDisk);
        lock.lock();
        try {
            Files.move(whole, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            waiting.put(file, write);
            work.signalAll();
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
        }
    }

    /** Waits for a write, or out a pause; false where the spool is closed. */
    private boolean await(long pause) {
        lock.lock();
        try {
            long left = pause == 0 ? LOOK_EVERY : pause;
            while (!closed && !hurry && left > 0 && (pause > 0 || waiting.isEmpty())) {
                left = work.awaitNanos(left);
            }
            hurry = false;
            return !closed;
        } catch (InterruptedException interrupted) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** Carries out all that waits; false where something is left. */
    private boolean drainOnce() {
        while (true) {
            Map.Entry<Path, Write> next = next();
            if (next == null) {
                return true;
            }
            try {
                if (!carryOut(next.getValue())) {
                    return false;
                }
                done(next.getKey(), next.getValue());
            } catch (StoreException failure) {
                log.debug("{} waits: {}", next.getValue().key(), failure.getMessage());
                return false;
            } catch (IOException failure) {
                log.warn("the spool {} cannot be kept: {}", folder, failure.toString());
                return false;
            }
        }
    }

    private Map.@Nullable Entry<Path, Write> next() {
        lock.lock();
        try {
            return closed || waiting.isEmpty() ? null : Map.entry(waiting.keySet().iterator().next(), waiting.values().iterator().next());
        } finally {
            lock.unlock();
        }
    }

    private void done(Path file, Write write) throws IOException {
        lock.lock();
        try {
            // A newer write for the same key may have come meanwhile.
            if (waiting.remove(file, write)) {
                Files.deleteIfExists(file);
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean carryOut(Write write) throws StoreException {
        String key = write.key().path();
        Optional<Store.Entry> stored = store.get(key);
        for (int i = 0; i < TRIES; i++) {
            Optional<Txn> change = change(write, stored);
            if (change.isEmpty()) {
                return true;
            }
            Txn.Result result = store.commit(change.get());
            if (result.done()) {
                log.debug("{} is in etcd", write.key());
                return true;
            }
            stored = result.read().stream().filter(entry -> entry.key().equals(key)).findFirst();
        }
        log.info("{} is changed by others over and over; canal tries again later", write.key());
        return false;
    }

    /** What has to be done to what is stored; empty where it is right as it is. */
    private Optional<Txn> change(Write write, Optional<Store.Entry> stored) {
        String key = write.key().path();
        long revision = stored.map(Store.Entry::modRevision).orElse(0L);
        Optional<Resource> present = stored.flatMap(entry -> switch (Resource.decode(write.key(), entry.value())) {
            case Good<Resource>(Resource resource) -> Optional.of(resource);
            case Bad<Resource> bad -> Optional.empty();
        });
        return switch (write) {
            case Write.PutEndpoint(Resource endpoint) -> present.filter(resource -> isSameAttachment(endpoint, resource)).isPresent()
                    ? Optional.empty()
                    : Optional.of(Txn.when().at(key, revision).put(key, present.map(endpoint::over).orElseGet(() -> fresh(endpoint)).encode(), 0));
            case Write.Ensure(Resource resource) -> stored.isPresent()
                    ? Optional.empty()
                    : Optional.of(Txn.when().absent(key).put(key, fresh(resource).encode(), 0));
            case Write.DeleteEndpoint delete -> present.filter(resource -> belongsTo(delete.containerId(), resource)).isPresent()
                    ? Optional.of(Txn.when().unchanged(key, revision).delete(key))
                    : Optional.empty();
        };
    }

    private Resource fresh(Resource resource) {
        return resource.created(UUID.randomUUID(), clock.now());
    }

    /** Labels, profiles and ports may have been changed by Kubernetes' controllers, and are left to them. */
    private static boolean isSameAttachment(Resource ours, Resource stored) {
        return WorkloadEndpoint.of(ours) instanceof Good<WorkloadEndpoint>(WorkloadEndpoint a)
                && WorkloadEndpoint.of(stored) instanceof Good<WorkloadEndpoint>(WorkloadEndpoint b)
                && a.containerId().equals(b.containerId()) && a.addresses().equals(b.addresses())
                && a.mac().equals(b.mac()) && a.interfaceName().equals(b.interfaceName()) && a.node().equals(b.node());
    }

    private static boolean belongsTo(String containerId, Resource stored) {
        return !(WorkloadEndpoint.of(stored) instanceof Good<WorkloadEndpoint>(WorkloadEndpoint endpoint))
                || endpoint.containerId().isEmpty() || endpoint.containerId().equals(containerId);
    }

    /** Takes in the files that are there and not known yet. */
    private void look() {
        lock.lock();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + END)) {
            for (Path file : files) {
                if (!waiting.containsKey(file)) {
                    read(file).ifPresent(write -> waiting.put(file, write));
                }
            }
        } catch (IOException failure) {
            log.warn("the spool {} cannot be read: {}", folder, failure.toString());
        } finally {
            lock.unlock();
        }
    }

    private static Optional<Write> read(Path file) throws IOException {
        try {
            Decoded<Write> decoded = Write.decode(file.toString(), Files.readString(file));
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
