package io.canal.lease.keeper;

import io.canal.reconcile.Clock;
import io.canal.store.MemoryStore;
import io.canal.store.Store;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class LeaseKeeperTest extends LeaseKeeperContract {

    private final MemoryStore.Cluster cluster = new MemoryStore.Cluster(Clock.system(), 1);
    private MemoryStore store;

    @Override
    Store open() {
        store = new MemoryStore(cluster);
        return store;
    }

    @Override
    void cut() {
        store.available(false);
    }

    @Override
    void mend() {
        store.available(true);
    }

    @Override
    void replace() {
        cluster.replace(2);
    }
}
