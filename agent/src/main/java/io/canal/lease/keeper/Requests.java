package io.canal.lease.keeper;

import io.canal.lease.KeeperState;
import io.canal.lease.NetworkConfigChange;
import io.canal.lease.Reclaim;
import io.canal.lease.Release;
import io.canal.lease.Row;
import io.canal.lease.Snapshot;
import io.canal.lease.Standing;
import io.canal.model.Decoded;
import io.canal.model.HolderRecord;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkConfig;
import io.canal.model.NetworkKeys;
import io.canal.model.Problem;
import io.canal.model.SubnetKey;
import io.canal.store.Store;
import io.canal.store.Store.Entry;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Predicate;

/** What people ask of the network as a whole. */
final class Requests {

    private static final int ATTEMPTS = 5;
    private static final String BUSY = "other nodes change their subnets all the time just now; try again";

    private final Store store;
    private final NetworkKeys keys;
    private final StoreCalls calls;

    Requests(Store store, NetworkKeys keys, StoreCalls calls) {
        this.store = store;
        this.keys = keys;
        this.calls = calls;
    }

    Optional<String> putNetwork(String json, Predicate<Optional<NetworkConfig>> expected) throws StoreException {
        NetworkConfig wanted;
        switch (NetworkConfig.parse(keys.config(), json)) {
            case Decoded.Good<NetworkConfig>(NetworkConfig good) -> wanted = good;
            case Decoded.Bad<NetworkConfig>(Problem problem) -> {
                return Optional.of(problem.sentence());
            }
        }
        Optional<Entry> before = store.get(keys.config());
        Optional<NetworkConfig> current = before.map(entry -> NetworkConfig.parse(entry.key(), entry.value()))
                .flatMap(decoded -> decoded instanceof Decoded.Good<NetworkConfig>(NetworkConfig good) ? Optional.of(good) : Optional.empty());
        if (current.isPresent()) {
            wanted = wanted.over(current.get());
            if (wanted.equals(current.get())) {
                return Optional.empty();
            }
        }
        if (!expected.test(current)) {
            return Optional.of(keys.config() + " was changed by somebody else since this was asked for; nothing was written");
        }
        Snapshot snapshot = calls.snapshot();
        TreeSet<SubnetKey> inUse = new TreeSet<>(snapshot.leases().keySet());
        inUse.addAll(snapshot.holders().keySet());
        Optional<String> refusal = NetworkConfigChange.check(current, wanted, inUse);
        if (refusal.isPresent()) {
            return refusal;
        }
        Txn txn = Txn.when().at(keys.config(), before.map(Entry::modRevision).orElse(0L)).put(keys.config(), wanted.text(), 0);
        return store.commit(txn).done()
                ? Optional.empty()
                : Optional.of(keys.config() + " was changed by somebody else meanwhile; nothing was written");
    }

    Optional<String> release(SubnetKey subnet) throws StoreException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            switch (Release.plan(keys, calls.snapshot(), subnet)) {
                case Release.Plan.Refused(String sentence) -> {
                    return Optional.of(sentence);
                }
                case Release.Plan.Do(Txn txn) -> {
                    if (store.commit(txn).done()) {
                        return Optional.empty();
                    }
                }
            }
        }
        return Optional.of(BUSY);
    }

    Optional<String> releaseUnit(String unit) throws StoreException {
        List<SubnetKey> held = calls.snapshot().holders().entrySet().stream()
                .filter(entry -> entry.getValue().value().filter(holder -> holder.unit().equals(unit)).isPresent())
                .map(Map.Entry::getKey)
                .toList();
        for (SubnetKey subnet : held) {
            Optional<String> refusal = release(subnet);
            if (refusal.isPresent()) {
                return refusal;
            }
        }
        return Optional.empty();
    }

    /**
     * Writes this node's own holder record anew where it cannot be read.
     *
     * @param state what the keeper knows; nothing is asked of etcd unless that is why it waits
     */
    Reclaim.Plan reclaim(Optional<KeeperState> state, boolean dryRun, Instant now) throws StoreException {
        Optional<KeeperState> waiting = state.filter(known -> known.standing() == Standing.UNREADABLE);
        Reclaim.Plan plan = new Reclaim.Plan.Nothing();
        for (int attempt = 0; attempt < ATTEMPTS && waiting.isPresent(); attempt++) {
            plan = Reclaim.plan(keys, calls.snapshot(), waiting.get(), now);
            if (dryRun || !(plan instanceof Reclaim.Plan.Do(Txn txn, String ignored)) || store.commit(txn).done()) {
                return plan;
            }
        }
        return plan instanceof Reclaim.Plan.Do ? new Reclaim.Plan.Refused(BUSY) : plan;
    }

    List<LeaseRow> leases() throws StoreException {
        Snapshot snapshot = calls.snapshot();
        TreeSet<SubnetKey> all = new TreeSet<>(snapshot.leases().keySet());
        all.addAll(snapshot.holders().keySet());
        List<LeaseRow> rows = new ArrayList<>();
        for (SubnetKey subnet : all) {
            Optional<Row<LeaseValue>> lease = Optional.ofNullable(snapshot.leases().get(subnet));
            Optional<HolderRecord> holder = Optional.ofNullable(snapshot.holders().get(subnet)).flatMap(Row::value);
            rows.add(new LeaseRow(subnet, lease.flatMap(Row::value), holder, lease.filter(row -> row.lease() == 0).isPresent(),
                    holder.filter(record -> snapshot.sessions().containsKey(record.node())).isPresent()));
        }
        return rows;
    }
}
