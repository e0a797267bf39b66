package io.canal.lease.keeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lease.Standing;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What becomes of subnets when single nodes are cut off, machines change, and etcd goes back in time. */
abstract class LeaseFaultContract extends KeeperScene {

    /** A client of one node alone, which the tests can cut off. */
    interface Path {
        Store store();

        void cut();

        void mend();

        void close();
    }

    private Optional<Path> opened = Optional.empty();

    abstract Path path();

    abstract void compact();

    abstract void backUp();

    /** The same cluster with an older revision. */
    abstract void restore();

    @AfterEach
    void closePath() {
        opened.ifPresent(Path::close);
    }

    private Path single() {
        Path path = path();
        opened = Optional.of(path);
        return path;
    }

    @Test
    void a_node_cut_off_from_a_living_etcd_keeps_its_subnet_and_its_peers() throws Exception {
        Path path = single();
        TestNode a = node(path.store(), 1, TestNode.facts(1).withPods(true));
        TestNode b = start(2);
        SubnetKey subnetA = a.awaitHeld();
        SubnetKey subnetB = b.awaitHeld();
        a.await(() -> a.peers().containsKey(subnetB));
        b.await(() -> b.peers().containsKey(subnetA));
        LeaseValue value = b.peers().get(subnetA);
        int changes = b.peerChanges();
        path.cut();
        awaitNoKey(KEYS.lease(subnetA));
        awaitNoKey(NetworkKeys.session(a.keeper().nodeId()));
        TestNode c = start(3);
        SubnetKey subnetC = c.awaitHeld();
        assertFalse(subnetC.overlaps(subnetA));
        // Its pods are still reached: by those who knew it, and by who comes new.
        b.await(() -> b.peers().containsKey(subnetC));
        assertEquals(Map.of(subnetA, value, subnetC, b.peers().get(subnetC)), b.peers());
        c.await(() -> c.peers().keySet().equals(Set.of(subnetA, subnetB)));
        assertEquals(changes + 1, b.peerChanges(), "of the node that was cut off its peers notice nothing");
        // It says what is wrong, and keeps what it has.
        a.await(() -> !a.standing().watchAlive());
        assertEquals(Optional.of(subnetA), a.own().subnet());
        assertEquals(Set.of(subnetB), a.peers().keySet());
        path.mend();
        awaitKey(KEYS.lease(subnetA));
        assertEquals(subnetA, a.awaitHeld());
        a.await(() -> a.peers().keySet().equals(Set.of(subnetB, subnetC)));
    }

    @Test
    void another_address_is_told_to_peers_under_the_same_subnet() throws StoreException {
        TestNode a = node(1, TestNode.facts(1).withPods(true));
        TestNode b = start(2);
        SubnetKey subnet = a.awaitHeld();
        b.awaitHeld();
        b.await(() -> b.peers().containsKey(subnet));
        Ip other = Ip.of("10.10.0.99");
        a.keeper().facts(TestNode.facts(1).withPods(true).withPublicIp(other));
        b.await(() -> b.peers().get(subnet).publicIp().equals(other));
        assertEquals(subnet, a.awaitHeld());
        assertEquals(other, HolderRecord.parse("", store.get(NetworkKeys.holder(subnet)).orElseThrow().value()).orThrow().lease().publicIp());
    }

    @Test
    void nodes_that_swap_their_addresses_keep_their_subnets() {
        TestNode a = start(1);
        TestNode b = start(2);
        SubnetKey subnetA = a.awaitHeld();
        SubnetKey subnetB = b.awaitHeld();
        stop(a);
        stop(b);
        TestNode againA = node(1, TestNode.facts(1).withBoot("later").withPublicIp(Ip.of("10.10.0.2")));
        TestNode againB = node(2, TestNode.facts(2).withBoot("later").withPublicIp(Ip.of("10.10.0.1")));
        assertEquals(subnetA, againA.awaitHeld());
        assertEquals(subnetB, againB.awaitHeld());
        againA.await(() -> againA.peers().equals(Map.of(subnetB, againB.own().value().orElseThrow())));
    }

    @Test
    void all_hosts_that_reboot_at_once_keep_their_subnets() {
        Map<Integer, SubnetKey> before = new HashMap<>();
        Map<Integer, TestNode> nodes = new HashMap<>();
        for (int i = 1; i <= 5; i++) {
            nodes.put(i, start(i));
        }
        nodes.forEach((number, node) -> before.put(number, node.awaitHeld()));
        nodes.values().forEach(this::stop);
        nodes.replaceAll((number, gone) -> node(number, TestNode.facts(number).withBoot("later")));
        nodes.forEach((number, node) -> assertEquals(before.get(number), node.awaitHeld()));
    }

    @Test
    void a_restored_etcd_gets_back_what_it_has_forgotten_and_nothing_is_removed() throws StoreException {
        // Within its lease's time to live the other must be back; each tries again after pauses of some seconds.
        TestNode a = node(store, 1, TestNode.facts(1), KeeperSettings.withTtl(Duration.ofSeconds(12)));
        SubnetKey subnetA = a.awaitHeld();
        backUp();
        a.await(() -> a.standing().watchAlive());
        TestNode b = start(2);
        SubnetKey subnetB = b.awaitHeld();
        a.await(() -> a.peers().containsKey(subnetB) && a.standing().mayRemove());
        int changes = a.peerChanges();
        restore();
        awaitKey(NetworkKeys.holder(subnetB));
        awaitKey(KEYS.lease(subnetB));
        a.await(() -> a.standing().watchAlive());
        assertEquals(changes, a.peerChanges());
        assertEquals(subnetA, a.awaitHeld());
        assertEquals(subnetB, b.awaitHeld());
        TestNode c = start(3);
        assertFalse(Set.of(subnetA, subnetB).contains(c.awaitHeld()));
        // After a lease's time to live what is in etcd is all that there is.
        a.await(() -> a.standing().mayRemove());
    }

    @Test
    void a_compaction_while_a_node_is_cut_off_hides_no_change() throws Exception {
        Path path = single();
        TestNode a = node(path.store(), 1, TestNode.facts(1));
        TestNode b = start(2);
        TestNode c = start(3);
        a.awaitHeld();
        SubnetKey subnetB = b.awaitHeld();
        SubnetKey subnetC = c.awaitHeld();
        a.await(() -> a.peers().keySet().equals(Set.of(subnetB, subnetC)));
        path.cut();
        a.await(() -> !a.standing().watchAlive());
        leave(b);
        c.keeper().facts(TestNode.facts(3).withPublicIp(Ip.of("10.10.0.33")));
        TestNode d = start(4);
        SubnetKey subnetD = d.awaitHeld();
        d.await(() -> d.peers().containsKey(subnetC) && d.peers().get(subnetC).publicIp().equals(Ip.of("10.10.0.33")));
        compact();
        path.mend();
        // Leases and holders are listed one after the other.
        a.await(() -> a.peers().keySet().equals(Set.of(subnetC, subnetD)) && a.peers().get(subnetC).publicIp().equals(Ip.of("10.10.0.33")));
        a.await(() -> a.standing().watchAlive() && a.standing().problems().isEmpty());
    }

    @Test
    void ipv4_becomes_dual_stack_while_nodes_run() throws StoreException {
        TestNode a = lasting(1, TestNode.dual(1).withPods(true));
        TestNode b = lasting(2, TestNode.dual(2));
        SubnetKey before = a.awaitHeld();
        b.awaitHeld();
        put(KEYS.config(), "{\"EnableIPv6\":true,\"Network\":\"10.1.0.0/16\",\"IPv6Network\":\"fd00:1::/56\",\"Backend\":{\"Type\":\"vxlan\"}}");
        a.await(() -> a.own().subnet().filter(subnet -> subnet.v6().isPresent()).isPresent());
        b.await(() -> b.own().subnet().filter(subnet -> subnet.v6().isPresent()).isPresent());
        assertEquals(before.v4(), a.own().subnet().orElseThrow().v4());
        b.await(() -> b.peers().keySet().equals(Set.of(a.own().subnet().orElseThrow())));
        assertEquals(2, store.list(KEYS.leases()).entries().size());
        assertEquals(2, store.list(NetworkKeys.HOLDERS).entries().size());
    }

    @Test
    void nodes_of_ipv6_alone_know_each_other_by_that_address() throws StoreException {
        put(KEYS.config(), "{\"EnableIPv4\":false,\"EnableIPv6\":true,\"IPv6Network\":\"fd00:1::/56\",\"Backend\":{\"Type\":\"vxlan\"}}");
        TestNode a = node(1, TestNode.dual(1));
        TestNode b = node(2, TestNode.dual(2));
        SubnetKey subnetA = a.awaitHeld();
        SubnetKey subnetB = b.awaitHeld();
        assertNotEquals(subnetA, subnetB);
        assertTrue(subnetA.text().startsWith("0.0.0.0-0&fd00:1:0:"), subnetA.text());
        a.await(() -> a.peers().keySet().equals(Set.of(subnetB)));
        assertEquals(Optional.of(Ip.of("fd00:10::2")), a.peers().get(subnetB).publicIpv6());
        stop(a);
        TestNode again = node(1, TestNode.dual(1).withBoot("later"));
        assertEquals(subnetA, again.awaitHeld());
        assertEquals(Standing.HELD, b.own().standing());
    }

    /** The recipe of docs/leases.md; key and value are a real flanneld's. */
    @Test
    void the_lease_of_a_flanneld_that_was_stopped_in_a_network_of_ipv6_alone_is_given_back_by_the_node_that_it_blocks() throws StoreException {
        SubnetKey flannelds = SubnetKey.of("0.0.0.0-0&fd00:10:244:13::-64");
        put(KEYS.config(), "{\"EnableIPv4\":false,\"EnableIPv6\":true,\"IPv6Network\":\"fd00:10:244::/56\",\"Backend\":{\"Type\":\"vxlan\"}}");
        store.commit(Txn.when().put(KEYS.lease(flannelds), "{\"PublicIP\":\"0.0.0.0\",\"PublicIPv6\":\"fd00:10::1\",\"BackendType\":\"vxlan\","
                + "\"BackendV6Data\":{\"VNI\":1,\"VtepMAC\":\"a2:11:3b:5f:f1:4a\"}}", store.grant(Duration.ofDays(1))));
        TestNode node = node(2, TestNode.dual(2));
        node.await(() -> node.own().standing() == Standing.BLOCKED);
        node.await(() -> node.standing().problems().stream().anyMatch(problem -> problem.contains("flanneld cannot share an IPv6-only network")));
        assertEquals(Optional.empty(), node.keeper().release(flannelds));
        SubnetKey held = node.awaitHeld();
        assertTrue(held.text().startsWith("0.0.0.0-0&fd00:10:244:"));
        // A subnet is drawn from those that are free, and flanneld's is one of them now.
        assertEquals(held.equals(flannelds), store.get(KEYS.lease(flannelds)).isPresent());
    }
}
