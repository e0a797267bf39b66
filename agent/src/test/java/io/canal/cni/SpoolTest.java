package io.canal.cni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.calico.Profile;
import io.canal.reconcile.Clock;
import io.canal.store.Feed;
import io.canal.store.MemoryStore;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpoolTest {

    private static final Write NETWORK = ensure("k8s-pod-network");
    private static final Write OTHER = ensure("other");

    @TempDir
    Path folder;

    private final MemoryStore memory = new MemoryStore(Clock.system());
    private final Refusing store = new Refusing(memory);
    private Spool spool;

    @BeforeEach
    void setUp() throws IOException {
        spool = new Spool(folder, store, Clock.system());
    }

    @AfterEach
    void tearDown() {
        spool.close();
    }

    private static Write ensure(String network) {
        return new Write.Ensure(Profile.ofNetwork(network));
    }

    @Test
    void one_profile_may_be_handed_in_by_many_at_once() throws Exception {
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<Void> add = () -> {
                spool.addDurably(NETWORK);
                spool.add(NETWORK);
                return null;
            };
            for (Future<Void> added : threads.invokeAll(IntStream.range(0, 50).mapToObj(_ -> add).toList())) {
                added.get();
            }
        }
        assertEquals(1, spool.size());
    }

    @Test
    void a_write_that_etcd_takes_at_once_makes_no_file_and_one_that_waits_does() throws Exception {
        store.duringCommit = () -> assertEquals(List.of(), files());
        spool.start();
        spool.add(NETWORK);
        await(() -> spool.size() == 0);
        store.duringCommit = () -> {};
        memory.available(false);
        spool.add(OTHER);
        await(() -> files().size() == 1);
        memory.available(true);
        spool.hurry();
        await(() -> spool.size() == 0 && files().isEmpty());
    }

    @Test
    void a_write_that_etcd_refuses_holds_nobody_up_and_is_tried_again() throws Exception {
        store.refused = NETWORK.key().path();
        spool.add(NETWORK);
        spool.start();
        store.awaitAttempt();
        spool.add(OTHER);
        await(() -> store.get(OTHER.key().path()).isPresent());
        store.refused = "";
        spool.hurry();
        await(() -> store.get(NETWORK.key().path()).isPresent() && spool.size() == 0);
        assertEquals(List.of(), files());
    }

    @Test
    void a_file_that_cannot_be_read_concerns_no_other() throws Exception {
        Files.createDirectory(folder.resolve("0000.write"));
        Files.write(folder.resolve("1111.write"), new byte[] {(byte) 0xff, (byte) 0xfe});
        Spool.leave(folder, NETWORK);
        Spool.leave(folder, OTHER);
        spool.start();
        spool.hurry();
        await(() -> store.get(NETWORK.key().path()).isPresent() && store.get(OTHER.key().path()).isPresent());
        assertTrue(Files.exists(folder.resolve("1111.write.bad")));
    }

    @Test
    void writes_that_come_while_pods_are_attached_go_in_one_transaction() throws Exception {
        AtomicLong nanos = new AtomicLong();
        spool = new Spool(folder, store, new Hand(nanos));
        spool.start();
        try (var _ = spool.hold()) {
            for (int i = 0; i < 30; i++) {
                spool.add(ensure("net" + i));
            }
        }
        // The moment for which it waits for more.
        nanos.addAndGet(Duration.ofMillis(50).toNanos());
        await(() -> spool.size() == 0);
        assertEquals(1, store.commits.get());
        assertEquals(30, store.list("/calico/").entries().size());
    }

    @Test
    void of_several_writes_at_once_only_the_one_that_etcd_refuses_waits() throws Exception {
        store.refused = NETWORK.key().path();
        spool.add(NETWORK);
        spool.add(OTHER);
        spool.add(ensure("third"));
        spool.start();
        await(() -> store.get(OTHER.key().path()).isPresent() && spool.size() == 1);
        store.refused = "";
        spool.hurry();
        await(() -> store.get(NETWORK.key().path()).isPresent() && spool.size() == 0);
    }

    @Test
    void several_writes_at_once_leave_what_is_right_and_delete_what_is_theirs() throws Exception {
        spool.add(NETWORK);
        spool.start();
        await(() -> spool.size() == 0);
        long revision = store.get(NETWORK.key().path()).orElseThrow().modRevision();
        try (var _ = spool.hold()) {
            spool.add(NETWORK);
            spool.add(OTHER);
        }
        await(() -> spool.size() == 0);
        assertEquals(revision, store.get(NETWORK.key().path()).orElseThrow().modRevision());
        try (var _ = spool.hold()) {
            spool.add(new Write.DeleteEndpoint(OTHER.key(), "c0ffee"));
            spool.add(ensure("third"));
        }
        await(() -> spool.size() == 0);
        assertEquals(2, store.list("/calico/").entries().size());
    }

    @Test
    void a_defect_with_one_write_does_not_end_the_spool() throws Exception {
        store.broken = NETWORK.key().path();
        spool.add(NETWORK);
        spool.start();
        store.awaitAttempt();
        spool.add(OTHER);
        await(() -> store.get(OTHER.key().path()).isPresent());
    }

    @Test
    void what_another_process_puts_in_place_of_a_write_that_waits_is_carried_out() throws Exception {
        spool.addDurably(NETWORK);
        Files.writeString(files().getFirst(), NETWORK.encode().replace("has(", "!has("));
        spool.start();
        await(() -> spool.size() == 0);
        assertTrue(store.get(NETWORK.key().path()).orElseThrow().value().contains("!has("));
    }

    @Test
    void what_another_process_puts_in_place_of_a_write_under_way_is_carried_out_after_it() throws Exception {
        spool.addDurably(NETWORK);
        Write deletion = new Write.DeleteEndpoint(NETWORK.key(), "c0ffee");
        Path file = files().getFirst();
        store.duringCommit = () -> {
            store.duringCommit = () -> {};
            Files.writeString(file, deletion.encode());
        };
        spool.start();
        await(() -> spool.size() == 0);
        assertEquals(Optional.empty(), store.get(NETWORK.key().path()));
        assertEquals(List.of(), files());
    }

    private List<Path> files() throws IOException {
        try (var files = Files.list(folder)) {
            return files.toList();
        }
    }

    private static void await(Callable<Boolean> condition) throws Exception {
        for (int i = 0; i < 6_000; i++) {
            if (condition.call()) {
                return;
            }
            Thread.sleep(10);
        }
        throw new AssertionError("not within 60 s");
    }

    /** Stands still but for the test: however long that takes, no pod is held for too long. */
    private record Hand(AtomicLong at) implements Clock {

        @Override
        public long nanos() {
            return at.get();
        }

        @Override
        public Instant now() {
            return Instant.EPOCH;
        }
    }

    private interface Deed {
        void run() throws IOException;
    }

    /** A store that refuses, or breaks at, one key. */
    private static final class Refusing implements Store {

        private final Store store;
        private final CountDownLatch attempted = new CountDownLatch(1);
        private final AtomicInteger commits = new AtomicInteger();
        private volatile String refused = "";
        private volatile String broken = "";
        private volatile Deed duringCommit = () -> {};

        Refusing(Store store) {
            this.store = store;
        }

        void awaitAttempt() throws InterruptedException {
            assertTrue(attempted.await(60, TimeUnit.SECONDS));
        }

        @Override
        public Optional<Entry> get(String key) throws StoreException {
            if (key.equals(refused)) {
                attempted.countDown();
                throw new StoreException(StoreException.Kind.REFUSED, "permission denied");
            }
            if (key.equals(broken)) {
                attempted.countDown();
                throw new IllegalStateException("broken");
            }
            return store.get(key);
        }

        @Override
        public Listing list(String prefix) throws StoreException {
            return store.list(prefix);
        }

        @Override
        public Extent extent(String prefix) throws StoreException {
            return store.extent(prefix);
        }

        @Override
        public Txn.Result commit(Txn txn) throws StoreException {
            commits.incrementAndGet();
            if (txn.compares().stream().anyMatch(compare -> compare.key().equals(refused))) {
                throw new StoreException(StoreException.Kind.REFUSED, "permission denied");
            }
            try {
                duringCommit.run();
            } catch (IOException failure) {
                throw new AssertionError(failure);
            }
            return store.commit(txn);
        }

        @Override
        public long grant(Duration ttl) throws StoreException {
            return store.grant(ttl);
        }

        @Override
        public Optional<Duration> keepAliveOnce(long lease) throws StoreException {
            return store.keepAliveOnce(lease);
        }

        @Override
        public void revoke(long lease) throws StoreException {
            store.revoke(lease);
        }

        @Override
        public Feed feed(String prefix, Feed.Listener listener) {
            return store.feed(prefix, listener);
        }

        @Override
        public void reconnect() {
            store.reconnect();
        }

        @Override
        public void close() {
            store.close();
        }
    }
}
