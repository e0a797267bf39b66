package io.canal.store;

import io.canal.reconcile.Clock;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.common.exception.CompactedException;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.watch.WatchEvent;
import io.etcd.jetcd.watch.WatchResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A watch that comes back. One thread lists, watches from there, and tells; when the watch ends for whatever reason the thread
 * throws it away and begins a new generation.
 *
 * <p>jetcd's callbacks only put into a queue, each with the number of its generation: acting in them is unsafe (an error may be told
 * before {@code watch()} has returned, and an exception thrown there kills the watch silently). jetcd's own resumption is never
 * used: it can skip events.
 */
final class EtcdFeed implements Feed {

    private static final Logger log = LoggerFactory.getLogger(EtcdFeed.class);

    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    /** What was written when etcd was asked has come by the watch after so long. */
    private static final Duration ON_ITS_WAY = Duration.ofSeconds(2);

    private final EtcdStore store;
    private final EtcdClients clients;
    private final Clock clock;
    private final String prefix;
    private final EtcdSettings settings;
    private final Listener listener;
    private final Consumer<EtcdFeed> onClose;
    private final LinkedBlockingQueue<Signal> signals = new LinkedBlockingQueue<>();
    private final Thread thread;
    private volatile boolean closed;
    private long generation;
    private boolean lost;

    /** What a callback of a generation says: a response, or that it ended and why. */
    private record Signal(long generation, @Nullable WatchResponse response, String end) {}

    EtcdFeed(EtcdStore store, EtcdClients clients, Clock clock, String prefix, EtcdSettings settings, Listener listener, Consumer<EtcdFeed> onClose) {
        this.store = store;
        this.clients = clients;
        this.clock = clock;
        this.prefix = prefix;
        this.settings = settings;
        this.listener = listener;
        this.onClose = onClose;
        this.thread = Thread.ofVirtual().name("feed " + prefix).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    @Override
    public void close() {
        closed = true;
        onClose.accept(this);
        if (Thread.currentThread() == thread) {
            return;
        }
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        Duration pause = FIRST_PAUSE;
        try {
            while (!closed) {
                generation++;
                String reason;
                try {
                    Telling listed = list();
                    pause = FIRST_PAUSE;
                    reason = follow(listed);
                } catch (StoreException failure) {
                    reason = String.valueOf(failure.getMessage());
                } catch (RuntimeException | Error defect) {
                    log.error("the feed of {} failed; this is a defect of canal", prefix, defect);
                    reason = "defect of canal: " + defect;
                }
                if (closed) {
                    return;
                }
                if (!reason.isEmpty()) {
                    tellLost(reason);
                    // Some jitter, so that the nodes of a cluster do not all come at once.
                    Thread.sleep(pause.toMillis() / 2 + ThreadLocalRandom.current().nextLong(pause.toMillis()));
                    pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause.multipliedBy(2);
                }
            }
        } catch (InterruptedException stopped) {
            // close() ends the thread so.
            closed = true;
        }
    }

    /** Lists, and tells. */
    private Telling list() throws StoreException {
        Telling listing = new Telling();
        store.list(prefix, listing);
        lost = false;
        listing.complete();
        return listing;
    }

    /** Watches until the watch ends; returns why, or an empty text where it is only time to list again. */
    private String follow(Telling listed) throws StoreException, InterruptedException {
        Client client = clients.current();
        Watch.Watcher watcher;
        try {
            watcher = client.getWatchClient().watch(EtcdStore.bytes(prefix), options(listed.revision + 1), callbacks(generation));
        } catch (RuntimeException refused) {
            return Failures.reason(refused);
        }
        try {
            long relistAt = relistAt();
            long told = listed.revision;
            Tally tally = new Tally(listed.keys, listed.revision);
            while (true) {
                Signal first = signals.poll(Math.min(settings.probeAfter().toNanos(), relistAt - clock.nanos()), TimeUnit.NANOSECONDS);
                if (first == null) {
                    // To read what is below the prefix would cost etcd the more the longer it is, for each of thousands of nodes.
                    try {
                        watcher.requestProgress();
                    } catch (RuntimeException ending) {
                        // Of a watch that ends just now its own signal tells.
                        log.debug("the watch of {} cannot be asked: {}", prefix, ending.getMessage());
                    }
                    first = signals.poll(ON_ITS_WAY.toNanos(), TimeUnit.NANOSECONDS);
                }
                if (first == null) {
                    if (hasUntold(told)) {
                        return "etcd: the watch of " + prefix + " went silent";
                    }
                } else if (first.generation == generation) {
                    List<Signal> batch = new ArrayList<>();
                    batch.add(first);
                    signals.drainTo(batch);
                    told = Math.max(told, tellChanges(batch, told, tally, listed));
                    for (Signal signal : batch) {
                        if (signal.generation == generation && signal.response == null) {
                            return signal.end;
                        }
                    }
                }
                // Whether the watch has told all is asked now and then; but thousands of nodes need not read again what they know.
                if (clock.nanos() - relistAt >= 0) {
                    if (!listed.whole || listener.wantsListing()) {
                        return "";
                    }
                    if (tally.awaits()) {
                        tally.settle();
                    } else {
                        tally.expect(store.extent(prefix));
                    }
                    relistAt = tally.awaits() ? clock.nanos() + ON_ITS_WAY.toNanos() : relistAt();
                }
                if (!tally.isRight()) {
                    log.warn("the watch of {} has not told all: listed anew", prefix);
                    return "";
                }
            }
        } finally {
            // This also stops jetcd's own resumption.
            watcher.close();
        }
    }

    private long relistAt() {
        long nanos = settings.relistAfter().toNanos();
        return clock.nanos() + nanos + ThreadLocalRandom.current().nextLong(nanos / 5 + 1);
    }

    private WatchOption options(long revision) {
        return WatchOption.builder().isPrefix(true).withRevision(revision).withRequireLeader(true).withProgressNotify(true).build();
    }

    private Watch.Listener callbacks(long ofGeneration) {
        return Watch.listener(
                response -> signals.add(new Signal(ofGeneration, response, "")),
                error -> signals.add(new Signal(ofGeneration, null, ended(error))),
                () -> signals.add(new Signal(ofGeneration, null, "etcd: the watch of " + prefix + " was ended by the server")));
    }

    private String ended(Throwable error) {
        return error instanceof CompactedException compacted
                ? "etcd: the watch of " + prefix + " fell behind compaction at revision " + compacted.getCompactedRevision()
                : "etcd: the watch of " + prefix + " ended: " + Failures.reason(error);
    }

    /** Tells what came in as one call; returns the revision that is told now. */
    private long tellChanges(List<Signal> batch, long told, Tally tally, Telling listed) {
        long revision = told;
        List<Change> changes = new ArrayList<>();
        for (Signal signal : batch) {
            if (signal.generation != generation || signal.response == null) {
                continue;
            }
            for (WatchEvent event : signal.response.getEvents()) {
                Store.Entry entry = EtcdStore.entry(event.getKeyValue());
                switch (event.getEventType()) {
                    case PUT -> {
                        tally.put(entry.createRevision(), entry.modRevision());
                        changes.add(new Change.Put(entry));
                    }
                    case DELETE -> {
                        tally.deleted(entry.modRevision());
                        changes.add(new Change.Deleted(entry.key()));
                    }
                    case UNRECOGNIZED -> log.warn("{}: an event of an unknown type is passed over", entry.key());
                }
            }
            revision = Math.max(revision, signal.response.getHeader().getRevision());
        }
        if (!changes.isEmpty()) {
            long upTo = revision;
            // What could not be taken is listed again in time.
            listed.whole &= tell(() -> listener.changed(upTo, changes));
        }
        return revision;
    }

    /** Whether etcd has a write under the prefix that the watch did not bring, though it had time to. */
    private boolean hasUntold(long told) throws StoreException, InterruptedException {
        long newest = store.extent(prefix).newest();
        if (newest <= told) {
            return false;
        }
        Thread.sleep(1_000);
        return signals.isEmpty() && newest > told;
    }

    private void tellLost(String reason) {
        if (!lost) {
            lost = true;
            log.debug("{}", reason);
            var unused = tell(() -> listener.lost(reason));
        }
    }

    /** Whether the listener could bear it. */
    private boolean tell(Runnable telling) {
        try {
            telling.run();
            return true;
        } catch (RuntimeException defect) {
            log.error("a listener of {} failed; this is a defect of canal", prefix, defect);
            return false;
        }
    }

    /** Tells the listener of a listing; one whose part could not be taken is not completed. */
    private final class Telling implements EtcdStore.Pages {

        private final AtomicReference<@Nullable Intake> intake = new AtomicReference<>();
        private boolean whole;
        private long revision;
        private long keys;

        @Override
        public void begin(long clusterId, long itsRevision) {
            revision = itsRevision;
            whole = tell(() -> intake.set(listener.listing(clusterId, itsRevision)));
        }

        @Override
        public void take(List<Store.Entry> page) {
            keys += page.size();
            Intake now = intake.get();
            whole = whole && now != null && tell(() -> now.take(page));
        }

        void complete() {
            // The watch that follows holds this for long, and the intake may hold all that it was told.
            Intake now = intake.getAndSet(null);
            whole = whole && now != null && tell(now::complete);
        }
    }
}
