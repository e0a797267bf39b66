package io.canal.ctl;

import io.canal.store.Feed;
import io.canal.store.Store;
import io.canal.store.Txn;
import java.time.Duration;
import java.util.Optional;

/** Stands where no store is looked at. */
final class NoStore implements Store {

    private static IllegalStateException used() {
        return new IllegalStateException("this command works without a store");
    }

    @Override
    public Optional<Entry> get(String key) {
        throw used();
    }

    @Override
    public Listing list(String prefix) {
        throw used();
    }

    @Override
    public Extent extent(String prefix) {
        throw used();
    }

    @Override
    public Txn.Result commit(Txn txn) {
        throw used();
    }

    @Override
    public long grant(Duration ttl) {
        throw used();
    }

    @Override
    public Optional<Duration> keepAliveOnce(long lease) {
        throw used();
    }

    @Override
    public void revoke(long lease) {
        throw used();
    }

    @Override
    public Feed feed(String prefix, Feed.Listener listener) {
        throw used();
    }

    @Override
    public void reconnect() {}

    @Override
    public void close() {}
}
