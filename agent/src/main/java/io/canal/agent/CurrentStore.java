package io.canal.agent;

import io.canal.store.Feed;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.StoreException.Kind;
import io.canal.store.Txn;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The store that is in use now, for those who hold on to one while the configuration may name another etcd. Before the first is
 * known every call is answered as if etcd were away.
 */
final class CurrentStore implements Store {

    private volatile @Nullable Store store;

    /** From now on it is this one; the one before is not closed. */
    void use(Store other) {
        store = other;
    }

    @Override
    public Optional<Entry> get(String key) throws StoreException {
        return now().get(key);
    }

    @Override
    public Listing list(String prefix) throws StoreException {
        return now().list(prefix);
    }

    @Override
    public Extent extent(String prefix) throws StoreException {
        return now().extent(prefix);
    }

    @Override
    public Txn.Result commit(Txn txn) throws StoreException {
        return now().commit(txn);
    }

    @Override
    public long grant(Duration ttl) throws StoreException {
        return now().grant(ttl);
    }

    @Override
    public Optional<Duration> keepAliveOnce(long lease) throws StoreException {
        return now().keepAliveOnce(lease);
    }

    @Override
    public void revoke(long lease) throws StoreException {
        now().revoke(lease);
    }

    /** Feeds belong to one etcd, and are made from that one. */
    @Override
    public Feed feed(String prefix, Feed.Listener listener) {
        throw new UnsupportedOperationException("a feed is made from the store of one etcd");
    }

    @Override
    public void reconnect() {
        Store now = store;
        if (now != null) {
            now.reconnect();
        }
    }

    @Override
    public void close() {}

    private Store now() throws StoreException {
        Store now = store;
        if (now == null) {
            throw new StoreException(Kind.UNAVAILABLE, "no etcd is known yet");
        }
        return now;
    }
}
