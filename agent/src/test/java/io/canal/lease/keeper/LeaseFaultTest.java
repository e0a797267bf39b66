package io.canal.lease.keeper;

import io.canal.reconcile.Clock;
import io.canal.store.MemoryStore;
import io.canal.store.Store;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class LeaseFaultTest extends LeaseFaultContract {

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

    @Override
    void compact() {
        cluster.compact();
    }

    @Override
    void backUp() {
        // The twin goes back to its beginning.
    }

    @Override
    void restore() {
        cluster.replace(1);
        putConfig();
    }

    @Override
    Path path() {
        MemoryStore own = new MemoryStore(cluster);
        return new Path() {
            @Override
            public Store store() {
                return own;
            }

            @Override
            public void cut() {
                own.available(false);
            }

            @Override
            public void mend() {
                own.available(true);
            }

            @Override
            public void close() {
                own.close();
            }
        };
    }
}
