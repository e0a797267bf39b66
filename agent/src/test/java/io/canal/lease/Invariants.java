package io.canal.lease;

import io.canal.model.HolderRecord;
import io.canal.model.LeaseValue;
import io.canal.model.SubnetKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What must hold in a {@link World}: at each moment, and when all is well again. */
final class Invariants {

    private final World world;

    Invariants(World world) {
        this.world = world;
    }

    /** No two machines use overlapping subnets. */
    void checkUse(SimulatedNode node) {
        for (SimulatedNode other : world.nodes()) {
            if (other != node && other.used().isPresent() && node.used().orElseThrow().overlaps(other.used().get())) {
                world.violated(node.name() + " and " + other.name() + " use " + node.used().get() + " and " + other.used().get());
            }
        }
    }

    /** Who is cut off is still reached: peers are leases and holders. */
    void checkPeers() {
        Snapshot snapshot = world.snapshot();
        Peers peers = null;
        for (SimulatedNode node : world.nodes()) {
            if (node.used().isEmpty() || node.up() && node.state().standing() != Standing.HELD) {
                continue;
            }
            SubnetKey used = node.used().get();
            Row<LeaseValue> lease = snapshot.leases().get(used);
            if (lease != null && node.isMine(lease.value().orElseThrow()) || !reaches(snapshot.holders().get(used))) {
                continue;
            }
            boolean stolen = snapshot.leases().entrySet().stream().anyMatch(entry ->
                    entry.getKey().overlaps(used) && !node.isMine(entry.getValue().value().orElseThrow()));
            peers = peers == null ? peers(snapshot) : peers;
            LeaseValue value = peers.all().get(used);
            if (!stolen && (value == null || !node.isMine(value))) {
                world.violated(node.name() + " is not reached at " + used + " by its peers: " + value);
            }
        }
    }

    private static Peers peers(Snapshot snapshot) {
        Peers peers = new Peers();
        snapshot.leases().forEach((subnet, row) -> peers.lease(subnet, row.value().orElseThrow()));
        snapshot.holders().forEach((subnet, row) -> {
            if (reaches(row)) {
                peers.holder(subnet, row.value().orElseThrow());
            }
        });
        peers.takeChanges();
        return peers;
    }

    /** Whether there is a holder record that says how its node is reached. */
    private static boolean reaches(@Nullable Row<HolderRecord> row) {
        return row != null && row.value().filter(holder -> !holder.lease().equals(LeaseValue.UNKNOWN)).isPresent();
    }

    /** What the nodes hold, and nobody disputes. */
    Map<SimulatedNode, SubnetKey> kept() {
        Snapshot snapshot = world.snapshot();
        Map<SimulatedNode, SubnetKey> kept = new HashMap<>();
        for (SimulatedNode node : world.nodes()) {
            List<SubnetKey> held = snapshot.holders().entrySet().stream()
                    .filter(entry -> entry.getValue().value().filter(holder -> holder.node().equals(node.facts().node())).isPresent())
                    .map(Map.Entry::getKey).toList();
            if (held.size() == 1 && world.lastConfig().fits(held.getFirst()) && !copied(node) && snapshot.leases().entrySet().stream().noneMatch(entry ->
                    entry.getKey().overlaps(held.getFirst()) && !node.isMine(entry.getValue().value().orElseThrow()))) {
                kept.put(node, held.getFirst());
            }
        }
        return kept;
    }

    private boolean copied(SimulatedNode node) {
        return world.nodes().stream().anyMatch(other -> other != node && other.facts().node().equals(node.facts().node()));
    }

    /** What still has to come after healing: each node has a subnet, by lease and holder. */
    Optional<String> unsettled() {
        Snapshot snapshot = world.snapshot();
        for (SimulatedNode node : world.nodes()) {
            Standing standing = node.state().standing();
            boolean waits = standing == Standing.STOLEN || standing == Standing.UNREADABLE;
            if (node.gone() || copied(node) || waits && node.facts().podsUseSubnet()) {
                continue;
            }
            if (standing != Standing.HELD) {
                boolean full = node.problems().stream().anyMatch(problem -> problem.startsWith("out of subnets"));
                long damaged = snapshot.holders().values().stream().filter(row -> row.value().isEmpty()).count();
                if (!full || snapshot.leases().size() + damaged < 4) {
                    return Optional.of("after healing, " + node);
                }
                continue;
            }
            SubnetKey used = node.used().orElseThrow();
            Row<LeaseValue> lease = snapshot.leases().get(used);
            Row<HolderRecord> holder = snapshot.holders().get(used);
            if (lease == null || !lease.value().equals(node.facts().value(world.lastConfig()))) {
                return Optional.of("after healing, the lease of " + node + " is " + lease);
            }
            if (!reaches(holder) || !holder.value().orElseThrow().node().equals(node.facts().node())) {
                return Optional.of("after healing, the holder of " + node + " is " + holder);
            }
        }
        return Optional.empty();
    }
}
