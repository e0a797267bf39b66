package io.canal.lease.keeper;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.lease.Row;
import io.canal.lease.SnapshotReader;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Clock;
import io.canal.store.Feed.Change;
import io.canal.store.MemoryStore;
import io.canal.store.Store.Extent;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What need not be listed again, because the feeds have told it. */
class HeardTest {

    private static final String LEASES = NetworkKeys.DEFAULT.leases();

    private final MemoryStore store = new MemoryStore(Clock.system());
    private final NetworkView view = new NetworkView(NetworkKeys.DEFAULT, Duration.ofHours(24), StateFolder.Known.NOTHING, Optional::empty, Clock.system());

    @Test
    void leases_that_a_feed_has_told_serve_while_etcd_has_just_those() throws StoreException {
        assertEquals(Optional.empty(), now());
        put("10.1.1.0-24", lease(1));
        put("10.1.2.0-24", "{}");
        put("garbage", "x");
        view.leasesListed(store.list(LEASES));
        assertEquals(read(), now());
        long revision = put("10.1.1.0-24", lease(3));
        assertEquals(Optional.empty(), now(), "changed");
        tellPut(revision, "10.1.1.0-24");
        assertEquals(read(), now());
        revision = put("10.1.4.0-24", lease(4));
        assertEquals(Optional.empty(), now(), "more");
        tellPut(revision, "10.1.4.0-24");
        assertEquals(read(), now());
        for (String gone : List.of("10.1.4.0-24", "garbage", "10.1.2.0-24")) {
            revision = store.commit(Txn.when().delete(LEASES + gone)).revision();
            assertEquals(Optional.empty(), now(), gone + " is gone");
            view.leasesChanged(revision, List.of(new Change.Deleted(LEASES + gone)));
            assertEquals(read(), now());
        }
    }

    @Test
    void leases_of_another_or_an_older_etcd_or_of_a_feed_that_broke_do_not_serve() throws StoreException {
        put("10.1.1.0-24", lease(1));
        view.leasesListed(store.list(LEASES));
        Extent extent = store.extent(LEASES);
        assertEquals(Optional.empty(), view.leasesAt(new Extent(extent.clusterId() + 1, extent.revision(), extent.newest(), extent.keys())));
        assertEquals(Optional.empty(), view.leasesAt(new Extent(extent.clusterId(), extent.revision() - 1, extent.newest(), extent.keys())));
        assertEquals(read(), view.leasesAt(extent));
        view.leasesLost("broken");
        assertEquals(Optional.empty(), view.leasesAt(extent));
    }

    private Optional<Map<SubnetKey, Row<LeaseValue>>> now() throws StoreException {
        return view.leasesAt(store.extent(LEASES));
    }

    private Optional<Map<SubnetKey, Row<LeaseValue>>> read() throws StoreException {
        return Optional.of(new SnapshotReader(NetworkKeys.DEFAULT).leases(store.list(LEASES).entries()));
    }

    private long put(String key, String value) throws StoreException {
        return store.commit(Txn.when().put(LEASES + key, value, 0)).revision();
    }

    private void tellPut(long revision, String key) throws StoreException {
        view.leasesChanged(revision, List.of(new Change.Put(store.get(LEASES + key).orElseThrow())));
    }

    private static String lease(int number) {
        return LeaseValue.vxlan(Ip.of("10.10.0." + number), 1, new Mac(number)).text();
    }
}
