package io.canal.lease.keeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lease.NodeFacts;
import io.canal.lease.Standing;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What keepers do, on the twin in memory and on real etcd. */
abstract class LeaseKeeperContract extends KeeperScene {

    @Test
    void nodes_get_different_subnets_and_know_each_other() {
        TestNode a = start(1);
        TestNode b = start(2);
        SubnetKey subnetA = a.awaitHeld();
        SubnetKey subnetB = b.awaitHeld();
        assertNotEquals(subnetA, subnetB);
        a.await(() -> a.peers().keySet().equals(Set.of(subnetB)));
        b.await(() -> b.peers().keySet().equals(Set.of(subnetA)));
        assertEquals(LeaseValue.vxlan(Ip.of("10.10.0.1"), 1, new Mac(0x020000000001L)), b.peers().get(subnetA));
        assertEquals(Optional.of("10.1.0.0/16"), a.config().map(config -> config.networks().getFirst().toString()));
        a.await(() -> a.standing().mayRemove());
    }

    @Test
    void a_restart_keeps_the_subnet() {
        TestNode a = start(1);
        SubnetKey subnet = a.awaitHeld();
        stop(a);
        TestNode again = start(1);
        assertEquals(subnet, again.awaitHeld());
    }

    @Test
    void a_reboot_with_another_address_keeps_the_subnet_once_the_old_session_has_ended() {
        TestNode a = start(1);
        SubnetKey subnet = a.awaitHeld();
        stop(a);
        TestNode again = node(1, TestNode.facts(1).withBoot("another").withPublicIp(Ip.of("10.10.0.77")));
        assertEquals(subnet, again.awaitHeld());
        assertEquals(Ip.of("10.10.0.77"), again.own().value().orElseThrow().publicIp());
    }

    @Test
    void a_deleted_lease_comes_back_and_no_peer_notices() throws StoreException {
        TestNode a = start(1);
        SubnetKey subnet = a.awaitHeld();
        // It lists lease and holder both before it tells of either.
        TestNode b = start(2);
        b.awaitHeld();
        b.await(() -> b.peers().containsKey(subnet));
        int changes = b.peerChanges();
        store.commit(Txn.when().delete(KEYS.lease(subnet)));
        awaitKey(KEYS.lease(subnet));
        assertEquals(subnet, a.awaitHeld());
        assertEquals(changes, b.peerChanges());
    }

    @Test
    void a_stolen_lease_is_not_written_over() throws Exception {
        TestNode a = node(1, TestNode.facts(1).withPods(true));
        SubnetKey subnet = a.awaitHeld();
        String thief = LeaseValue.vxlan(Ip.of("10.10.0.55"), 1, new Mac(0x55)).text();
        put(KEYS.lease(subnet), thief);
        a.await(() -> a.own().standing() == Standing.STOLEN);
        assertEquals(Optional.of(subnet), a.own().subnet());
        a.await(() -> a.standing().problems().stream().anyMatch(problem -> problem.contains(subnet.pretty()) && problem.contains("10.10.0.55")));
        assertEquals(thief, store.get(KEYS.lease(subnet)).orElseThrow().value());
        a.keeper().allowRenumber();
        a.await(() -> a.own().standing() == Standing.HELD && !a.own().subnet().equals(Optional.of(subnet)));
        assertEquals(thief, store.get(KEYS.lease(subnet)).orElseThrow().value());
        // Given back when nothing can use it any more.
        awaitNoKey(NetworkKeys.holder(subnet));
    }

    @Test
    void without_pods_a_stolen_subnet_is_given_up_for_another() throws StoreException {
        TestNode a = start(1);
        SubnetKey subnet = a.awaitHeld();
        put(KEYS.lease(subnet), LeaseValue.hostGw(Ip.of("10.10.0.55")).text());
        a.await(() -> a.own().standing() == Standing.HELD && !a.own().subnet().equals(Optional.of(subnet)));
    }

    @Test
    void garbage_below_the_prefix_spoils_only_itself() throws StoreException {
        TestNode a = start(1);
        TestNode b = start(2);
        SubnetKey subnetB = b.awaitHeld();
        a.awaitHeld();
        a.await(() -> a.peers().containsKey(subnetB));
        int changes = a.peerChanges();
        put(KEYS.leases() + "garbage", "x");
        put(KEYS.leases() + "10.1.200.0-24", "{\"PublicIP\":7}");
        put(NetworkKeys.HOLDERS + "10.1.201.0-24", "[]");
        put(NetworkKeys.SESSIONS + "x", "");
        a.await(() -> a.standing().notes().stream().filter(problem -> problem.contains("garbage") || problem.contains("10.1.20")).count() == 3);
        assertEquals(changes, a.peerChanges());
        TestNode c = start(3);
        assertFalse(Set.of("10.1.200.0/24", "10.1.201.0/24").contains(c.awaitHeld().pretty()));
        c.await(() -> c.peers().keySet().equals(Set.of(subnetB, a.own().subnet().orElseThrow())));
    }

    @Test
    void a_bad_config_leaves_the_last_good_one_in_force() throws StoreException {
        TestNode a = start(1);
        a.awaitHeld();
        put(KEYS.config(), "{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":\"one\"}}");
        a.await(() -> a.standing().problems().stream().anyMatch(problem -> problem.contains("Backend.VNI")));
        assertEquals(1, a.config().orElseThrow().backend().vni());
        assertEquals(Standing.HELD, a.own().standing());
        put(KEYS.config(), "{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":7}}");
        a.await(() -> a.own().value().flatMap(LeaseValue::vtep).filter(vtep -> vtep.vni() == 7).isPresent());
        a.await(() -> a.standing().problems().isEmpty());
    }

    @Test
    void a_reservation_stays_one() throws StoreException {
        SubnetKey reserved = SubnetKey.of("10.1.77.0-24");
        put(KEYS.lease(reserved), LeaseValue.hostGw(Ip.of("10.10.0.1")).text());
        TestNode a = start(1);
        assertEquals(reserved, a.awaitHeld());
        Store.Entry entry = store.get(KEYS.lease(reserved)).orElseThrow();
        assertEquals(0, entry.lease());
        assertEquals(a.own().value().orElseThrow().text(), entry.value());
    }

    @Test
    void a_lease_outlives_its_time_to_live_by_renewal_without_a_write() throws Exception {
        // Where a machine stands still for longer than a lease lives, one is tried that lives longer.
        Duration ttl = TTL;
        for (int number = 1; !outlives(number, ttl); number++) {
            assertTrue(number < 5, "none outlives its time to live");
            ttl = ttl.multipliedBy(2);
        }
    }

    private boolean outlives(int number, Duration ttl) throws Exception {
        TestNode node = node(store, number, TestNode.facts(number), KeeperSettings.withTtl(ttl));
        SubnetKey subnet = node.awaitHeld();
        Optional<Store.Entry> before = store.get(KEYS.lease(subnet));
        Thread.sleep(ttl.plusSeconds(3).toMillis());
        assertTrue(node.history().stream().allMatch(own -> own.subnet().isEmpty() || own.subnet().get().equals(subnet)));
        return before.isPresent() && before.equals(store.get(KEYS.lease(subnet)));
    }

    @Test
    void a_copy_of_a_machine_is_refused() throws Exception {
        TestNode a = lasting(1, TestNode.facts(1));
        SubnetKey subnet = a.awaitHeld();
        Files.createDirectories(folder.resolve("2"));
        Files.copy(folder.resolve("1/node-id"), folder.resolve("2/node-id"));
        TestNode copy = node(2, TestNode.facts(2));
        copy.await(() -> Set.of(Standing.WAITING, Standing.BLOCKED).contains(copy.own().standing()) && copy.standing().problems().stream().anyMatch(problem ->
                problem.contains("10.10.0.1") && problem.contains("10.10.0.2")));
        Thread.sleep(TTL.plusSeconds(2).toMillis());
        assertTrue(copy.own().subnet().isEmpty());
        assertEquals(Standing.HELD, a.own().standing());
        assertEquals(subnet, a.awaitHeld());
    }

    @Test
    void a_node_that_is_gone_can_be_released_and_a_living_one_cannot() throws Exception {
        TestNode a = node(store, 1, TestNode.facts(1), KeeperSettings.withTtl(TTL.multipliedBy(2)));
        TestNode b = start(2);
        SubnetKey subnetA = a.awaitHeld();
        b.awaitHeld();
        assertTrue(b.keeper().release(subnetA).orElseThrow().contains("canal/1 (h1, 10.10.0.1)"));
        stop(a);
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (b.keeper().releaseUnit("canal/1").isPresent()) {
            assertTrue(System.nanoTime() < deadline, "the session must end");
            Thread.sleep(200);
        }
        assertTrue(store.get(NetworkKeys.holder(subnetA)).isEmpty());
        b.await(() -> b.peers().isEmpty());
    }

    @Test
    void a_node_that_leaves_gives_everything_back() throws StoreException {
        TestNode a = start(1);
        TestNode b = start(2);
        SubnetKey subnetA = a.awaitHeld();
        b.awaitHeld();
        b.await(() -> b.peers().containsKey(subnetA));
        leave(a);
        b.await(() -> b.peers().isEmpty());
        assertTrue(store.get(KEYS.lease(subnetA)).isEmpty());
        assertTrue(store.get(NetworkKeys.session(a.keeper().nodeId())).isEmpty());
    }

    @Test
    void the_network_config_is_put_once_and_checked() throws StoreException {
        TestNode a = start(1);
        a.awaitHeld();
        assertEquals(Optional.empty(), a.keeper().putNetwork("{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":9}}"));
        a.await(() -> a.config().orElseThrow().backend().vni() == 9);
        String refusal = a.keeper().putNetwork("{\"Network\":\"10.2.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}").orElseThrow();
        assertTrue(refusal.startsWith("the IPv4 network cannot be changed from 10.1.0.0/16 to 10.2.0.0/16 while nodes have subnets outside of it: "), refusal);
        assertTrue(a.keeper().putNetwork("{\"Network\":\"10.1/16\"}").orElseThrow().startsWith("/coreos.com/network/config: Network is \"10.1/16\""));
    }

    @Test
    void an_outage_longer_than_the_lease_moves_nobody() throws Exception {
        TestNode a = start(1);
        TestNode b = start(2);
        SubnetKey subnetA = a.awaitHeld();
        SubnetKey subnetB = b.awaitHeld();
        a.await(() -> a.peers().containsKey(subnetB));
        int changes = a.peerChanges();
        cut();
        a.await(() -> !a.standing().watchAlive());
        Thread.sleep(TTL.plusSeconds(1).toMillis());
        mend();
        a.await(() -> a.standing().watchAlive());
        awaitKey(KEYS.lease(subnetA));
        assertEquals(subnetA, a.awaitHeld());
        assertEquals(subnetB, b.awaitHeld());
        assertEquals(changes, a.peerChanges());
    }

    /** A subnet is no use without the network that it is of: neither waits for the next round of writing. */
    @Test
    void who_is_killed_right_after_it_got_a_subnet_remembers_the_network_too() throws Exception {
        store.commit(Txn.when().delete(KEYS.config()));
        TestNode a = node(store, 1, TestNode.facts(1), KeeperSettings.withTtl(TTL).writingEvery(Duration.ofHours(1)));
        a.await(() -> a.standing().inSync());
        putConfig();
        SubnetKey subnet = a.awaitHeld();
        a.await(() -> holds(folder.resolve("1/lease.json"), subnet.text()) && holds(folder.resolve("1/network.json"), "10.1.0.0/16"));
    }

    @Test
    void with_etcd_away_at_boot_the_last_network_is_used() throws StoreException {
        TestNode a = start(1);
        TestNode b = start(2);
        SubnetKey subnetA = a.awaitHeld();
        SubnetKey subnetB = b.awaitHeld();
        a.await(() -> a.peers().containsKey(subnetB));
        a.await(() -> Files.exists(folder.resolve("1/network.json")) && remembers("1", subnetB));
        stop(a);
        cut();
        TestNode again = start(1);
        again.await(() -> again.own().standing() == Standing.REMEMBERED && again.listed());
        assertEquals(Optional.of(subnetA), again.own().subnet());
        assertEquals(Set.of(subnetB), again.peers().keySet());
        assertFalse(again.standing().mayRemove());
        assertTrue(again.config().isPresent());
        mend();
        assertEquals(subnetA, again.awaitHeld());
        again.await(() -> again.standing().mayRemove());
    }

    @Test
    void a_replaced_etcd_gets_everything_back_and_removes_nothing() throws StoreException {
        TestNode a = lasting(1, TestNode.facts(1));
        TestNode b = start(2);
        SubnetKey subnetA = a.awaitHeld();
        SubnetKey subnetB = b.awaitHeld();
        a.await(() -> a.peers().containsKey(subnetB) && a.standing().mayRemove());
        int changes = a.peerChanges();
        replace();
        awaitKey(NetworkKeys.holder(subnetA));
        awaitKey(KEYS.lease(subnetB));
        a.await(() -> a.standing().watchAlive());
        assertFalse(a.standing().mayRemove());
        assertEquals(changes, a.peerChanges());
        a.keeper().acceptEtcd();
        a.await(() -> a.standing().mayRemove());
        assertEquals(Set.of(subnetB), a.peers().keySet());
    }
}
