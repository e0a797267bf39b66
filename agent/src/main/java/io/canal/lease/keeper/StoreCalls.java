package io.canal.lease.keeper;

import io.canal.lease.Command;
import io.canal.lease.Event;
import io.canal.lease.Row;
import io.canal.lease.Snapshot;
import io.canal.lease.SnapshotReader;
import io.canal.model.HolderRecord;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.store.Store;
import io.canal.store.Store.Entry;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries out what the transition asks of the store. Each call blocks for as long as the store's deadlines allow. */
final class StoreCalls {

    private static final Logger log = LoggerFactory.getLogger(StoreCalls.class);

    private final Store store;
    private final NetworkKeys keys;
    private final SnapshotReader reader;
    private final Heard heard;

    /** @param heard what need not be read from the store again while it is as it was told */
    StoreCalls(Store store, NetworkKeys keys, Heard heard) {
        this.heard = heard;
        this.store = store;
        this.keys = keys;
        this.reader = new SnapshotReader(keys);
    }

    /** The answer to a command; empty where none is wanted. */
    Optional<Event> carryOut(Command command) {
        return switch (command) {
            case Command.Read(long id) -> answer(id, () -> new Event.WasRead(id, snapshot()));
            case Command.Commit(long id, Txn txn, Optional<Duration> grant) -> answer(id, () -> commit(id, txn, grant));
            case Command.KeepAlive(long id, long lease) -> answer(id, () -> new Event.KeptAlive(id, store.keepAliveOnce(lease)));
            case Command.Revoke(long lease) -> {
                revoke(lease);
                yield Optional.empty();
            }
        };
    }

    /**
     * Everything that decisions are made from. The epoch comes first: see {@link Snapshot}. The rest is asked for at once; of the subnets
     * only whether they are what the feeds have told, for they are many.
     */
    synchronized Snapshot snapshot() throws StoreException {
        heard.await();
        Optional<Entry> epoch = store.get(NetworkKeys.EPOCH);
        Asked<Optional<Entry>> config = Asked.of(() -> store.get(keys.config()));
        Asked<Map<SubnetKey, Row<LeaseValue>>> leases = Asked.of(() -> {
            Optional<Map<SubnetKey, Row<LeaseValue>>> told = heard.leases(store.extent(keys.leases()));
            return told.isPresent() ? told.get() : reader.leases(store.list(keys.leases()).entries());
        });
        Asked<Map<SubnetKey, Row<HolderRecord>>> holders = Asked.of(() -> {
            Optional<Map<SubnetKey, Row<HolderRecord>>> told = heard.holders(store.extent(NetworkKeys.HOLDERS));
            return told.isPresent() ? told.get() : reader.holders(store.list(NetworkKeys.HOLDERS).entries());
        });
        Asked<List<Entry>> sessions = Asked.of(() -> store.list(NetworkKeys.SESSIONS).entries());
        return reader.read(epoch, config.answer(), leases.answer(), holders.answer(), sessions.answer());
    }

    private interface Call {
        Event run() throws StoreException;
    }

    private static Optional<Event> answer(long id, Call call) {
        try {
            return Optional.of(call.run());
        } catch (StoreException failure) {
            return Optional.of(new Event.Failed(id, String.valueOf(failure.getMessage())));
        } catch (RuntimeException | Error defect) {
            log.error("a request to etcd failed; this is a defect of canal", defect);
            return Optional.of(new Event.Failed(id, "defect of canal: " + defect));
        }
    }

    private Event commit(long id, Txn txn, Optional<Duration> grant) throws StoreException {
        long lease = grant.isPresent() ? store.grant(grant.get()) : 0;
        Txn.Result result = store.commit(txn.withLease(Command.NEW_LEASE, lease));
        if (!result.done() && lease != 0) {
            revoke(lease);
        }
        return new Event.Committed(id, result.done(), result.revision(), result.done() ? lease : 0);
    }

    /** A lease that cannot be given back ends by itself. */
    private void revoke(long lease) {
        try {
            store.revoke(lease);
        } catch (StoreException failure) {
            log.debug("{}", failure.getMessage());
        }
    }
}
