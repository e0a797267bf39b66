package io.canal.store;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.reconcile.Clock;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class MemoryStoreTest extends StoreContract {

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
    void compact() {
        cluster.compact();
    }

    @Override
    void replace() {
        cluster.replace(2);
    }

    @Test
    void one_client_can_be_cut_off_alone() throws StoreException {
        try (MemoryStore other = new MemoryStore(cluster)) {
            cut();
            assertThrows(StoreException.class, () -> store.get("a"));
            assertTrue(other.get("a").isEmpty());
        }
    }

    @Test
    void calls_can_be_made_slow() throws StoreException {
        store.delay(Duration.ofMillis(50));
        long start = System.nanoTime();
        store.get("a");
        assertTrue(System.nanoTime() - start >= 50_000_000);
    }
}
