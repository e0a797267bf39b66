package io.canal.lease;

import io.canal.model.HolderRecord;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkKeys;
import io.canal.model.SessionRecord;
import io.canal.model.SubnetKey;
import io.canal.store.Txn;
import java.time.Instant;
import java.util.Comparator;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writing this node's holder record anew where it was damaged and etcd alone does not prove whose it is, so that the agent waits for
 * an operator: his word, and what the node remembers, stand for the proof. Refused where anything in etcd speaks for another node.
 */
public final class Reclaim {

    private Reclaim() {}

    /** What is to be done, or why it must not be. */
    public sealed interface Plan {

        /** This node's record can be read, or there is none. */
        record Nothing() implements Plan {}

        /**
         * Carry this out.
         *
         * @param sentence says which key, what is written there, and what speaks for it
         */
        record Do(Txn txn, String sentence) implements Plan {}

        /** The reason as a sentence. */
        record Refused(String sentence) implements Plan {}
    }

    /** Judges what etcd says, by what the node with this state knows of itself. */
    public static Plan plan(NetworkKeys keys, Snapshot snapshot, KeeperState state, Instant now) {
        Optional<SubnetKey> last = state.subnet().or(() -> state.remembered().map(Remembered::subnet)).filter(snapshot::isUnreadable);
        if (last.isEmpty() || state.facts().isEmpty()) {
            return new Plan.Nothing();
        }
        SubnetKey subnet = last.get();
        NodeFacts self = state.facts().get();
        Optional<LeaseValue> value = snapshot.goodConfig().or(state::config).flatMap(self::value);
        Optional<Row<SessionRecord>> session = Optional.ofNullable(snapshot.sessions().get(self.node()));
        if (value.isEmpty() || session.flatMap(Row::value).filter(alive -> alive.boot().equals(self.boot())).isEmpty()) {
            return refused(subnet, "this node has no address, or no session in etcd yet; try again");
        }
        Optional<Row<LeaseValue>> lease = Optional.ofNullable(snapshot.leases().get(subnet));
        Optional<LeaseValue> foreign = lease.flatMap(Row::value).filter(other -> !other.samePublicAddress(value.get()));
        if (foreign.isPresent()) {
            return refused(subnet, "its lease is that of " + foreign.get().address());
        }
        Set<SubnetKey> others = snapshot.others(subnet);
        if (!others.isEmpty()) {
            return refused(subnet, others.iterator().next().pretty() + " overlaps it, and has a lease or a holder of its own");
        }
        Optional<String> unexplained = withoutSubnet(snapshot, self.node(), subnet);
        if (unexplained.isPresent()) {
            return refused(subnet, "the node at " + unexplained.get() + " is alive, and nothing in etcd says which subnet it has: it may be this one;"
                    + " have that node repaired first, or stop its agent and wait a minute");
        }
        String key = NetworkKeys.holder(subnet);
        HolderRecord record = new HolderRecord(self.node(), self.unit(), self.nodename(), now, value.get());
        Txn txn = Txn.when().at(NetworkKeys.EPOCH, snapshot.epochRevision())
                .unchanged(key, Objects.requireNonNull(snapshot.holders().get(subnet)).modRevision())
                .at(keys.lease(subnet), lease.map(Row::modRevision).orElse(0L))
                .unchanged(NetworkKeys.session(self.node()), session.get().modRevision())
                .put(NetworkKeys.EPOCH, Long.toString(snapshot.epoch() + 1), 0)
                .put(key, record.text(), 0);
        return new Plan.Do(txn, "Write " + key + ", which cannot be read, anew: " + record.text() + "; for this node had " + subnet.pretty() + " last, by "
                + (state.subnet().isPresent() ? "what its agent uses" : "what its disk remembers") + (self.podsUseSubnet() ? " and with the pods that it has" : "")
                + ", its lease " + (lease.isEmpty() ? "is gone" : lease.get().value().isEmpty() ? "cannot be read either" : "has this node's address")
                + ", no other subnet overlaps it, and every other node that is alive has another one.");
    }

    private static Plan refused(SubnetKey subnet, String why) {
        return new Plan.Refused("The holder of " + subnet.pretty() + " at " + NetworkKeys.holder(subnet) + " cannot be read, and is not written anew: " + why + ".");
    }

    /**
     * The address of a living node that nobody knows a subnet of, neither by a holder record nor by a lease with its address. One that has
     * only just come is one too, until it has taken its subnet.
     */
    static Optional<String> withoutSubnet(Snapshot snapshot, String self, SubnetKey disputed) {
        Set<String> holding = snapshot.holders().values().stream().flatMap(row -> row.value().stream()).map(HolderRecord::node).collect(Collectors.toSet());
        return snapshot.sessions().entrySet().stream()
                .filter(session -> !session.getKey().equals(self) && !holding.contains(session.getKey()))
                .filter(session -> session.getValue().value().filter(alive -> hasOtherLease(snapshot, alive, disputed)).isEmpty())
                .sorted(Map.Entry.comparingByKey(Comparator.naturalOrder()))
                .map(session -> session.getValue().value().map(SessionRecord::addresses).orElse("?"))
                .findFirst();
    }

    private static boolean hasOtherLease(Snapshot snapshot, SessionRecord alive, SubnetKey disputed) {
        return snapshot.leases().entrySet().stream()
                .filter(lease -> !lease.getKey().equals(disputed))
                .flatMap(lease -> lease.getValue().value().stream())
                .anyMatch(lease -> Stream.concat(alive.publicIp().stream(), alive.publicIpv6().stream())
                        .anyMatch(address -> address.equals(lease.publicIp()) || lease.publicIpv6().filter(address::equals).isPresent()));
    }
}
