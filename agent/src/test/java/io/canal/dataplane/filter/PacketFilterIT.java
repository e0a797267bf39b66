package io.canal.dataplane.filter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.dataplane.iptables.IptablesTables;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Cidr;
import io.canal.model.NodePaths;
import io.canal.reconcile.Clock;
import io.canal.reconcile.StageFailed;
import io.canal.ruleset.tenants.PodNetwork;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real packets through the rules, in each dataplane. */
@Tag("long")
class PacketFilterIT {

    @TempDir
    Path root;

    private FilterHost host;

    @AfterEach
    void close() {
        host.close();
    }

    /** A node whose surroundings lead to this dataplane. */
    private void start(FilterBackend backend) throws IOException {
        host = new FilterHost(root, backend == FilterBackend.NFTABLES ? FilterMode.AUTO : FilterMode.IPTABLES);
        if (backend.isIptables()) {
            host.run(backend.text(), "-t", "mangle", "-N", "KUBE-KUBELET-CANARY");
        }
        host.start();
        assertEquals(backend.text(), host.filter.status().dataplane());
    }

    private String rules() {
        return host.run("nft", "list", "ruleset") + TestNamespaces.tryRun(host.node, "iptables-legacy-save").text();
    }

    @ParameterizedTest
    @EnumSource
    void packets_to_the_outside_are_masqueraded_and_those_between_pods_are_not(FilterBackend backend) throws IOException {
        start(backend);
        host.know("cali-a");
        assertEquals(Optional.of(FilterHost.NODE), host.connection(host.podA, host.neighbour, FilterHost.NEIGHBOUR, true));
        assertEquals(Optional.of(FilterHost.POD_A), host.connection(host.podA, host.neighbour, FilterHost.REMOTE_POD, true));
        assertEquals(Optional.of(FilterHost.NODE_6), host.connection(host.podA, host.neighbour, FilterHost.NEIGHBOUR_6, true));
        assertEquals(Optional.of(FilterHost.NEIGHBOUR), host.connection(host.neighbour, host.podA, FilterHost.POD_A, true));
    }

    @ParameterizedTest
    @EnumSource
    void an_interface_that_is_not_known_is_cut_off_both_ways(FilterBackend backend) throws IOException {
        start(backend);
        host.know("cali-a");
        assertEquals(Optional.empty(), host.connection(host.podB, host.neighbour, FilterHost.NEIGHBOUR, false));
        assertEquals(Optional.empty(), host.connection(host.podB, host.podA, FilterHost.POD_A, false));
        assertEquals(Optional.empty(), host.connection(host.podA, host.podB, FilterHost.POD_B, false));
        assertEquals(Optional.empty(), host.connection(host.podB, host.node, FilterHost.NODE, false));
        assertEquals(Optional.empty(), host.datagram(host.podB, host.node, FilterHost.NODE_6, 5000, false));
        assertEquals(Optional.empty(), host.datagram(host.podB, host.neighbour, FilterHost.NEIGHBOUR_6, 5000, false));
        host.know("cali-b");
        assertEquals(Optional.of(FilterHost.POD_A), host.connection(host.podA, host.podB, FilterHost.POD_B, true));
        assertEquals(Optional.of(FilterHost.POD_B), host.connection(host.podB, host.node, FilterHost.NODE, true));
        assertTrue(host.datagram(host.podB, host.neighbour, FilterHost.NEIGHBOUR_6, 5000, true).isPresent());
        host.forget("cali-b");
        assertEquals(Optional.empty(), host.connection(host.podA, host.podB, FilterHost.POD_B, false));
        host.stop();
        assertEquals(Optional.empty(), host.connection(host.podB, host.podA, FilterHost.POD_A, false), "with the agent dead too");
        assertEquals(Optional.of(FilterHost.NODE), host.connection(host.podA, host.neighbour, FilterHost.NEIGHBOUR, true));
    }

    @ParameterizedTest
    @EnumSource
    void the_overlay_is_guarded_on_both_ends(FilterBackend backend) throws IOException {
        start(backend);
        host.know("cali-a");
        for (String target : List.of(FilterHost.NEIGHBOUR, FilterHost.NEIGHBOUR_6)) {
            assertEquals(Optional.empty(), host.datagram(host.podA, host.neighbour, target, FilterHost.VXLAN, false), "a pod sends to a node");
            assertTrue(host.datagram(host.podA, host.neighbour, target, FilterHost.VXLAN + 1, true).isPresent());
            assertTrue(host.datagram(host.node, host.neighbour, target, FilterHost.VXLAN, true).isPresent(), "a node sends");
        }
        for (String target : List.of(FilterHost.NODE, FilterHost.NODE_6)) {
            assertEquals(Optional.empty(), host.datagram(host.podA, host.node, target, FilterHost.VXLAN, false), "a pod sends to its node");
            assertEquals(Optional.empty(), host.datagram(host.neighbour, host.node, target, FilterHost.VXLAN, false), "a stranger");
            assertTrue(host.datagram(host.neighbour, host.node, target, FilterHost.VXLAN + 1, true).isPresent());
        }
        host.peer(FilterHost.NEIGHBOUR, FilterHost.NEIGHBOUR_6);
        assertTrue(host.datagram(host.neighbour, host.node, FilterHost.NODE, FilterHost.VXLAN, true).isPresent(), "a peer");
        assertTrue(host.datagram(host.neighbour, host.node, FilterHost.NODE_6, FilterHost.VXLAN, true).isPresent(), "a peer");
        host.peer();
        assertEquals(Optional.empty(), host.datagram(host.neighbour, host.node, FilterHost.NODE, FilterHost.VXLAN, false), "a peer that left");
    }

    @ParameterizedTest
    @EnumSource
    void a_service_that_leads_to_the_overlay_is_no_way_round_the_guard(FilterBackend backend) throws IOException {
        start(backend);
        host.know("cali-a");
        host.run("nft", "add table ip nat-of-others; add chain ip nat-of-others pre { type nat hook prerouting priority -100; };"
                + " add rule ip nat-of-others pre ip daddr 10.96.0.1 udp dport 53 dnat to 192.0.2.2:8472;"
                + " add rule ip nat-of-others pre ip daddr 10.96.0.1 udp dport 54 dnat to 192.0.2.2:8473");
        assertFalse(arrives(FilterHost.VXLAN, 53, false));
        assertTrue(arrives(FilterHost.VXLAN + 1, 54, true));
    }

    private boolean arrives(int listens, int sentTo, boolean expected) throws IOException {
        try (DatagramSocket receiver = host.neighbour.<DatagramSocket, SocketException>call(() ->
                        new DatagramSocket(new InetSocketAddress(FilterHost.NEIGHBOUR, listens)));
                DatagramSocket sender = FilterHost.sender(host.podA)) {
            receiver.setSoTimeout(expected ? 10_000 : 250);
            sender.send(new DatagramPacket(new byte[] {1}, 1, InetAddress.getByName("10.96.0.1"), sentTo));
            receiver.receive(new DatagramPacket(new byte[16], 16));
            return true;
        } catch (SocketTimeoutException missed) {
            return false;
        }
    }

    @ParameterizedTest
    @EnumSource
    void a_foreign_flush_is_repaired(FilterBackend backend) throws Exception {
        start(backend);
        host.know("cali-a");
        host.peer(FilterHost.NEIGHBOUR);
        String whole = withoutCounters(rules());
        String[] flush = switch (backend) {
            case NFTABLES -> new String[] {"nft", "flush", "ruleset"};
            case IPTABLES_NFT -> new String[] {"sh", "-c", "iptables-nft -F; iptables-nft -t nat -F; ip6tables-nft -F"};
            case IPTABLES_LEGACY -> new String[] {"sh", "-c", "iptables-legacy -w -F; iptables-legacy -w -t nat -F; ip6tables-legacy -w -F"};
        };
        host.run(flush);
        long start = System.nanoTime();
        Duration limit = backend == FilterBackend.IPTABLES_LEGACY ? Duration.ofSeconds(10) : Duration.ofSeconds(1);
        while (!withoutCounters(rules()).equals(whole)) {
            assertTrue(System.nanoTime() - start < limit.toNanos(), () -> "not repaired within " + limit + ":\n" + rules());
            Thread.sleep(20);
        }
    }

    private static String withoutCounters(String rules) {
        return rules.lines().map(line -> line.replaceAll("packets \\d+ bytes \\d+", "").replaceAll("\\[\\d+:\\d+\\]", ""))
                .filter(line -> !line.startsWith("#")).sorted().collect(Collectors.joining("\n"));
    }

    /** A reading takes as long as the tables of all are large, and kube-proxy changes its own chains all the time. */
    @Test
    void iptables_nft_is_read_again_only_where_others_change_what_may_be_ours() throws Exception {
        host = new FilterHost(root, FilterMode.IPTABLES);
        AtomicReference<IptablesTables> tables = new AtomicReference<>();
        host.seam = plane -> {
            if (plane instanceof Plane.Ipt(IptablesTables its)) {
                tables.set(its);
            }
            return plane;
        };
        host.run("iptables-nft", "-t", "mangle", "-N", "KUBE-KUBELET-CANARY");
        host.start();
        int read = tables.get().observed();
        host.know("cali-a");
        host.run("iptables-nft", "-t", "nat", "-N", "KUBE-SVC-1");
        host.run("iptables-nft", "-t", "nat", "-A", "KUBE-SVC-1", "-j", "RETURN");
        // Longer than the pause between two readings.
        Thread.sleep(500);
        host.know("cali-b");
        assertEquals(read, tables.get().observed());
        host.run("iptables-nft", "-I", "FORWARD", "-j", "ACCEPT");
        assertEventually(() -> tables.get().observed() != read);
        assertEventually(() -> host.run("iptables-nft", "-S", "FORWARD").lines().skip(1).findFirst().orElseThrow().contains("cali-FORWARD"));
    }

    @ParameterizedTest
    @EnumSource
    void a_restart_writes_nothing_and_keeps_what_is_not_known_yet(FilterBackend backend) throws Exception {
        start(backend);
        host.know("cali-a");
        host.peer(FilterHost.NEIGHBOUR);
        host.stop();
        try (NftablesSocket nft = host.node.<NftablesSocket, KernelException>call(NftablesSocket::open)) {
            int generation = nft.generation();
            String legacy = TestNamespaces.tryRun(host.node, "iptables-legacy-save", "-c").text().replaceAll("(?m)^#.*", "");
            host.peers.remove("peer");
            host.mayRemove = false;
            host.start();
            host.mayRemove = true;
            host.peer(FilterHost.NEIGHBOUR);
            assertEquals(generation, nft.generation(), "every write makes a new generation");
            assertEquals(legacy, TestNamespaces.tryRun(host.node, "iptables-legacy-save", "-c").text().replaceAll("(?m)^#.*", ""));
        }
        assertTrue(host.datagram(host.neighbour, host.node, FilterHost.NODE, FilterHost.VXLAN, true).isPresent());
    }

    @ParameterizedTest
    @EnumSource
    void nothing_stays_when_canal_leaves(FilterBackend backend) throws Exception {
        host = new FilterHost(root, FilterMode.AUTO);
        if (backend.isIptables()) {
            host.run(backend.text(), "-N", "KUBE-FORWARD");
            host.run(backend.text(), "-A", "FORWARD", "-j", "KUBE-FORWARD");
            host.run(backend.text(), "-t", "nat", "-A", "POSTROUTING", "-s", "192.0.2.99", "-j", "ACCEPT");
        }
        String before = ownRules(rules());
        host.start();
        host.know("cali-a");
        host.peer(FilterHost.NEIGHBOUR);
        assertEquals(backend.text(), host.filter.status().dataplane());
        host.stop();
        host.node.<StageFailed>run(() -> {
            try (PacketFilter leaving = new PacketFilter(new FilterInputs(host.peers, () -> host.networks, new OpenPolicy(host.endpoints)),
                    () -> FilterMode.AUTO, new NodePaths(root), Clock.system())) {
                leaving.removeAll();
            }
        });
        assertEquals(before, ownRules(rules()));
        assertEquals("", host.run("ipset", "save"));
    }

    /** All rules and our names; the empty tables that iptables makes by being used stay. */
    private static String ownRules(String rules) {
        return rules.lines().filter(line -> line.contains("cali") || line.contains("FLANNEL") || line.contains("canal")
                || line.startsWith("-A") || line.contains("KUBE")).sorted().collect(Collectors.joining("\n"));
    }

    @ParameterizedTest
    @EnumSource
    void a_witness_reads_what_the_rules_say(FilterBackend backend) throws Exception {
        start(backend);
        RulesWitness witness = host.node.<Optional<RulesWitness>, IOException>call(RulesWitness::read).orElseThrow();
        assertEquals(backend.text(), witness.dataplane());
        assertEquals(host.networks.networks(), witness.networks());
        assertEquals(List.of(), witness.differing(host.networks.networks(), true));
        List<PodNetwork> others = List.of(new PodNetwork(Cidr.of("10.1.0.0/16"), Optional.of(Cidr.of("10.1.77.0/24"))),
                host.networks.networks().get(1));
        assertEquals(List.of("nat FLANNEL-POSTRTG"), witness.differing(others, true));
        assertEquals(Optional.empty(), host.neighbour.<Optional<RulesWitness>, IOException>call(RulesWitness::read));
        host.stop();
        host.run(switch (backend) {
            case NFTABLES -> new String[] {"nft", "flush", "chain", "inet", "canal", "nat-POSTROUTING"};
            case IPTABLES_NFT -> new String[] {"iptables-nft", "-t", "nat", "-F", "POSTROUTING"};
            case IPTABLES_LEGACY -> new String[] {"iptables-legacy", "-t", "nat", "-F", "POSTROUTING"};
        });
        RulesWitness after = host.node.<Optional<RulesWitness>, IOException>call(RulesWitness::read).orElseThrow();
        assertEquals(List.of("nat POSTROUTING"), after.differing(host.networks.networks(), true));
    }

    @Test
    void a_forward_chain_that_drops_by_policy_is_opened_for_the_pod_network_alone() throws Exception {
        start(FilterBackend.NFTABLES);
        host.know("cali-a");
        host.run("iptables-nft", "-P", "FORWARD", "DROP");
        assertEventually(() -> host.connection(host.podA, host.neighbour, FilterHost.NEIGHBOUR, true).isPresent());
        String saved = host.run("iptables-nft-save");
        assertTrue(saved.contains("-A FORWARD -m comment --comment \"flanneld forward\" -j FLANNEL-FWD"), saved);
        assertFalse(saved.contains("cali"), saved);
        host.run("iptables-nft", "-P", "FORWARD", "ACCEPT");
        assertEventually(() -> !host.run("iptables-nft-save").contains("FLANNEL"));
    }

    @Test
    void a_table_that_iptables_cannot_write_to_keeps_no_pod_from_its_rules() throws Exception {
        host = new FilterHost(root, FilterMode.NFTABLES);
        // iptables knows a chain of this name at priority 0 only.
        host.run("nft", "add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 10; policy drop; }");
        host.start();
        host.know("cali-a");
        assertEquals(host.write(() -> { }).revision(), host.filter.rulesUpTo());
        String ours = host.run("nft", "list", "table", "inet", "canal");
        assertTrue(ours.contains("\"cali-a\""), ours);
        String problems = String.join("\n", host.filter.status().problems());
        assertTrue(problems.contains("the FORWARD chain of iptables-nft drops by policy, and cannot be opened for pods: "), problems);
        host.run("nft", "delete table ip filter");
        host.run("iptables-nft", "-P", "FORWARD", "DROP");
        host.filter.distrust();
        assertEventually(() -> host.connection(host.podA, host.neighbour, FilterHost.NEIGHBOUR, true).isPresent());
        assertEquals(List.of(), host.filter.status().problems());
    }

    @Test
    void auto_follows_kube_proxy_after_ten_seconds_and_clears_what_it_left() throws Exception {
        start(FilterBackend.NFTABLES);
        host.know("cali-a");
        long start = System.nanoTime();
        host.run("iptables-nft", "-t", "nat", "-N", "KUBE-SERVICES");
        while (!host.filter.status().dataplane().equals("iptables-nft")) {
            assertTrue(System.nanoTime() - start < Duration.ofSeconds(14).toNanos(), "no switch within 14 s");
            Thread.sleep(50);
        }
        assertTrue(System.nanoTime() - start > Duration.ofSeconds(9).toNanos(), "switched before it was stable");
        assertFalse(host.run("nft", "list", "tables").contains("inet canal"));
        assertEquals(Optional.of(FilterHost.NODE), host.connection(host.podA, host.neighbour, FilterHost.NEIGHBOUR, true));
        assertEquals("iptables-nft\n", Files.readString(root.resolve("var/lib/canal/packet-filter")));
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void assertEventually(Condition condition) throws Exception {
        long start = System.nanoTime();
        while (!condition.holds()) {
            assertTrue(System.nanoTime() - start < Duration.ofSeconds(10).toNanos(), "not within 10 s");
            Thread.sleep(50);
        }
    }
}
