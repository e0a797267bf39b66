package io.canal.lease;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Clock;
import io.canal.store.MemoryStore;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReleaseTest {

    private static final SubnetKey SUBNET = SubnetKey.of("10.1.49.0-24");

    @Test
    void a_node_that_comes_back_meanwhile_keeps_its_subnet() throws StoreException {
        try (MemoryStore store = new MemoryStore(Clock.system())) {
            HolderRecord holder = new HolderRecord("a1", "canal/0", "h1", Instant.EPOCH, LeaseValue.hostGw(Ip.of("10.10.0.1")));
            store.commit(Txn.when().put(NetworkKeys.holder(SUBNET), holder.text(), 0));
            long revision = store.get(NetworkKeys.holder(SUBNET)).orElseThrow().modRevision();
            Snapshot gone = new Snapshot(Optional.empty(), Map.of(), Map.of(SUBNET, new Row<>(Optional.of(holder), revision, 0)), Map.of(), 0, 0);
            Txn release = assertInstanceOf(Release.Plan.Do.class, Release.plan(NetworkKeys.DEFAULT, gone, SUBNET)).txn();
            store.commit(Txn.when().put(NetworkKeys.session("a1"), "{}", 0));
            assertEquals(false, store.commit(release).done());
            store.commit(Txn.when().delete(NetworkKeys.session("a1")));
            assertEquals(true, store.commit(release).done());
        }
    }
}
