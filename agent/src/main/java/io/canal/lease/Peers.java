package io.canal.lease;

import io.canal.model.Cidr;
import io.canal.model.HolderRecord;
import io.canal.model.LeaseValue;
import io.canal.model.SubnetKey;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The nodes that packets are to reach: all leases, and the holders whose subnet no lease overlaps, with the value in the holder. So a
 * node that was cut off past its lease keeps its traffic.
 *
 * <p>Our own subnet, and what overlaps it, is nobody's peer: our pods keep their routes even if somebody took the subnet.
 *
 * <p>Kept up to date by single changes, whose cost does not grow with the number of peers. Rows that etcd no longer has can be kept
 * for a while ({@link #leasesListed} with {@code addOnly}): an etcd that was replaced must not look like an empty network.
 */
public final class Peers {

    private final Blocks leases = new Blocks();
    private final Blocks holders = new Blocks();
    private final Map<SubnetKey, LeaseValue> leaseValues = new HashMap<>();
    private final Map<SubnetKey, LeaseValue> holderValues = new HashMap<>();
    private final Set<SubnetKey> keptLeases = new HashSet<>();
    private final Set<SubnetKey> keptHolders = new HashSet<>();
    private final Map<SubnetKey, LeaseValue> peers = new HashMap<>();
    private Set<SubnetKey> touched = new LinkedHashSet<>();
    private Optional<SubnetKey> own = Optional.empty();
    private Optional<LeaseValue> ownValue = Optional.empty();

    /** A lease was put. */
    public void lease(SubnetKey subnet, LeaseValue value) {
        keptLeases.remove(subnet);
        leaseValues.put(subnet, value);
        leases.add(subnet);
        touch(subnet);
    }

    /** A lease was deleted. */
    public void noLease(SubnetKey subnet) {
        keptLeases.remove(subnet);
        leaseValues.remove(subnet);
        leases.remove(subnet);
        touch(subnet);
    }

    /** A holder was put. */
    public void holder(SubnetKey subnet, HolderRecord record) {
        keptHolders.remove(subnet);
        holderValues.put(subnet, record.lease());
        holders.add(subnet);
        touched.add(subnet);
    }

    /** A holder was deleted. */
    public void noHolder(SubnetKey subnet) {
        keptHolders.remove(subnet);
        holderValues.remove(subnet);
        holders.remove(subnet);
        touched.add(subnet);
    }

    /**
     * These are all leases.
     *
     * @param unreadable subnets whose lease could not be read: what was known of them stays
     * @param addOnly leases that are not among them stay until {@link #forgetKept}
     */
    public void leasesListed(Map<SubnetKey, LeaseValue> all, Set<SubnetKey> unreadable, boolean addOnly) {
        for (SubnetKey subnet : Set.copyOf(leaseValues.keySet())) {
            if (!all.containsKey(subnet) && !unreadable.contains(subnet)) {
                if (addOnly) {
                    keptLeases.add(subnet);
                } else {
                    noLease(subnet);
                }
            }
        }
        all.forEach(this::lease);
    }

    /** These are all holders; as {@link #leasesListed}. */
    public void holdersListed(Map<SubnetKey, HolderRecord> all, Set<SubnetKey> unreadable, boolean addOnly) {
        for (SubnetKey subnet : Set.copyOf(holderValues.keySet())) {
            if (!all.containsKey(subnet) && !unreadable.contains(subnet)) {
                if (addOnly) {
                    keptHolders.add(subnet);
                } else {
                    noHolder(subnet);
                }
            }
        }
        all.forEach(this::holder);
    }

    /** What was kept although etcd no longer had it goes. */
    public void forgetKept() {
        Set.copyOf(keptLeases).forEach(this::noLease);
        Set.copyOf(keptHolders).forEach(this::noHolder);
    }

    /**
     * The subnet that this node uses, and what its lease says. Other leases that say our own address, such as one that we left
     * behind, are no peers either.
     */
    public void own(Optional<SubnetKey> subnet, Optional<LeaseValue> value) {
        if (!subnet.equals(own)) {
            own.ifPresent(this::touchAllOver);
            subnet.ifPresent(this::touchAllOver);
            own = subnet;
        }
        if (!value.equals(ownValue)) {
            leaseValues.forEach((other, lease) -> {
                if (isOwnAddress(lease) || value.filter(lease::samePublicAddress).isPresent()) {
                    touched.add(other);
                }
            });
            ownValue = value;
        }
    }

    /** What changed since the last call: the new value, or empty where there is no such peer any more. */
    public Map<SubnetKey, Optional<LeaseValue>> takeChanges() {
        Map<SubnetKey, Optional<LeaseValue>> changes = new HashMap<>();
        for (SubnetKey subnet : touched) {
            LeaseValue now = peer(subnet);
            LeaseValue before = now == null ? peers.remove(subnet) : peers.put(subnet, now);
            if (now == null ? before != null : !now.equals(before)) {
                changes.put(subnet, Optional.ofNullable(now));
            }
        }
        // Not cleared: that costs as much as the set ever held.
        touched = new LinkedHashSet<>();
        return changes;
    }

    /** All peers, as of the last {@link #takeChanges}. */
    public Map<SubnetKey, LeaseValue> all() {
        return Map.copyOf(peers);
    }

    private @Nullable LeaseValue peer(SubnetKey subnet) {
        if (own.isPresent() && own.get().overlaps(subnet)) {
            return null;
        }
        LeaseValue lease = leaseValues.get(subnet);
        if (lease != null) {
            return isOwnAddress(lease) ? null : lease;
        }
        return leases.overlapping(subnet).isEmpty() ? holderValues.get(subnet) : null;
    }

    private boolean isOwnAddress(LeaseValue value) {
        return ownValue.filter(value::samePublicAddress).isPresent();
    }

    /** A lease decides over itself, and over the holders that it overlaps. */
    private void touch(SubnetKey subnet) {
        touched.add(subnet);
        touched.addAll(holders.overlapping(subnet));
    }

    private void touchAllOver(SubnetKey subnet) {
        touched.addAll(leases.overlapping(subnet));
        touched.addAll(holders.overlapping(subnet));
    }

    /** Subnets by their blocks, so that those that overlap one are found without looking at all. */
    private static final class Blocks {

        private final TreeMap<Cidr, Set<SubnetKey>> byBlock = new TreeMap<>();
        private final TreeMap<Integer, Integer> lengths = new TreeMap<>();
        private final Set<SubnetKey> present = new HashSet<>();

        void add(SubnetKey subnet) {
            if (present.add(subnet)) {
                for (Cidr block : subnet.cidrs()) {
                    byBlock.computeIfAbsent(block, ignored -> new HashSet<>(2)).add(subnet);
                    lengths.merge(block.length(), 1, Integer::sum);
                }
            }
        }

        void remove(SubnetKey subnet) {
            if (present.remove(subnet)) {
                for (Cidr block : subnet.cidrs()) {
                    Set<SubnetKey> there = byBlock.get(block);
                    if (there != null && there.remove(subnet) && there.isEmpty()) {
                        byBlock.remove(block);
                    }
                    lengths.merge(block.length(), -1, (a, b) -> a + b == 0 ? null : a + b);
                }
            }
        }

        Set<SubnetKey> overlapping(SubnetKey subnet) {
            Set<SubnetKey> found = new LinkedHashSet<>();
            for (Cidr block : subnet.cidrs()) {
                // Those that contain it: one look for each length that occurs.
                for (int length : lengths.headMap(block.length()).keySet()) {
                    Set<SubnetKey> there = byBlock.get(Cidr.containing(block.base(), length));
                    if (there != null) {
                        found.addAll(there);
                    }
                }
                // It, and those that it contains.
                Cidr last = Cidr.containing(block.last(), block.family().bits());
                byBlock.subMap(block, true, last, true).forEach((other, subnets) -> {
                    if (block.contains(other)) {
                        found.addAll(subnets);
                    }
                });
            }
            return found;
        }
    }
}
