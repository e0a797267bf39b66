package io.canal.lease;

import io.canal.model.HolderRecord;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.store.Txn;
import java.util.Optional;

/** Giving subnets back for those who cannot do it themselves: nodes that are gone. */
public final class Release {

    private Release() {}

    /** What is to be done, or why it must not be. */
    public sealed interface Plan {

        /** Carry this out. */
        record Do(Txn txn) implements Plan {}

        /** The subnet is not to be released: the reason as a sentence. */
        record Refused(String sentence) implements Plan {}
    }

    /** Releases a subnet, unless it is nobody's or its holder is alive. */
    public static Plan plan(NetworkKeys keys, Snapshot snapshot, SubnetKey subnet) {
        Row<HolderRecord> holder = snapshot.holders().get(subnet);
        Row<LeaseValue> lease = snapshot.leases().get(subnet);
        if (holder == null && lease == null) {
            return new Plan.Refused("nobody holds " + subnet.pretty() + ", and there is no lease of it");
        }
        Optional<HolderRecord> alive = Optional.ofNullable(holder).flatMap(Row::value).filter(record -> snapshot.alive(record.node()));
        if (alive.isPresent()) {
            return new Plan.Refused(subnet.pretty() + " is held by " + alive.get().describe()
                    + ", whose agent is alive; remove the unit, or stop its agent and wait a minute, then release it");
        }
        Optional<String> maybe = snapshot.isUnreadable(subnet) ? Reclaim.withoutSubnet(snapshot, "", subnet) : Optional.empty();
        if (maybe.isPresent()) {
            return new Plan.Refused("whose " + subnet.pretty() + " is cannot be read at " + NetworkKeys.holder(subnet) + ", and it may be that of the node at "
                    + maybe.get() + ", which is alive; run repair-subnets on that node, or stop its agent and wait a minute, then release it");
        }
        Txn txn = of(keys, snapshot, subnet);
        // Its agent may start while this is on its way.
        return new Plan.Do(Optional.ofNullable(holder).flatMap(Row::value).map(record -> txn.at(NetworkKeys.session(record.node()), 0)).orElse(txn));
    }

    /** Deletes the holder, and the lease if it is the holder's or if there is no holder. */
    static Txn of(NetworkKeys keys, Snapshot snapshot, SubnetKey subnet) {
        Optional<Row<HolderRecord>> holder = Optional.ofNullable(snapshot.holders().get(subnet));
        Optional<Row<LeaseValue>> lease = Optional.ofNullable(snapshot.leases().get(subnet));
        Txn txn = Txn.when().at(NetworkKeys.EPOCH, snapshot.epochRevision()).put(NetworkKeys.EPOCH, Long.toString(snapshot.epoch() + 1), 0);
        if (holder.isPresent()) {
            txn = txn.unchanged(NetworkKeys.holder(subnet), holder.get().modRevision()).delete(NetworkKeys.holder(subnet));
        }
        Optional<LeaseValue> value = lease.flatMap(Row::value);
        boolean stolen = value.isPresent() && holder.flatMap(Row::value)
                .filter(record -> !record.lease().equals(LeaseValue.UNKNOWN) && !record.lease().samePublicAddress(value.get())).isPresent();
        if (lease.isPresent() && !stolen) {
            txn = txn.unchanged(keys.lease(subnet), lease.get().modRevision()).delete(keys.lease(subnet));
        }
        return txn;
    }
}
