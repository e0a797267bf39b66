package io.canal.store;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What etcd is to canal. All calls block, for at most the store's deadline (3 s), and are meant for virtual threads.
 *
 * <p>There is no plain write: every write is a {@link Txn} that compares first, because a request that timed out at the caller may
 * still be carried out later, and must not win then. Implementations: the real one over etcd, and an in-memory twin for tests;
 * both pass the same contract test.
 */
public interface Store extends AutoCloseable {

    /** The value of one key, with its revisions; empty where there is none. */
    Optional<Entry> get(String key) throws StoreException;

    /** All keys that begin with {@code prefix}, at one revision, in key order. */
    Listing list(String prefix) throws StoreException;

    /** What there is below a prefix, in short; who knows what was listed there can tell by it whether that is still all. */
    Extent extent(String prefix) throws StoreException;

    /** Carries out a transaction, whole or not at all. */
    Txn.Result commit(Txn txn) throws StoreException;

    /** Makes a lease; returns its id, which is never 0. */
    long grant(Duration ttl) throws StoreException;

    /** Renews a lease once; returns the time it has now, or empty where the lease is gone. */
    Optional<Duration> keepAliveOnce(long lease) throws StoreException;

    /** Ends a lease, and with it the keys that hang on it. Ending one that is gone is no error. */
    void revoke(long lease) throws StoreException;

    /**
     * Follows all keys that begin with {@code prefix}: lists them, watches from there, and begins anew by itself after each loss of
     * connection, compaction, or change of cluster. The listener is called from one thread of the feed's own, in order.
     */
    Feed feed(String prefix, Feed.Listener listener);

    /**
     * The way to the servers is another one: what is connected is thrown away, for nobody would say that it is dead. Feeds begin anew.
     */
    void reconnect();

    @Override
    void close();

    /**
     * A key and its value.
     *
     * @param value UTF-8 text
     * @param createRevision revision of the write that made the key
     * @param modRevision revision of the last write
     * @param lease the lease that the key hangs on; 0 where none
     */
    record Entry(String key, String value, long createRevision, long modRevision, long lease) {}

    /**
     * What there is below a prefix, without its keys. Where nothing is newer and nothing is missing, nothing has changed.
     *
     * @param clusterId as in {@link Listing}
     * @param revision as in {@link Listing}
     * @param newest the revision of the newest write of what is there, 0 where nothing is; deletions leave no trace in it
     * @param keys how many there are, in which they do
     */
    record Extent(long clusterId, long revision, long newest, long keys) {}

    /**
     * All entries of a prefix at one revision.
     *
     * @param clusterId the cluster that answered: another one means that etcd was replaced
     * @param revision the revision of the listing; a smaller one than before means that etcd was restored
     */
    record Listing(long clusterId, long revision, List<Entry> entries) {

        public Listing {
            entries = List.copyOf(entries);
        }
    }
}
