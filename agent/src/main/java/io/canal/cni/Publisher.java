package io.canal.cni;

import io.canal.ipam.IpamFailed;
import io.canal.kernel.netns.NetworkNamespace;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps memory, and on request etcd, in step with the journal, on a thread of its own.
 *
 * <p>The plugin deletes without an agent that does not answer, and such an agent may come to itself again: what the journal lacks
 * then is deleted here as well, before etcd is told that it is there. hostPorts are looked after with it.
 */
final class Publisher implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Publisher.class);
    private static final long LOOK_EVERY = TimeUnit.SECONDS.toNanos(10);
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** A runtime that removes a pod has portmap's rules removed first, and ours soon after. */
    private static final long SURELY_NOT_LEAVING = TimeUnit.SECONDS.toNanos(1);

    private final HostPorts hostPorts;
    private final Kit kit;
    private final Adder adder;
    private final Deleter deleter;
    private final Thread thread = Thread.ofVirtual().name("publisher").unstarted(this::work);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition asked = lock.newCondition();
    // Guarded by the lock.
    private boolean publish;
    private boolean closed;

    Publisher(Kit kit, Adder adder, Deleter deleter, HostPorts hostPorts) {
        this.hostPorts = hostPorts;
        this.kit = kit;
        this.adder = adder;
        this.deleter = deleter;
    }

    void start() {
        thread.start();
    }

    /** Has the endpoints of all that is attached handed in anew, soon. */
    void publish() {
        lock.lock();
        try {
            publish = true;
            asked.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            asked.signalAll();
        } finally {
            lock.unlock();
        }
        if (!thread.isAlive()) {
            return;
        }
        try {
            // Not interrupted, for it may be in the middle of a deletion; but an ADD may hold what it waits for.
            thread.join(PATIENCE);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void work() {
        for (Optional<Boolean> next = await(); next.isPresent(); next = await()) {
            for (Journal.Entry entry : kit.attachments().all()) {
                if (isClosed()) {
                    return;
                }
                Attachment attachment = entry.attachment();
                try (var _ = kit.locks().take(attachment.id().toString(), attachment.hostInterface())) {
                    // Without the lock it may have been deleted, or added anew, meanwhile; a new one is published by its ADD.
                    if (kit.attachments().get(attachment.id()).filter(entry::equals).isPresent()) {
                        check(entry, next.get());
                    }
                } catch (IOException | IpamFailed failure) {
                    log.warn("{} cannot be kept in step with the journal and etcd: {}", attachment.id(), failure.toString());
                } catch (RuntimeException defect) {
                    log.error("{} cannot be kept in step with the journal and etcd; this is a defect of canal", attachment.id(), defect);
                }
            }
            settleRetired();
            mendHostPorts();
        }
    }

    /** What was removed while the disk was full: etcd has to hear of it also if this process does not live until then. */
    private void settleRetired() {
        try {
            for (Attachment retired : kit.journal().retired()) {
                try (var _ = kit.locks().take(retired.id().toString(), retired.hostInterface())) {
                    deleter.settle(retired);
                }
            }
        } catch (IOException failure) {
            log.warn("what was removed while the disk was full cannot be noted: {}", failure.toString());
        }
    }

    /** Rules for hostPorts that are gone, and are still gone a little later, are made again; where their pod has left nevertheless, they go. */
    private void mendHostPorts() {
        try {
            hostPorts.left().forEach(id -> mend(id, hostPorts::withdraw));
            List<Attachment.Id> gone = hostPorts.missing();
            if (gone.isEmpty() || isClosed()) {
                return;
            }
            LockSupport.parkNanos(SURELY_NOT_LEAVING);
            hostPorts.missing().stream().filter(gone::contains).forEach(id -> mend(id, hostPorts::restore));
        } catch (IOException | RuntimeException failure) {
            log.warn("whether hostPorts have their rules cannot be seen to: {}", failure.toString());
        }
    }

    private interface Mending {
        void of(Attachment.Id id) throws IOException;
    }

    /** One pod; that it cannot be done concerns no other. */
    private void mend(Attachment.Id id, Mending mending) {
        if (isClosed()) {
            return;
        }
        try (var _ = kit.locks().take(id.toString())) {
            mending.of(id);
        } catch (IOException | RuntimeException failure) {
            log.warn("the rules for hostPorts of {} cannot be seen to: {}", id, failure.toString());
        }
    }

    /** Waits for a request, or for the time to look; gives whether to publish, or nothing where this is closed. */
    private Optional<Boolean> await() {
        lock.lock();
        try {
            long left = LOOK_EVERY;
            while (!closed && !publish && left > 0) {
                left = asked.awaitNanos(left);
            }
            boolean wanted = publish;
            publish = false;
            return closed ? Optional.empty() : Optional.of(wanted);
        } catch (InterruptedException interrupted) {
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** Under the attachment's locks. */
    private void check(Journal.Entry entry, boolean andPublish) throws IOException, IpamFailed {
        Attachment attachment = entry.attachment();
        if (kit.journal().lacks(attachment.id())) {
            if (!lives(attachment)) {
                log.info("{} was deleted without the agent", attachment.id());
                deleter.delete(attachment);
                return;
            }
            // A deletion removes the wire before the entry: this one was lost by other hands.
            log.warn("the journal lacks {}, whose interface lives; it is noted again", attachment.id());
            kit.journal().note(entry);
        }
        if (andPublish && entry.up() && attachment.boot().equals(kit.boot()) && kit.attachments().owns(attachment)) {
            adder.publish(attachment);
        }
    }

    private boolean lives(Attachment attachment) throws IOException {
        return attachment.boot().equals(kit.boot())
                && PodWiring.isInside(new NetworkNamespace(Path.of(attachment.netns())), attachment.id().interfaceInPod(), attachment.mac());
    }
}
