package io.canal.lease.keeper;

import io.canal.lease.Standing;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Clock;
import io.canal.store.MemoryStore;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class LeaseKeeperTest extends LeaseKeeperContract {

    private final MemoryStore.Cluster cluster = new MemoryStore.Cluster(Clock.system(), 1);
    private MemoryStore store;

    @Test
    void a_holder_record_that_cannot_be_read_is_named_and_comes_back_when_it_is_deleted() throws StoreException {
        TestNode a = node(1, TestNode.facts(1).withPods(true));
        SubnetKey subnet = a.awaitHeld();
        String key = NetworkKeys.holder(subnet);
        put(key, "damaged");
        a.await(() -> a.standing().problems().stream().anyMatch(problem -> problem.contains(key) && problem.contains("delete it")));
        store.commit(Txn.when().delete(key));
        a.await(() -> a.own().standing() == Standing.HELD && a.own().subnet().equals(Optional.of(subnet)));
        awaitKey(key);
    }

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
