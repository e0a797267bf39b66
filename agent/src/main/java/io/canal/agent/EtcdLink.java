package io.canal.agent;

import io.canal.config.EtcdConfig;
import io.canal.lease.NodeFacts;
import io.canal.lease.keeper.KeeperListener;
import io.canal.lease.keeper.KeeperSettings;
import io.canal.lease.keeper.LeaseKeeper;
import io.canal.model.NetworkKeys;
import io.canal.reconcile.Clock;
import io.canal.store.EtcdSettings;
import io.canal.store.EtcdStore;
import io.canal.store.Store;
import io.canal.store.TlsFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** What talks to one etcd: the store and the keeper of our subnet on it. Another etcd, or another lease time, needs another link. */
final class EtcdLink implements AutoCloseable {

    private final Store store;
    private final LeaseKeeper keeper;

    EtcdLink(Store store, EtcdConfig config, Duration leaseTtl, NodeFacts facts, Path stateDir, Clock clock, RandomGenerator random,
            KeeperListener listener) {
        this.store = store;
        this.keeper = new LeaseKeeper(store, new NetworkKeys(config.prefix()), KeeperSettings.withTtl(leaseTtl), facts, stateDir, clock, random,
                listener);
        keeper.start();
    }

    /** A store on the etcd that the configuration names; it connects at once. */
    static Store store(EtcdConfig config, Path stateDir, Clock clock) {
        Optional<TlsFiles> tls = config.ca().isEmpty() ? Optional.empty()
                : Optional.of(new TlsFiles(Path.of(config.ca()), Path.of(config.cert()), Path.of(config.key())));
        EtcdStore store = new EtcdStore(new EtcdSettings(config.endpoints(), () -> tls).remembering(verified(stateDir)), clock);
        store.connect();
        return store;
    }

    /** Where it is remembered which servers of etcd were verified. */
    static Path verified(Path stateDir) {
        return stateDir.resolve("etcd-servers");
    }

    Store store() {
        return store;
    }

    LeaseKeeper keeper() {
        return keeper;
    }

    @Override
    public void close() {
        keeper.close();
        store.close();
    }
}
