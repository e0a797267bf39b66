package io.canal.lease.keeper;

import io.canal.lease.NodeFacts;
import io.canal.lease.Standing;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Clock;
import io.canal.store.Store;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.BooleanSupplier;

/** A node with a keeper, and all that it was told. */
final class TestNode implements AutoCloseable, KeeperListener {

    private final LeaseKeeper keeper;
    private final List<OwnSubnet> history = new ArrayList<>();
    private final Map<SubnetKey, LeaseValue> peers = new HashMap<>();
    private boolean listed;
    private int peerChanges;
    private Optional<NetworkConfig> config = Optional.empty();
    private OwnSubnet own = OwnSubnet.NONE;
    private KeeperStanding standing = KeeperStanding.START;

    TestNode(Store store, Path state, NodeFacts facts, Duration ttl) {
        this(store, state, facts, ttl, Clock.system());
    }

    TestNode(Store store, Path state, NodeFacts facts, Duration ttl, Clock clock) {
        this(store, state, facts, KeeperSettings.withTtl(ttl), clock);
    }

    TestNode(Store store, Path state, NodeFacts facts, KeeperSettings settings, Clock clock) {
        keeper = new LeaseKeeper(store, NetworkKeys.DEFAULT, settings, facts, state, clock, new Random(), this);
        keeper.start();
    }

    static NodeFacts facts(int number) {
        return new NodeFacts("unset", "boot-" + number, "canal/" + number, "h" + number, Ip.of("10.10.0." + number), new Mac(0x0200_0000_0000L + number));
    }

    /** With an address and a tunnel of either family. */
    static NodeFacts dual(int number) {
        return new NodeFacts("unset", "boot-" + number, "canal/" + number, "h" + number, Ip.of("10.10.0." + number),
                Optional.of(Ip.of("fd00:10::" + number)), new Mac(0x0200_0000_0000L + number), Optional.of(new Mac(0x0200_0000_0100L + number)), false, true);
    }

    LeaseKeeper keeper() {
        return keeper;
    }

    @Override
    public synchronized void network(NetworkConfig now) {
        config = Optional.of(now);
        notifyAll();
    }

    @Override
    public synchronized void peersListed(Map<SubnetKey, LeaseValue> all) {
        if (listed) {
            throw new AssertionError("peers are listed once");
        }
        listed = true;
        peers.putAll(all);
        notifyAll();
    }

    @Override
    public synchronized void peersChanged(Map<SubnetKey, Optional<LeaseValue>> changes) {
        peerChanges++;
        changes.forEach((subnet, value) -> value.ifPresentOrElse(v -> peers.put(subnet, v), () -> peers.remove(subnet)));
        notifyAll();
    }

    @Override
    public synchronized void own(OwnSubnet now) {
        own = now;
        history.add(now);
        notifyAll();
    }

    @Override
    public synchronized void standing(KeeperStanding now) {
        standing = now;
        notifyAll();
    }

    synchronized Optional<NetworkConfig> config() {
        return config;
    }

    synchronized OwnSubnet own() {
        return own;
    }

    synchronized KeeperStanding standing() {
        return standing;
    }

    synchronized Map<SubnetKey, LeaseValue> peers() {
        return Map.copyOf(peers);
    }

    synchronized int peerChanges() {
        return peerChanges;
    }

    synchronized List<OwnSubnet> history() {
        return List.copyOf(history);
    }

    synchronized boolean listed() {
        return listed;
    }

    SubnetKey awaitHeld() {
        await(() -> own.standing() == Standing.HELD);
        return own().subnet().orElseThrow();
    }

    synchronized void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new AssertionError("waited in vain; " + own + " " + standing + " " + peers);
            }
            try {
                // A condition may be about more than what the keeper tells.
                wait(Math.min(left, 100));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Override
    public void close() {
        keeper.close();
    }
}
