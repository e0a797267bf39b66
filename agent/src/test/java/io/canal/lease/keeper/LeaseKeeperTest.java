package io.canal.lease.keeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lease.Reclaim;
import io.canal.lease.Standing;
import io.canal.model.Decoded;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Clock;
import io.canal.store.MemoryStore;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class LeaseKeeperTest extends LeaseKeeperContract {

    private final MemoryStore.Cluster cluster = new MemoryStore.Cluster(Clock.system(), 1);
    private MemoryStore store;

    @Test
    void a_holder_record_that_cannot_be_read_is_written_anew_where_the_lease_says_whose_it_is() throws StoreException {
        TestNode a = node(1, TestNode.facts(1).withPods(true));
        SubnetKey subnet = a.awaitHeld();
        String record = store.get(NetworkKeys.holder(subnet)).orElseThrow().value();
        put(NetworkKeys.holder(subnet), "damaged");
        a.await(() -> HolderRecord.parse("", valueOf(NetworkKeys.holder(subnet))) instanceof Decoded.Good<HolderRecord>(HolderRecord again)
                && again.node().equals(a.keeper().nodeId()));
        assertEquals(HolderRecord.parse("", record).orThrow().lease(), HolderRecord.parse("", valueOf(NetworkKeys.holder(subnet))).orThrow().lease());
        assertEquals(subnet, a.awaitHeld());
    }

    @Test
    void where_the_lease_is_damaged_too_the_node_waits_and_says_so_until_it_is_told_to_write_them_anew() throws StoreException {
        TestNode a = node(1, TestNode.facts(1).withPods(true));
        SubnetKey subnet = a.awaitHeld();
        store.commit(Txn.when().put(NetworkKeys.holder(subnet), "", 0).put(KEYS.lease(subnet), "damaged", 0));
        a.await(() -> a.own().standing() == Standing.UNREADABLE);
        assertEquals("whose the subnet " + subnet.pretty() + " of this node is cannot be read in etcd; check-subnets says what to do",
                a.own().refusesPods(TTL, Clock.system()).orElseThrow());
        a.await(() -> a.standing().problems().stream().anyMatch(problem -> problem.contains(NetworkKeys.holder(subnet)) && problem.contains("repair-subnets writes it anew")));
        Reclaim.Plan.Do plan = assertInstanceOf(Reclaim.Plan.Do.class, a.keeper().reclaim(true));
        assertTrue(plan.sentence().contains(NetworkKeys.holder(subnet)) && plan.sentence().contains("its lease cannot be read either"), plan.sentence());
        assertEquals("", valueOf(NetworkKeys.holder(subnet)), "nothing was written");
        assertInstanceOf(Reclaim.Plan.Do.class, a.keeper().reclaim(false));
        assertEquals(subnet, a.awaitHeld());
        a.await(() -> valueOf(KEYS.lease(subnet)).equals(a.own().value().orElseThrow().text()));
        assertInstanceOf(Reclaim.Plan.Nothing.class, a.keeper().reclaim(false));
    }

    private String valueOf(String key) {
        try {
            return store.get(key).orElseThrow().value();
        } catch (StoreException away) {
            throw new AssertionError(away);
        }
    }

    @Test
    void a_peer_that_came_a_moment_ago_is_kept_when_the_node_is_told_of_another_etcd() {
        TestNode a = node(store, 1, TestNode.facts(1), KeeperSettings.withTtl(TTL).writingEvery(Duration.ofHours(1)));
        a.awaitHeld();
        a.await(() -> holds(folder.resolve("1/network.json"), "10.1.0.0/16"));
        SubnetKey peer = start(2).awaitHeld();
        a.await(() -> a.peers().containsKey(peer));
        stop(a);
        TestNode elsewhere = node(new MemoryStore(new MemoryStore.Cluster(Clock.system(), 2)), 1, TestNode.facts(1));
        elsewhere.await(elsewhere::listed);
        assertTrue(elsewhere.peers().containsKey(peer));
    }

    @Test
    void who_starts_again_without_etcd_remembers_also_whom_an_etcd_that_was_replaced_lacks_and_who_came_since() throws StoreException {
        TestNode a = lasting(1, TestNode.facts(1));
        SubnetKey subnet = a.awaitHeld();
        TestNode b = start(2);
        SubnetKey gone = b.awaitHeld();
        a.await(() -> a.peers().containsKey(gone));
        stop(b);
        replace();
        putConfig();
        awaitKey(KEYS.lease(subnet));
        // What it would draw might be what the other had, of which this etcd knows nothing.
        SubnetKey fresh = SubnetKey.of("10.1.200.0-24");
        put(KEYS.lease(fresh), LeaseValue.hostGw(Ip.of("10.10.0.3")).text());
        assertEquals(fresh, start(3).awaitHeld());
        a.await(() -> a.peers().containsKey(fresh) && a.peers().containsKey(gone));
        stop(a);
        cut();
        TestNode again = start(1);
        again.await(again::listed);
        assertEquals(Set.of(gone, fresh), again.peers().keySet());
    }

    @Test
    void a_state_folder_that_was_removed_is_written_again_and_the_node_stays_the_one_that_it_is() throws Exception {
        // It renews, and writes of itself, rarely.
        TestNode a = node(store, 1, TestNode.facts(1), KeeperSettings.withTtl(Duration.ofHours(24)).writingEvery(Duration.ofHours(1)));
        SubnetKey subnet = a.awaitHeld();
        Path state = folder.resolve("1");
        awaitOnDisk(state, "lease.json", subnet.text());
        awaitOnDisk(state, "network.json", "10.1.0.0/16");
        for (String file : List.of("lease.json", "network.json", "node-id")) {
            Files.delete(state.resolve(file));
        }
        Files.delete(state);
        a.keeper().writeAgain();
        awaitOnDisk(state, "lease.json", subnet.text());
        awaitOnDisk(state, "network.json", "10.1.0.0/16");
        awaitOnDisk(state, "node-id", a.keeper().nodeId());
    }

    private static void awaitOnDisk(Path state, String file, String text) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!holds(state.resolve(file), text)) {
            assertTrue(System.nanoTime() < deadline, () -> file + " must say " + text);
            Thread.sleep(20);
        }
    }

    @Test
    void a_write_that_the_disk_refused_and_that_nobody_needs_any_more_leaves_no_restless_thread() throws Exception {
        // It renews rarely: a renewal is written down.
        CountingClock clock = new CountingClock();
        TestNode a = node(store, 1, TestNode.facts(1), KeeperSettings.withTtl(Duration.ofHours(24)).writingEvery(Duration.ofMillis(200)), clock);
        SubnetKey own = a.awaitHeld();
        a.await(() -> remembers("1", own));
        Path obstacle = Files.createDirectory(folder.resolve("1/.lease.json.new"));
        // None that a node is given: those are of the first hundred.
        SubnetKey peer = SubnetKey.of("10.1.200.0-24");
        put(KEYS.lease(peer), "{\"PublicIP\":\"10.10.0.9\",\"PublicIPv6\":null,\"BackendType\":\"host-gw\"}");
        a.await(() -> remembers("1", peer));
        Files.delete(obstacle);
        Thread.sleep(300);
        assertTrue(clock.looksASecond() < CountingClock.RESTLESS, "the keeper's thread spins");
    }

    @Test
    void who_starts_again_with_pods_takes_no_other_subnet_though_its_holder_cannot_be_read() throws StoreException {
        TestNode a = node(1, TestNode.facts(1).withPods(true));
        SubnetKey subnet = a.awaitHeld();
        a.await(() -> holds(folder.resolve("1/lease.json"), subnet.text()));
        stop(a);
        store.commit(Txn.when().put(NetworkKeys.holder(subnet), "damaged", 0).put(KEYS.lease(subnet), "damaged", 0));
        TestNode again = node(1, TestNode.facts(1).withPods(true));
        again.await(() -> again.own().standing() == Standing.UNREADABLE);
        assertEquals(Optional.of(subnet), again.own().subnet(), "what the kernel has for its pods stays");
        store.commit(Txn.when().delete(NetworkKeys.holder(subnet)));
        assertEquals(subnet, again.awaitHeld());
    }

    @Override
    Store open() {
        store = new MemoryStore(cluster);
        return store;
    }

    @Override
    void cut() {
        store.available(false);
    }

    @Override
    void mend() {
        store.available(true);
    }

    @Override
    void replace() {
        cluster.replace(2);
    }
}
