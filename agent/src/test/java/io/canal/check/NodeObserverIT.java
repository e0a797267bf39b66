package io.canal.check;

import static io.canal.kernel.testing.TestNamespaces.bridge;
import static io.canal.kernel.testing.TestNamespaces.ip;
import static io.canal.kernel.testing.TestNamespaces.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.control.AgentStatus;
import io.canal.control.ControlServer;
import io.canal.control.Finding;
import io.canal.control.Op;
import io.canal.dataplane.filter.FilterInputs;
import io.canal.dataplane.filter.FilterMode;
import io.canal.dataplane.filter.NodeNetworks;
import io.canal.dataplane.filter.OpenPolicy;
import io.canal.dataplane.filter.PacketFilter;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Cidr;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkKeys;
import io.canal.model.NodePaths;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Table;
import io.canal.reconcile.testing.Chance;
import io.canal.ruleset.tenants.PodNetwork;
import io.canal.store.MemoryStore;
import io.canal.store.Txn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each witness in a real kernel and on a real disk, broken by the system's own tools. Needs root. */
class NodeObserverIT {

    private static final NetworkKeys KEYS = NetworkKeys.DEFAULT;
    private static final String OWN = "10.1.49.0-24";
    private static final String PEER = "10.1.94.0-24";

    @TempDir
    private Path root;

    private final TestNamespaces namespaces = new TestNamespaces();
    private final MemoryStore store = new MemoryStore(Clock.system());
    private NodePaths paths;
    private NetworkNamespace node;
    private ControlServer agent;

    @BeforeEach
    void healthy() throws Exception {
        paths = new NodePaths(root);
        node = namespaces.add("check");
        ip(node, "link", "add", "eth0", "type", "veth", "peer", "name", "peer0");
        ip(node, "addr", "add", "10.10.0.1/24", "dev", "eth0");
        ip(node, "link", "set", "eth0", "up");
        device("10.1.49.0/32");
        ip(node, "link", "add", "cali0123456789a", "type", "veth", "peer", "name", "pod0");
        ip(node, "link", "set", "cali0123456789a", "up");
        ip(node, "route", "add", "10.1.49.7/32", "dev", "cali0123456789a", "scope", "link");
        rules(FilterMode.NFTABLES, "10.1.49.0/24");
        LeaseValue own = LeaseValue.vxlan(Ip.of("10.10.0.1"), 1, Mac.of("02:00:00:00:00:01"));
        LeaseValue peer = LeaseValue.vxlan(Ip.of("10.10.0.2"), 1, Mac.of("02:00:00:00:00:02"));
        put(KEYS.config(), "{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}");
        put(KEYS.lease(SubnetKey.of(OWN)), own.text());
        put(KEYS.lease(SubnetKey.of(PEER)), peer.text());
        put(NetworkKeys.holder(SubnetKey.of(OWN)), new HolderRecord("a1", "canal/0", "h1", Instant.EPOCH, own).text());
        write(paths.stateDir().resolve("node-id"), "a1\n");
        write(paths.stateDir().resolve("lease.json"), "{\"subnet\":\"" + OWN + "\"}");
        subnetEnv("10.1.49.1/24");
        conflist("10.1.49.0/24");
        agent = liar();
    }

    @AfterEach
    void close() throws IOException {
        agent.close();
        store.close();
        namespaces.close();
    }

    @Test
    void a_healthy_node_is_consistent() throws Exception {
        Report report = report();
        assertEquals(List.of(), report.problems());
        assertEquals("10.1.49.0/24 by nftables", report.results().get("witnesses.rules"));
        assertEquals("1 in 10.1.49.0/24", report.results().get("witnesses.pods"));
    }

    @Test
    void files_that_disagree_are_found() throws Exception {
        subnetEnv("10.1.50.1/24");
        conflist("10.1.51.0/24");
        assertEquals(List.of("10.1.50.1/24", "10.1.51.0/24"), report().problems().stream().map(Finding::found).toList());
    }

    @Test
    void a_file_that_is_no_text_is_found() throws Exception {
        Files.write(paths.conflist(), new byte[] {'{', (byte) 0xff, (byte) 0xfe, '}'});
        Files.write(paths.subnetEnv(), new byte[] {(byte) 0xff, '\n'});
        assertEquals(2, report().problems().size(), report().problems().toString());
    }

    @Test
    void a_deleted_device_is_found_and_all_that_went_with_it() throws Exception {
        ip(node, "link", "del", "flannel.1");
        List<String> where = report().problems().stream().map(Finding::where).toList();
        assertEquals("flannel.1", where.getFirst());
        assertTrue(where.contains("route 10.1.94.0/24 on flannel.1"), where::toString);
    }

    @Test
    void another_address_of_the_device_is_found() throws Exception {
        // In this order: with the last address the kernel removes the link's routes.
        ip(node, "addr", "add", "10.1.50.0/32", "dev", "flannel.1");
        ip(node, "addr", "del", "10.1.49.0/32", "dev", "flannel.1");
        assertEquals("10.1.50.0/32", only().found());
    }

    @Test
    void a_pod_of_another_subnet_is_found() throws Exception {
        ip(node, "route", "add", "10.1.50.9/32", "dev", "cali0123456789a", "scope", "link");
        assertEquals("10.1.50.9", only().found());
    }

    @Test
    void flushed_rules_are_found() throws Exception {
        run(node, "nft", "flush", "ruleset");
        assertEquals("The masquerade and forward rules are missing.", only().what());
    }

    @Test
    void rules_in_iptables_are_read_too() throws Exception {
        rules(FilterMode.IPTABLES, "10.1.50.0/24");
        Finding problem = only();
        assertEquals("iptables-nft", problem.where());
        assertEquals("10.1.50.0/24", problem.found());
    }

    @Test
    void rules_that_nothing_leads_to_are_found() throws Exception {
        run(node, "nft", "flush", "chain", "inet", "canal", "filter-FORWARD");
        assertEquals("nftables, filter FORWARD", only().where());
    }

    @Test
    void chains_of_iptables_that_nothing_leads_to_are_found() throws Exception {
        rules(FilterMode.IPTABLES, "10.1.49.0/24");
        assertEquals(List.of(), report().problems());
        run(node, "iptables-nft", "-t", "nat", "-F", "POSTROUTING");
        assertEquals("iptables-nft, nat POSTROUTING", only().where());
    }

    @Test
    void a_full_disk_is_found() throws Exception {
        run(node, "mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", paths.conflist().getParent().toString());
        try {
            conflist("10.1.49.0/24");
            assertEquals(List.of(), report().problems());
            Files.write(paths.conflist().resolveSibling("ballast"), new byte[80 * 1024]);
            assertEquals(paths.conflist().getParent().toString(), only().where());
        } finally {
            run(node, "umount", paths.conflist().getParent().toString());
        }
    }

    @Test
    void a_copy_of_another_node_is_found() throws Exception {
        put(NetworkKeys.session("a1"), "{\"boot\":\"another\",\"publicIP\":\"10.10.0.7\"}");
        assertEquals("10.10.0.7", only().found());
    }

    @Test
    void a_deleted_lease_is_found() throws Exception {
        store.commit(Txn.when().delete(KEYS.lease(SubnetKey.of(OWN))));
        assertEquals(KEYS.lease(SubnetKey.of(OWN)), only().where());
    }

    @Test
    void a_malformed_lease_is_found_and_named() throws Exception {
        put(KEYS.leases() + "10.1.60.0-24", "{\"PublicIP\":\"x\"}");
        assertEquals(KEYS.leases() + "10.1.60.0-24", only().where());
    }

    @Test
    void each_entry_of_a_peer_that_is_wrong_is_found() throws Exception {
        ip(node, "neigh", "replace", "10.1.94.0", "lladdr", "02:00:00:00:00:99", "dev", "flannel.1", "nud", "permanent");
        assertEquals("02:00:00:00:00:99", only().found());
        ip(node, "neigh", "replace", "10.1.94.0", "lladdr", "02:00:00:00:00:02", "dev", "flannel.1", "nud", "permanent");
        bridge(node, "fdb", "replace", "02:00:00:00:00:02", "dev", "flannel.1", "dst", "10.10.0.9", "self", "permanent");
        assertEquals("10.10.0.9", only().found());
    }

    @Test
    void a_stale_route_is_found() throws Exception {
        ip(node, "route", "add", "10.1.200.0/24", "via", "10.1.200.0", "dev", "flannel.1", "onlink");
        assertEquals("route 10.1.200.0/24 on flannel.1", only().where());
    }

    @Test
    void with_etcd_away_the_others_still_speak() throws Exception {
        store.available(false);
        conflist("10.1.51.0/24");
        Report report = report();
        assertTrue(report.results().get("witnesses.lease").startsWith("missing: "), report.results()::toString);
        assertEquals(List.of("10.1.51.0/24"), report.problems().stream().map(Finding::found).toList());
    }

    @Test
    void two_wrong_at_once_are_named_by_values_chosen_at_random_though_the_agent_lies() throws Exception {
        long seed = Chance.seed();
        Random random = new Random(seed);
        int first = 100 + random.nextInt(50);
        int second = 150 + random.nextInt(50);
        conflist("10.1." + first + ".0/24");
        rules(FilterMode.NFTABLES, "10.1." + second + ".0/24");
        List<Finding> problems = report().problems();
        assertEquals(List.of("10.1." + first + ".0/24", "10.1." + second + ".0/24"), problems.stream().map(Finding::found).toList(), "seed " + seed);
        assertEquals(List.of("10.1.49.0/24", "10.1.49.0/24"), problems.stream().map(Finding::expected).toList(), "seed " + seed);
    }

    @Test
    void a_stopped_agent_is_found() throws Exception {
        agent.close();
        assertEquals("canal-agent.service", only().where());
    }

    /** An agent that says that all is well. */
    private ControlServer liar() throws IOException {
        AgentStatus lie = new AgentStatus(true, List.of(), "10.1.222.1/24", "10.1.0.0/16", 1450, "nftables", "h1", "10.10.0.1", "1", "", List.of(),
                false, "", List.of());
        Files.createDirectories(paths.controlSocket().getParent());
        return ControlServer.listen(paths.controlSocket(), Map.of(Op.STATUS, request -> lie.encode()));
    }

    private Finding only() throws Exception {
        List<Finding> problems = report().problems();
        assertEquals(1, problems.size(), problems::toString);
        return problems.getFirst();
    }

    private Report report() throws Exception {
        return node.call(() -> Examination.of(new NodeObserver(paths, KEYS).look("canal/0", "juju", 0, Optional.of(store), "")));
    }

    private void device(String address) {
        ip(node, "link", "add", "flannel.1", "address", "02:00:00:00:00:01", "type", "vxlan", "id", "1", "dev", "eth0", "local", "10.10.0.1", "dstport", "8472", "nolearning");
        ip(node, "addr", "add", address, "dev", "flannel.1");
        ip(node, "link", "set", "flannel.1", "up");
        ip(node, "route", "add", "10.1.94.0/24", "via", "10.1.94.0", "dev", "flannel.1", "onlink");
        ip(node, "route", "add", "blackhole", "10.1.49.0/24", "proto", "202");
        ip(node, "neigh", "add", "10.1.94.0", "lladdr", "02:00:00:00:00:02", "dev", "flannel.1", "nud", "permanent");
        bridge(node, "fdb", "add", "02:00:00:00:00:02", "dev", "flannel.1", "dst", "10.10.0.2", "self", "permanent");
    }

    /** As an agent with this subnet would have them. */
    private void rules(FilterMode mode, String own) throws Exception {
        NodeNetworks networks = new NodeNetworks(List.of(new PodNetwork(Cidr.of("10.1.0.0/16"), Optional.of(Cidr.of(own)))), new TreeSet<>(Set.of(8472)), true);
        node.<Exception>run(() -> {
            try (PacketFilter filter = new PacketFilter(new FilterInputs(new Table<>("peers"), () -> networks, new OpenPolicy(new Table<>("endpoints"))), () -> mode, paths, Clock.system())) {
                filter.run(new Pass(1, true));
            }
        });
    }

    private void put(String key, String value) throws Exception {
        store.commit(Txn.when().put(key, value, 0));
    }

    private void subnetEnv(String subnet) throws IOException {
        write(paths.subnetEnv(), "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=" + subnet + "\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n");
    }

    private void conflist(String subnet) throws IOException {
        write(paths.conflist(), "{\"name\":\"cdk-canal\",\"plugins\":[{\"type\":\"calico\",\"ipam\":{\"type\":\"host-local\",\"subnet\":\"" + subnet + "\"}}]}");
    }

    private static void write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
