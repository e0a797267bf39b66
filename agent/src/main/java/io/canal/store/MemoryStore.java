package io.canal.store;

import io.canal.reconcile.Clock;
import io.canal.store.StoreException.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * etcd's twin in memory, with the faults of the real one at hand; passes the same contract test. For tests, and for training runs
 * that must not need an etcd.
 *
 * <p>Several stores may share one {@link Cluster}: each is then a client of its own, which can be cut off alone.
 */
public final class MemoryStore implements Store {

    private static final Logger log = LoggerFactory.getLogger(MemoryStore.class);

    private final Cluster cluster;
    private final Set<MemoryFeed> feeds = ConcurrentHashMap.newKeySet();
    // Guarded by the cluster's lock.
    private boolean available = true;
    private Duration delay = Duration.ZERO;

    /** What the clients share: the data, and the clock that leases run by. */
    public static final class Cluster {

        private final Clock clock;
        private final MemoryKv kv;
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition changed = lock.newCondition();

        public Cluster(Clock clock, long clusterId) {
            this.clock = clock;
            this.kv = new MemoryKv(clusterId);
        }

        /** Ends the leases whose time is over, after the clock was moved by hand. */
        public void expire() {
            locked(() -> kv.expire(clock.nanos()));
        }

        /** Forgets all history: a watch that lags behind must list again. */
        public void compact() {
            locked(kv::compact);
        }

        /** Puts another, empty cluster in place of this one. */
        public void replace(long clusterId) {
            locked(() -> kv.replace(clusterId));
        }

        private void locked(Runnable change) {
            lock.lock();
            try {
                change.run();
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** A client of a cluster. */
    public MemoryStore(Cluster cluster) {
        this.cluster = cluster;
    }

    /** The only client of a new cluster. */
    public MemoryStore(Clock clock) {
        this(new Cluster(clock, 1));
    }

    public Cluster cluster() {
        return cluster;
    }

    /** Cuts this client off, or lets it back: calls fail, feeds are lost and come back. */
    public void available(boolean now) {
        cluster.locked(() -> available = now);
    }

    /** Every call waits so long before it is carried out. */
    public void delay(Duration each) {
        cluster.locked(() -> delay = each);
    }

    @Override
    public Optional<Entry> get(String key) throws StoreException {
        return call("get " + key, () -> Optional.ofNullable(cluster.kv.get(key)));
    }

    @Override
    public Listing list(String prefix) throws StoreException {
        return call("list " + prefix, () -> cluster.kv.list(prefix));
    }

    @Override
    public Extent extent(String prefix) throws StoreException {
        return call("look below " + prefix, () -> {
            Listing all = cluster.kv.list(prefix);
            return new Extent(all.clusterId(), all.revision(), all.entries().stream().mapToLong(Entry::modRevision).max().orElse(0), all.entries().size());
        });
    }

    @Override
    public Txn.Result commit(Txn txn) throws StoreException {
        return call("a transaction", () -> cluster.kv.commit(txn)
                        .orElseThrow(() -> new StoreException(Kind.REFUSED, "etcd: a transaction: requested lease not found")));
    }

    @Override
    public long grant(Duration ttl) throws StoreException {
        return call("grant", () -> cluster.kv.grant(ttl, cluster.clock.nanos()));
    }

    @Override
    public Optional<Duration> keepAliveOnce(long lease) throws StoreException {
        return call("keep-alive", () -> cluster.kv.keepAlive(lease, cluster.clock.nanos()));
    }

    @Override
    public void revoke(long lease) throws StoreException {
        call("revoke", () -> {
            cluster.kv.revoke(lease);
            return true;
        });
    }

    @Override
    public Feed feed(String prefix, Feed.Listener listener) {
        MemoryFeed feed = new MemoryFeed(prefix, listener);
        feeds.add(feed);
        feed.thread.start();
        return feed;
    }

    @Override
    public void reconnect() {}

    @Override
    public void close() {
        feeds.forEach(MemoryFeed::close);
        available(false);
    }

    private interface Call<T> {
        T run() throws StoreException;
    }

    private <T> T call(String what, Call<T> call) throws StoreException {
        cluster.lock.lock();
        try {
            pause(delay);
            if (!available) {
                throw new StoreException(Kind.UNAVAILABLE, "etcd does not answer: " + what + ": the client is cut off");
            }
            cluster.kv.expire(cluster.clock.nanos());
            T result = call.run();
            cluster.changed.signalAll();
            return result;
        } finally {
            cluster.lock.unlock();
        }
    }

    /** Waits with the lock open; real time, as a slow etcd would take. */
    private void pause(Duration pause) throws StoreException {
        long left = pause.toNanos();
        try {
            while (left > 0) {
                left = cluster.changed.awaitNanos(left);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new StoreException(Kind.UNAVAILABLE, "interrupted", interrupted);
        }
    }

    /** Lists, then follows the history; a gap in the history or a cut begins a new generation. */
    private final class MemoryFeed implements Feed {

        private final String prefix;
        private final Listener listener;
        private final Thread thread;
        private boolean closed;

        MemoryFeed(String prefix, Listener listener) {
            this.prefix = prefix;
            this.listener = listener;
            this.thread = Thread.ofVirtual().name("feed " + prefix).unstarted(this::run);
        }

        @Override
        public void close() {
            cluster.locked(() -> closed = true);
            feeds.remove(this);
            if (Thread.currentThread() != thread) {
                try {
                    thread.join();
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        /** What to tell next, or null to go on waiting. */
        private interface Told {
            void to(Listener listener);
        }

        private void run() {
            boolean listed = false;
            boolean lost = false;
            long clusterId = 0;
            long revision = 0;
            while (true) {
                Told told = null;
                cluster.lock.lock();
                try {
                    if (closed) {
                        return;
                    }
                    cluster.kv.expire(cluster.clock.nanos());
                    Optional<List<MemoryKv.Event>> events = cluster.kv.since(revision);
                    boolean broken = !available || cluster.kv.clusterId() != clusterId || cluster.kv.revision() < revision || events.isEmpty();
                    if (listed && broken) {
                        listed = false;
                        lost = true;
                        String reason = available ? "the history is gone" : "the client is cut off";
                        told = to -> to.lost("etcd: the watch of " + prefix + " ended: " + reason);
                    } else if (!listed && available) {
                        listed = true;
                        Listing listing = cluster.kv.list(prefix);
                        clusterId = listing.clusterId();
                        revision = listing.revision();
                        told = to -> to.listed(listing);
                    } else if (!listed && !lost) {
                        lost = true;
                        told = to -> to.lost("etcd does not answer: the client is cut off");
                    } else if (listed && events.isPresent() && !events.get().isEmpty()) {
                        revision = cluster.kv.revision();
                        List<Change> changes = new ArrayList<>();
                        for (MemoryKv.Event event : events.get()) {
                            if (event.change().key().startsWith(prefix)) {
                                changes.add(event.change());
                            }
                        }
                        long upTo = revision;
                        told = changes.isEmpty() ? to -> {} : to -> to.changed(upTo, changes);
                    } else {
                        await();
                    }
                } catch (InterruptedException interrupted) {
                    return;
                } finally {
                    cluster.lock.unlock();
                }
                tell(told);
            }
        }

        private void await() throws InterruptedException {
            Optional<Long> expiry = cluster.kv.nextExpiryNanos();
            if (expiry.isPresent()) {
                // A clock that is moved by hand signals through expire(); the real one is looked at here.
                long wait = Math.clamp(expiry.get() - cluster.clock.nanos(), TimeUnit.MILLISECONDS.toNanos(1), TimeUnit.SECONDS.toNanos(1));
                cluster.changed.awaitNanos(wait);
            } else {
                cluster.changed.await();
            }
        }

        private void tell(@Nullable Told told) {
            try {
                if (told != null) {
                    told.to(listener);
                }
            } catch (RuntimeException defect) {
                log.error("a listener of {} failed; this is a defect of canal", prefix, defect);
            }
        }
    }
}
