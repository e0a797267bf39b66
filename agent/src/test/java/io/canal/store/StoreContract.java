package io.canal.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.store.StoreException.Kind;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store does: run against the real etcd, plain and with TLS, and against the twin in memory. */
abstract class StoreContract {

    /** A prefix of each test's own. */
    private String prefix;

    private Store store;

    /** A new client. */
    abstract Store open();

    /** The client, or the server, is cut off. */
    abstract void cut();

    abstract void mend();

    abstract void compact();

    /** Another, empty cluster stands at the same address. */
    abstract void replace();

    @BeforeEach
    void openStore() {
        prefix = "/test/" + UUID.randomUUID() + "/";
        store = open();
    }

    @AfterEach
    void closeStore() {
        mend();
        store.close();
    }

    @Test
    void an_absent_key_is_empty() throws StoreException {
        assertEquals(Optional.empty(), store.get(prefix + "a"));
    }

    @Test
    void a_key_is_created_once() throws StoreException {
        Txn create = Txn.when().absent(prefix + "a").put(prefix + "a", "1", 0);
        Txn.Result first = store.commit(create);
        Txn.Result second = store.commit(create);
        assertTrue(first.done());
        assertFalse(second.done());
        Store.Entry entry = store.get(prefix + "a").orElseThrow();
        assertEquals("1", entry.value());
        assertEquals(first.revision(), entry.modRevision());
        assertEquals(first.revision(), entry.createRevision());
        assertEquals(List.of(entry), second.read());
    }

    @Test
    void an_extent_tells_of_what_is_there_without_it() throws StoreException {
        put("a", "1");
        long second = put("b", "2");
        Store.Extent both = store.extent(prefix);
        assertEquals(2, both.keys());
        assertEquals(second, both.newest());
        assertEquals(store.list(prefix).clusterId(), both.clusterId());
        Txn.Result deleted = store.commit(Txn.when().delete(prefix + "b"));
        Store.Extent one = store.extent(prefix);
        assertEquals(1, one.keys());
        assertTrue(one.newest() < second);
        assertTrue(one.revision() >= deleted.revision());
        assertEquals(0, store.extent(prefix + "none").newest());
    }

    @Test
    void a_write_compares_the_revision_that_was_read() throws StoreException {
        long first = put("a", "1");
        Txn.Result second = store.commit(Txn.when().unchanged(prefix + "a", first).put(prefix + "a", "2", 0).read(prefix + "a"));
        assertTrue(second.done());
        assertEquals("2", second.read().getFirst().value());
        assertEquals(first, second.read().getFirst().createRevision());
        assertFalse(store.commit(Txn.when().unchanged(prefix + "a", first).put(prefix + "a", "3", 0)).done());
        assertEquals("2", store.get(prefix + "a").orElseThrow().value());
    }

    @Test
    void a_transaction_is_done_whole_or_not_at_all() throws StoreException {
        put("b", "1");
        Txn txn = Txn.when().absent(prefix + "a").absent(prefix + "b").put(prefix + "a", "x", 0).put(prefix + "b", "x", 0).delete(prefix + "c");
        assertFalse(store.commit(txn).done());
        assertEquals(Optional.empty(), store.get(prefix + "a"));
        assertEquals("1", store.get(prefix + "b").orElseThrow().value());
    }

    @Test
    void a_missing_key_has_no_revision_to_be_unchanged_at() throws StoreException {
        assertFalse(store.commit(Txn.when().unchanged(prefix + "a", 1).put(prefix + "a", "1", 0)).done());
    }

    @Test
    void keys_can_be_deleted() throws StoreException {
        long revision = put("a", "1");
        assertTrue(store.commit(Txn.when().unchanged(prefix + "a", revision).delete(prefix + "a")).done());
        assertEquals(Optional.empty(), store.get(prefix + "a"));
    }

    @Test
    void a_listing_holds_the_keys_of_the_prefix_in_order() throws StoreException {
        put("b", "2");
        long last = put("a&fd00:1::", "1");
        store.commit(Txn.when().absent(prefix.substring(0, prefix.length() - 1) + "0").put(prefix.substring(0, prefix.length() - 1) + "0", "x", 0));
        Store.Listing listing = store.list(prefix);
        assertEquals(List.of(prefix + "a&fd00:1::", prefix + "b"), listing.entries().stream().map(Store.Entry::key).toList());
        assertTrue(listing.revision() >= last);
        assertNotEquals(0, listing.clusterId());
    }

    /** Remembers nothing of what it is told. */
    private static final class Forgetful implements Feed.Listener {

        private final BlockingQueue<WeakReference<Feed.Intake>> listed = new LinkedBlockingQueue<>();
        private volatile WeakReference<Feed.Intake> last = new WeakReference<>(null);

        @Override
        public Feed.Intake listing(long clusterId, long revision) {
            Feed.Intake intake = Feed.Listener.super.listing(clusterId, revision);
            last = new WeakReference<>(intake);
            return intake;
        }

        @Override
        public void listed(Store.Listing listing) {
            listed.add(last);
        }

        @Override
        public void changed(long revision, List<Feed.Change> changes) {}

        @Override
        public void lost(String reason) {}
    }

    @Test
    void a_feed_lets_go_of_who_took_a_listing_up() throws Exception {
        put("a", "1");
        Forgetful listener = new Forgetful();
        try (Feed feed = store.feed(prefix, listener)) {
            WeakReference<Feed.Intake> intake = listener.listed.poll(60, TimeUnit.SECONDS);
            for (int i = 0; i < 500 && intake.get() != null; i++) {
                System.gc();
                Thread.sleep(20);
            }
            assertNull(intake.get());
        }
    }

    @Test
    void a_lease_takes_its_keys_with_it() throws Exception {
        RecordingListener listener = new RecordingListener();
        long lease;
        try (Feed feed = store.feed(prefix, listener)) {
            listener.await(() -> listener.listings() == 1);
            lease = store.grant(Duration.ofSeconds(3));
            assertNotEquals(0, lease);
            Txn.Result put = store.commit(Txn.when().absent(prefix + "a").put(prefix + "a", "1", lease).read(prefix + "a"));
            assertEquals(lease, put.read().getFirst().lease());
            listener.await(() -> listener.told().contains("deleted " + prefix + "a"));
        }
        assertEquals(Optional.empty(), store.get(prefix + "a"));
        assertEquals(Optional.empty(), store.keepAliveOnce(lease));
    }

    @Test
    void a_lease_is_kept_alive() throws Exception {
        Duration ttl = Duration.ofSeconds(3);
        long lease = store.grant(ttl);
        store.commit(Txn.when().absent(prefix + "a").put(prefix + "a", "1", lease));
        // Often: a machine that has much to do may be late by a second or two.
        long end = System.nanoTime() + ttl.plusSeconds(1).toNanos();
        while (System.nanoTime() < end) {
            assertEquals(Optional.of(ttl), store.keepAliveOnce(lease));
            Thread.sleep(100);
        }
        assertTrue(store.get(prefix + "a").isPresent());
    }

    @Test
    void a_revoked_lease_is_gone_with_its_keys() throws StoreException {
        long lease = store.grant(Duration.ofSeconds(60));
        store.commit(Txn.when().absent(prefix + "a").put(prefix + "a", "1", lease));
        store.revoke(lease);
        store.revoke(lease);
        assertEquals(Optional.empty(), store.get(prefix + "a"));
        assertEquals(Optional.empty(), store.keepAliveOnce(lease));
    }

    @Test
    void a_key_that_was_put_anew_no_longer_hangs_on_its_old_lease() throws StoreException {
        long lease = store.grant(Duration.ofSeconds(60));
        long revision = store.commit(Txn.when().absent(prefix + "a").put(prefix + "a", "1", lease)).revision();
        store.commit(Txn.when().unchanged(prefix + "a", revision).put(prefix + "a", "2", 0));
        store.revoke(lease);
        assertEquals("2", store.get(prefix + "a").orElseThrow().value());
    }

    @Test
    void a_put_on_a_lease_that_is_gone_is_refused() throws StoreException {
        long lease = store.grant(Duration.ofSeconds(60));
        store.revoke(lease);
        StoreException refused = assertThrows(StoreException.class, () ->
                store.commit(Txn.when().absent(prefix + "a").put(prefix + "a", "1", lease)));
        assertEquals(Kind.REFUSED, refused.kind());
        assertEquals(Optional.empty(), store.get(prefix + "a"));
    }

    @Test
    void a_feed_lists_and_then_tells_changes_in_order() throws StoreException {
        put("a", "1");
        RecordingListener listener = new RecordingListener();
        try (Feed feed = store.feed(prefix, listener)) {
            listener.await(() -> listener.listings() == 1);
            long b = put("b", "1");
            store.commit(Txn.when().unchanged(prefix + "b", b).put(prefix + "b", "2", 0));
            store.commit(Txn.when().delete(prefix + "a"));
            listener.awaitRows(rows -> rows.size() == 1 && "2".equals(rows.get(prefix + "b")));
        }
        assertEquals(List.of("listed {" + prefix + "a=1}", "put " + prefix + "b=1", "put " + prefix + "b=2", "deleted " + prefix + "a"), listener.told());
    }

    @Test
    void a_call_fails_soon_and_says_so_while_the_store_is_away() throws StoreException {
        store.get(prefix + "a");
        cut();
        long start = System.nanoTime();
        StoreException away = assertThrows(StoreException.class, () -> store.get(prefix + "a"));
        assertEquals(Kind.UNAVAILABLE, away.kind());
        assertTrue(away.getMessage().startsWith("etcd does not answer: get " + prefix + "a"), away.getMessage());
        assertTrue(System.nanoTime() - start < 4_000_000_000L);
    }

    @Test
    void a_feed_comes_back_and_has_missed_nothing() throws StoreException {
        put("a", "1");
        RecordingListener listener = new RecordingListener();
        try (Feed feed = store.feed(prefix, listener)) {
            listener.await(() -> listener.listings() == 1);
            cut();
            listener.await(() -> listener.losses() == 1);
            mend();
            retrying(() -> put("b", "1"));
            listener.awaitRows(rows -> rows.size() == 2);
        }
    }

    @Test
    void a_feed_survives_compaction() throws StoreException {
        RecordingListener listener = new RecordingListener();
        try (Feed feed = store.feed(prefix, listener)) {
            listener.await(() -> listener.listings() == 1);
            long revision = put("a", "0");
            for (int i = 1; i < 50; i++) {
                revision = store.commit(Txn.when().unchanged(prefix + "a", revision).put(prefix + "a", "" + i, 0)).revision();
                if (i % 10 == 0) {
                    compact();
                }
            }
            listener.awaitRows(rows -> "49".equals(rows.get(prefix + "a")));
        }
    }

    @Test
    void a_cut_while_history_is_compacted_loses_nothing() throws StoreException {
        long revision = put("a", "1");
        RecordingListener listener = new RecordingListener();
        try (Feed feed = store.feed(prefix, listener)) {
            listener.await(() -> listener.listings() == 1);
            cut();
            listener.await(() -> listener.losses() == 1);
            mend();
            retrying(() -> store.commit(Txn.when().unchanged(prefix + "a", revision).delete(prefix + "a")).revision());
            compact();
            listener.awaitRows(rows -> rows.isEmpty());
        }
    }

    @Test
    void a_replaced_cluster_is_noticed_by_its_id() throws StoreException {
        put("a", "1");
        RecordingListener listener = new RecordingListener();
        try (Feed feed = store.feed(prefix, listener)) {
            listener.await(() -> listener.listings() == 1);
            long before = listener.clusterId();
            replace();
            listener.await(() -> listener.clusterId() != before);
            listener.awaitRows(rows -> rows.isEmpty());
        }
    }

    @Test
    void nothing_is_told_after_a_feed_is_closed() throws StoreException {
        RecordingListener listener = new RecordingListener();
        Feed feed = store.feed(prefix, listener);
        listener.await(() -> listener.listings() == 1);
        feed.close();
        put("a", "1");
        store.list(prefix);
        assertEquals(List.of("listed {}"), listener.told());
    }

    private long put(String name, String value) throws StoreException {
        Txn.Result result = store.commit(Txn.when().absent(prefix + name).put(prefix + name, value, 0));
        assertTrue(result.done());
        return result.revision();
    }

    private interface Attempt {
        long run() throws StoreException;
    }

    /** A compare-and-swap may be repeated. */
    private static void retrying(Attempt attempt) throws StoreException {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (true) {
            try {
                attempt.run();
                return;
            } catch (StoreException failure) {
                if (System.nanoTime() > deadline) {
                    throw failure;
                }
                try {
                    Thread.sleep(100);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        }
    }
}
