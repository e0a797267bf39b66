package io.canal.lease;

import io.canal.model.Cidr;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkConfig;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.model.SubnetRange;
import io.canal.model.Vtep;
import io.canal.store.Txn;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * What to do about our subnet, given all that the store says.
 *
 * <p>In this order: the subnet we hold; a lease that has our address and no other holder (a reservation, or what flanneld left on
 * this node); the last subnet on disk, if it is free; one of the free ones. Every step is one transaction that compares all that it
 * was decided from: the lease, the holder, our session, and the epoch where an ownership changes.
 */
final class Decision {

    private final Set<Guard> guards;
    private final NetworkKeys keys;
    private final Snapshot snapshot;
    private final NodeFacts facts;
    private final NetworkConfig config;
    private final LeaseValue wanted;
    private final KeeperState state;
    private final long sessionRevision;
    private final Instant now;
    private final RandomGenerator random;
    private final List<String> problems = new ArrayList<>();

    Decision(Set<Guard> guards, NetworkKeys keys, Snapshot snapshot, NodeFacts facts, NetworkConfig config, LeaseValue wanted, KeeperState state,
            long sessionRevision, Instant now, RandomGenerator random) {
        this.guards = guards;
        this.keys = keys;
        this.snapshot = snapshot;
        this.facts = facts;
        this.config = config;
        this.wanted = wanted;
        this.state = state;
        this.sessionRevision = sessionRevision;
        this.now = now;
        this.random = random;
    }

    Verdict decide() {
        TreeMap<SubnetKey, Row<HolderRecord>> held = new TreeMap<>();
        snapshot.holders().forEach((subnet, row) -> {
            if (row.value().filter(holder -> holder.node().equals(facts.node())).isPresent()) {
                held.put(subnet, row);
            }
        });
        if (!guards.contains(Guard.HOLDER_FIRST)) {
            Optional<SubnetKey> match = leaseWithOurAddress();
            if (match.isPresent()) {
                return create(match.get());
            }
        }
        if (held.isEmpty()) {
            Optional<String> refusal = doubles();
            if (refusal.isPresent()) {
                return new Verdict.Wait(Standing.BLOCKED, refusal.get());
            }
            Optional<SubnetKey> proven = usedLast().filter(this::isOursByItsLease);
            if (proven.isPresent()) {
                return create(proven.get(), Objects.requireNonNull(snapshot.holders().get(proven.get())).modRevision());
            }
            // Pods that outlived the agent are of the subnet that it had.
            Optional<SubnetKey> used = state.subnet().or(() -> usedLast().filter(_ -> !mayRenumber()));
            return used.isPresent() ? backTo(used.get()) : acquire();
        }
        SubnetKey subnet = state.subnet().filter(held::containsKey)
                .or(() -> state.remembered().map(Remembered::subnet).filter(held::containsKey))
                .or(() -> held.keySet().stream().filter(config::fits).findFirst())
                .orElseGet(held::firstKey);
        Verdict verdict = keep(subnet, Objects.requireNonNull(held.get(subnet)));
        if (verdict instanceof Verdict.Hold && held.size() > 1) {
            SubnetKey extra = held.keySet().stream().filter(other -> !other.equals(subnet)).findFirst().orElseThrow();
            return new Verdict.GiveBack(Release.of(keys, snapshot, extra));
        }
        return verdict;
    }

    // The subnet we hold.

    private Verdict keep(SubnetKey subnet, Row<HolderRecord> holderRow) {
        HolderRecord holder = holderRow.value().orElseThrow();
        Optional<Row<LeaseValue>> lease = Optional.ofNullable(snapshot.leases().get(subnet));
        boolean ours = lease.flatMap(Row::value).map(value -> isOurs(value, holder)).orElse(true);
        if (!guards.contains(Guard.REVOCATION) && state.subnet().isPresent()) {
            return new Verdict.Hold(subnet, wanted, 1, 1, holder, holderRow.modRevision(), problems);
        }
        List<SubnetKey> rivals = rivals(subnet);
        if (!ours || lease.isEmpty() && !rivals.isEmpty()) {
            return lost(subnet, ours ? rivals.getFirst() : subnet, true);
        }
        if (!config.fits(subnet)) {
            if (!renumbers(subnet) || mayRenumber()) {
                Optional<SubnetKey> other = conforming(subnet);
                if (other.isPresent()) {
                    return move(subnet, other.get());
                }
                problems.add(outOfSubnets() + "; it keeps " + subnet.pretty() + ", which is not of the network");
            } else {
                problems.add("the subnet " + subnet.pretty() + " of this node is not of the network " + config.networksText() + " at " + keys.config()
                        + "; it is kept, as pods have addresses of it; repair-subnets allow-renumber=true gives the node another one, unless the network is put back");
            }
        }
        flanneldWithoutV4().ifPresent(problems::add);
        rivals.forEach(rival -> problems.add("the subnet " + rival.pretty() + ", which " + who(rival) + " has, overlaps " + subnet.pretty() + " of this node"));
        HolderRecord wantedHolder = new HolderRecord(holder.node(), facts.unit(), facts.nodename(), holder.since(), holderValue(), holder.extra());
        // A name or a MAC that is new to our record may be another's: the old ones stay then.
        boolean renamed = !holder.nodename().equals(facts.nodename()) || !sameTunnels(holder.lease(), wanted);
        Optional<String> doubled = renamed ? doubles() : Optional.empty();
        if (doubled.isPresent() && lease.isEmpty()) {
            return new Verdict.Wait(Standing.BLOCKED, doubled.get());
        }
        if (lease.isEmpty()) {
            return putBack(subnet, holderRow, wantedHolder);
        }
        Row<LeaseValue> row = lease.get();
        if (doubled.isPresent() && row.value().isPresent()) {
            problems.add(doubled.get());
            return new Verdict.Hold(subnet, row.value().get(), row.modRevision(), row.lease(), holder, holderRow.modRevision(), problems);
        }
        boolean sameLease = row.value().equals(Optional.of(wanted));
        if (sameLease && holder.equals(wantedHolder)) {
            return new Verdict.Hold(subnet, wanted, row.modRevision(), row.lease(), holder, holderRow.modRevision(), problems);
        }
        Txn txn = Txn.when().unchanged(keys.lease(subnet), row.modRevision())
                .unchanged(NetworkKeys.holder(subnet), holderRow.modRevision())
                .unchanged(NetworkKeys.session(facts.node()), sessionRevision)
                .put(NetworkKeys.holder(subnet), wantedHolder.text(), 0);
        // Under the lease that it has: a reservation stays one. Who damaged a value by hand has put it under none.
        boolean grant = !sameLease && row.lease() == 0 && row.value().isEmpty();
        if (!sameLease) {
            txn = txn.put(keys.lease(subnet), wanted.text(), grant ? Command.NEW_LEASE : row.lease());
        }
        return new Verdict.Take(txn, grant, subnet, wanted, sameLease ? row.modRevision() : 0, row.lease(), wantedHolder, 0, problems);
    }

    /**
     * The lease is gone and the subnet is still ours. Nobody of canal can have taken it meanwhile, as we hold it, so the epoch is
     * not compared: after an outage all nodes put their leases back at once.
     */
    private Verdict putBack(SubnetKey subnet, Row<HolderRecord> holderRow, HolderRecord wantedHolder) {
        Txn txn = Txn.when()
                .unchanged(NetworkKeys.holder(subnet), holderRow.modRevision())
                .unchanged(NetworkKeys.session(facts.node()), sessionRevision);
        if (guards.contains(Guard.CREATE)) {
            txn = txn.absent(keys.lease(subnet));
        }
        txn = txn.put(keys.lease(subnet), wanted.text(), Command.NEW_LEASE);
        boolean sameHolder = holderRow.value().equals(Optional.of(wantedHolder));
        if (!sameHolder) {
            txn = txn.put(NetworkKeys.holder(subnet), wantedHolder.text(), 0);
        }
        return new Verdict.Take(txn, true, subnet, wanted, 0, 0, wantedHolder, sameHolder ? holderRow.modRevision() : 0, problems);
    }

    private boolean isOurs(LeaseValue value, HolderRecord holder) {
        return value.samePublicAddress(wanted) || value.samePublicAddress(holder.lease()) && sameTunnels(value, holder.lease());
    }

    /** Leases of others that overlap our subnet without being under its key. */
    private List<SubnetKey> rivals(SubnetKey subnet) {
        return snapshot.leases().entrySet().stream()
                .filter(entry -> !entry.getKey().equals(subnet) && entry.getKey().overlaps(subnet))
                .filter(entry -> entry.getValue().value().filter(value -> !value.samePublicAddress(wanted)).isPresent())
                .map(Map.Entry::getKey)
                .sorted()
                .toList();
    }

    // The subnet we use and do not hold: etcd was replaced or restored, or somebody released it.

    private Verdict backTo(SubnetKey subnet) {
        Optional<Row<LeaseValue>> lease = Optional.ofNullable(snapshot.leases().get(subnet));
        boolean foreignLease = lease.flatMap(Row::value).filter(value -> !isFormerOrPresent(value)).isPresent();
        Optional<SubnetKey> holder = heldByOther(subnet);
        List<SubnetKey> rivals = rivals(subnet);
        if (foreignLease || holder.isPresent() || lease.isEmpty() && !rivals.isEmpty()) {
            return lost(subnet, foreignLease ? subnet : holder.or(() -> rivals.stream().findFirst()).orElse(subnet), false);
        }
        if (!config.fits(subnet) && mayRenumber()) {
            return acquire();
        }
        return create(subnet);
    }

    private Optional<SubnetKey> usedLast() {
        return state.subnet().or(() -> state.remembered().map(Remembered::subnet));
    }

    /**
     * The holder record says nothing any more, not even whose it is. Where the lease under the same key has our address and our tunnels,
     * nobody else can hold the subnet: who takes one writes its own lease with the record. It is written anew over what was read.
     */
    private boolean isOursByItsLease(SubnetKey subnet) {
        return snapshot.isUnreadable(subnet)
                && Optional.ofNullable(snapshot.leases().get(subnet)).flatMap(Row::value)
                        .filter(value -> value.samePublicAddress(wanted) && sameTunnels(value, wanted)).isPresent()
                && snapshot.others(subnet).isEmpty();
    }

    /**
     * Whether a lease under the key of our subnet is ours. The address that this process has written is; one from before it may be another
     * machine's by now, so the tunnels must be ours too, and where there are none nothing tells.
     */
    private boolean isFormerOrPresent(LeaseValue value) {
        return value.samePublicAddress(wanted)
                || state.ownRecord().filter(own -> own.leaseRevision() != 0 && own.value().samePublicAddress(value)).isPresent()
                || state.remembered().filter(last -> last.value().samePublicAddress(value) && hasTunnel(value) && sameTunnels(last.value(), value)).isPresent();
    }

    /** Somebody has what we use. */
    private Verdict lost(SubnetKey subnet, SubnetKey to, boolean held) {
        if (mayRenumber()) {
            if (!held) {
                return acquire();
            }
            Optional<SubnetKey> other = allocate();
            return other.isPresent() ? move(subnet, other.get()) : new Verdict.Wait(Standing.STOLEN, outOfSubnets());
        }
        if (snapshot.isUnreadable(to)) {
            return new Verdict.Wait(Standing.UNREADABLE, "whose the subnet " + subnet.pretty() + " of this node is cannot be read at " + NetworkKeys.holder(to)
                    + "; running pods keep their routes and new ones are refused; " + (to.equals(subnet)
                    ? "repair-subnets writes it anew, unless something says that the subnet is another node's"
                    : "if its node is gone for good, release-lease frees it"));
        }
        return new Verdict.Wait(Standing.STOLEN, "the subnet " + subnet.pretty() + " of this node was taken by " + who(to)
                + (to.equals(subnet) ? "" : " with " + to.pretty())
                + "; running pods keep their routes and new ones are refused; repair-subnets allow-renumber=true gives the node another subnet,"
                + " and its pods must then be recreated");
    }

    /** Without pods nobody minds another subnet. */
    private boolean mayRenumber() {
        return state.allowRenumber() || !facts.podsUseSubnet();
    }

    // A subnet of the network's families.

    /** Whether pods would lose their addresses if the subnet were made to fit the config. */
    private boolean renumbers(SubnetKey subnet) {
        return Stream.of(Family.values()).anyMatch(family -> subnet.cidr(family).isPresent()
                && config.range(family).filter(range -> range.fits(subnet.cidr(family).orElseThrow())).isEmpty());
    }

    /** The same subnet in the families of the network: parts that fit are kept, others are allocated. */
    private Optional<SubnetKey> conforming(SubnetKey subnet) {
        Optional<Cidr> v4 = part(config.v4(), subnet.v4());
        Optional<Cidr> v6 = part(config.v6(), subnet.v6());
        return config.v4().isPresent() && v4.isEmpty() || config.v6().isPresent() && v6.isEmpty()
                ? Optional.empty()
                : Optional.of(new SubnetKey(v4, v6));
    }

    private Optional<Cidr> part(Optional<SubnetRange> range, Optional<Cidr> before) {
        if (range.isEmpty()) {
            return Optional.empty();
        }
        return before.filter(range.get()::fits).or(() -> taken(range.get()).free(random));
    }

    private Optional<SubnetKey> allocate() {
        Optional<Cidr> v4 = config.v4().flatMap(range -> taken(range).free(random));
        Optional<Cidr> v6 = config.v6().flatMap(range -> taken(range).free(random));
        return config.v4().isPresent() && v4.isEmpty() || config.v6().isPresent() && v6.isEmpty()
                ? Optional.empty()
                : Optional.of(new SubnetKey(v4, v6));
    }

    private Taken taken(SubnetRange range) {
        Stream<SubnetKey> leases = snapshot.leases().keySet().stream();
        Stream<SubnetKey> all = guards.contains(Guard.HOLDER) ? Stream.concat(leases, snapshot.holders().keySet().stream()) : leases;
        Stream<Cidr> blocks = all.flatMap(subnet -> subnet.cidrs().stream());
        // Switched off: only the very same subnet counts.
        return new Taken(range, (guards.contains(Guard.OVERLAP) ? blocks : blocks.filter(block -> block.length() == range.subnetLength())).toList());
    }

    // A new subnet.

    private Verdict acquire() {
        Optional<String> refusal = flanneldWithoutV4();
        if (refusal.isPresent()) {
            return new Verdict.Wait(Standing.BLOCKED, refusal.get());
        }
        Optional<SubnetKey> subnet = leaseWithOurAddress()
                .or(() -> state.remembered().map(Remembered::subnet).filter(config::fits).filter(this::isFree))
                .or(this::allocate);
        return subnet.isPresent() ? create(subnet.get()) : new Verdict.Wait(Standing.WAITING, outOfSubnets());
    }

    /**
     * In an IPv6-only network flanneld takes every lease for one of 0.0.0.0/0: beside any other node it looks for a subnet for ever,
     * and it reaches nobody. A lease without a time to live is a reservation, whoever wrote it.
     */
    private Optional<String> flanneldWithoutV4() {
        return config.v4().isPresent() ? Optional.empty() : snapshot.leases().entrySet().stream()
                .filter(entry -> entry.getValue().lease() != 0 && entry.getKey().v4().isEmpty())
                .filter(entry -> entry.getValue().value().filter(value -> !value.samePublicAddress(wanted)).isPresent())
                .filter(entry -> snapshot.holders().keySet().stream().noneMatch(entry.getKey()::overlaps))
                .map(Map.Entry::getKey).sorted().findFirst()
                .map(subnet -> "the lease of " + subnet.pretty() + " belongs to " + who(subnet) + ": flanneld cannot share an IPv6-only network with"
                        + " other nodes; stop it there, and delete its lease with the action release-lease");
    }

    private Optional<SubnetKey> leaseWithOurAddress() {
        return snapshot.leases().entrySet().stream()
                .filter(entry -> entry.getValue().value().filter(value -> value.samePublicAddress(wanted)).isPresent())
                .map(Map.Entry::getKey)
                .filter(config::fits)
                .filter(subnet -> !guards.contains(Guard.HOLDER_FIRST) || heldByOther(subnet).isEmpty())
                .filter(subnet -> snapshot.leases().keySet().stream().noneMatch(other -> !other.equals(subnet) && overlap(other, subnet)))
                .sorted()
                .findFirst();
    }

    private boolean isFree(SubnetKey subnet) {
        return heldByOther(subnet).isEmpty() && snapshot.leases().keySet().stream().noneMatch(other -> overlap(other, subnet));
    }

    private Optional<SubnetKey> heldByOther(SubnetKey subnet) {
        return guards.contains(Guard.HOLDER)
                ? snapshot.heldByOthers(facts.node()).filter(other -> overlap(other, subnet)).findFirst()
                : Optional.empty();
    }

    private boolean overlap(SubnetKey one, SubnetKey other) {
        return guards.contains(Guard.OVERLAP) ? one.overlaps(other) : one.equals(other);
    }

    private static boolean sameTunnels(LeaseValue one, LeaseValue other) {
        return Stream.of(Family.values()).allMatch(family -> one.vtep(family).map(Vtep::mac).equals(other.vtep(family).map(Vtep::mac)));
    }

    private static boolean hasTunnel(LeaseValue value) {
        return Stream.of(Family.values()).anyMatch(family -> value.vtep(family).isPresent());
    }

    /** A machine that was copied, and given a node id but not a MAC or a name of its own. */
    private Optional<String> doubles() {
        for (Row<HolderRecord> row : snapshot.holders().values()) {
            HolderRecord holder = row.value().orElse(null);
            if (holder == null || holder.node().equals(facts.node()) || !snapshot.alive(holder.node())) {
                continue;
            }
            if (!facts.nodename().isEmpty() && holder.nodename().equals(facts.nodename())) {
                return Optional.of("this node is named \"" + facts.nodename() + "\", and so is " + holder.describe()
                        + ", which is alive; give one of them another name (option nodename)");
            }
            for (Family family : Family.values()) {
                if (wanted.vtep(family).isPresent()
                        && holder.lease().vtep(family).filter(vtep -> vtep.mac().equals(wanted.vtep(family).orElseThrow().mac())).isPresent()) {
                    return Optional.of("the tunnel of this node has the MAC " + wanted.vtep(family).orElseThrow().mac() + ", and so has that of "
                            + holder.describe() + ", which is alive; on one of the two, stop the agent, remove the tunnel and /var/lib/canal/tunnels, and start it again");
                }
            }
        }
        return Optional.empty();
    }

    // Transactions.

    /** Makes the subnet ours. A lease that is there already is ours or nobody's: it is adopted. */
    private Verdict create(SubnetKey subnet) {
        return create(subnet, 0);
    }

    /** @param damaged the revision of a holder record that is written over; 0 where there must be none */
    private Verdict create(SubnetKey subnet, long damaged) {
        Optional<Row<LeaseValue>> row = Optional.ofNullable(snapshot.leases().get(subnet));
        HolderRecord holder = newHolder();
        Txn txn = Txn.when().unchanged(NetworkKeys.session(facts.node()), sessionRevision);
        if (guards.contains(Guard.CREATE)) {
            txn = txn.at(keys.lease(subnet), row.map(Row::modRevision).orElse(0L));
        }
        if (guards.contains(Guard.CREATE) && guards.contains(Guard.HOLDER) && guards.contains(Guard.HOLDER_FIRST)) {
            txn = txn.at(NetworkKeys.holder(subnet), damaged);
        }
        txn = bumped(txn).put(NetworkKeys.holder(subnet), holder.text(), 0);
        if (row.isPresent() && row.get().lease() == 0 && row.get().value().isPresent()) {
            boolean same = row.get().value().equals(Optional.of(wanted));
            Txn reserved = same ? txn : txn.put(keys.lease(subnet), wanted.text(), 0);
            return new Verdict.Take(reserved, false, subnet, wanted, same ? row.get().modRevision() : 0, 0, holder, 0, problems);
        }
        return new Verdict.Take(txn.put(keys.lease(subnet), wanted.text(), Command.NEW_LEASE), true, subnet, wanted, 0, 0, holder, 0, problems);
    }

    /**
     * To another subnet. The one that we leave stays held, so that nobody takes it while we still use it, and is given back when we
     * are seen to hold two; only where both share addresses the keys are swapped at once.
     */
    private Verdict move(SubnetKey from, SubnetKey to) {
        return from.overlaps(to) ? swap(from, to) : create(to);
    }

    private Verdict swap(SubnetKey from, SubnetKey to) {
        Row<HolderRecord> holderRow = Objects.requireNonNull(snapshot.holders().get(from));
        HolderRecord before = holderRow.value().orElseThrow();
        HolderRecord holder = newHolder();
        Txn txn = Txn.when().unchanged(NetworkKeys.session(facts.node()), sessionRevision)
                .unchanged(NetworkKeys.holder(from), holderRow.modRevision());
        if (guards.contains(Guard.CREATE)) {
            txn = txn.absent(keys.lease(to)).absent(NetworkKeys.holder(to));
        }
        txn = bumped(txn).delete(NetworkKeys.holder(from));
        Optional<Row<LeaseValue>> lease = Optional.ofNullable(snapshot.leases().get(from));
        if (lease.isPresent() && lease.get().value().map(value -> isOurs(value, before)).orElse(true)) {
            txn = txn.unchanged(keys.lease(from), lease.get().modRevision()).delete(keys.lease(from));
        }
        txn = txn.put(NetworkKeys.holder(to), holder.text(), 0).put(keys.lease(to), wanted.text(), Command.NEW_LEASE);
        return new Verdict.Take(txn, true, to, wanted, 0, 0, holder, 0, problems);
    }

    private Txn bumped(Txn txn) {
        Txn compared = guards.contains(Guard.EPOCH) ? txn.at(NetworkKeys.EPOCH, snapshot.epochRevision()) : txn;
        return compared.put(NetworkKeys.EPOCH, Long.toString(snapshot.epoch() + 1), 0);
    }

    private HolderRecord newHolder() {
        return new HolderRecord(facts.node(), facts.unit(), facts.nodename(), now, holderValue());
    }

    private LeaseValue holderValue() {
        return guards.contains(Guard.HOLDER_VALUE) ? wanted : LeaseValue.hostGw(Ip.of("192.0.2.1"));
    }

    // Sentences.

    private String who(SubnetKey subnet) {
        Optional<HolderRecord> holder = Optional.ofNullable(snapshot.holders().get(subnet)).flatMap(Row::value)
                .filter(record -> !record.node().equals(facts.node()));
        if (holder.isPresent()) {
            return holder.get().describe();
        }
        return Optional.ofNullable(snapshot.leases().get(subnet)).flatMap(Row::value)
                .map(value -> value.publicAddress(Family.V4).or(value::publicIpv6).map(Ip::toString).orElse("?") + ", which is no node of canal")
                .orElse("an unknown node");
    }

    private String outOfSubnets() {
        List<String> vanished = snapshot.holders().entrySet().stream()
                .filter(entry -> entry.getValue().value().filter(holder -> !snapshot.alive(holder.node())).isPresent())
                .sorted(Map.Entry.comparingByKey())
                .limit(5)
                .map(entry -> entry.getValue().value().orElseThrow().describe() + " holds " + entry.getKey().pretty())
                .toList();
        String remedy = vanished.isEmpty()
                ? "; all who hold one are alive"
                : "; these have vanished: " + String.join("; ", vanished) + "; if they are gone for good, free their subnets with the action release-lease";
        return "out of subnets: none of " + config.networksText() + " is free for this node" + remedy;
    }
}
