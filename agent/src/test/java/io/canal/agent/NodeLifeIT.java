package io.canal.agent;

import static io.canal.kernel.testing.TestNamespaces.ip;
import static io.canal.kernel.testing.TestNamespaces.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.agent.TestNode.Pod;
import io.canal.config.AgentConfig;
import io.canal.config.EtcdConfig;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.store.testing.TestEtcd;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes whose etcd is made anew, then replaced by another one at another address; and how a node leaves. */
@TestInstance(Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("long")
class NodeLifeIT {

    private static final String CONFIG = "/coreos.com/network/config";
    private static final String LEASES = "/coreos.com/network/subnets/";
    private static final String NETWORK = "{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}";

    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace hub = TestNode.makeSwitch(namespaces);
    private final TestEtcd etcd = TestEtcd.tls(hub, "10.10.0.254");
    private final TestEtcd another = TestEtcd.tls(hub, "10.10.0.254");
    private final TestNode one;
    private final TestNode two;
    private String pristine = "";

    NodeLifeIT(@TempDir Path folder) {
        one = new TestNode(namespaces, hub, 1, etcd, folder.resolve("one"), config -> config);
        two = new TestNode(namespaces, hub, 2, etcd, folder.resolve("two"), config -> config);
    }

    @BeforeAll
    void start() {
        etcd.etcdctl("put", CONFIG, NETWORK);
        pristine = kernel(one);
        one.start();
        two.start();
    }

    @AfterAll
    void stop() {
        one.close();
        two.close();
        etcd.close();
        another.close();
        namespaces.close();
    }

    @Test
    @Order(1)
    void an_etcd_that_was_made_anew_gets_leases_by_itself_and_the_network_by_one_command() {
        Pod a = one.add();
        Pod b = two.add();
        List<String> subnets = List.of(one.status().subnet(), two.status().subnet());
        etcd.replace();
        one.await("both leases are in the new etcd", () -> etcd.etcdctl("get", "--prefix", LEASES).lines().filter(line -> line.contains("PublicIP")).count() == 2);
        run(a.namespace(), "ping", "-c", "3", "-i", "0.05", "-W", "2", b.address());
        assertEquals("", etcd.etcdctl("get", CONFIG));
        assertTrue(one.call(Op.REPAIR, Json.object().put("accept-etcd", true)) instanceof Reply.Done);
        assertTrue(etcd.etcdctl("get", CONFIG).contains("10.1.0.0/16"));
        one.await("one is ready", one::ready);
        two.await("two is ready", two::ready);
        assertEquals(subnets, List.of(one.status().subnet(), two.status().subnet()));
        one.del(a);
        two.del(b);
    }

    @Test
    @Order(2)
    void nodes_that_are_told_of_another_etcd_keep_their_subnets_and_lose_nothing() {
        Pod a = one.add();
        Pod b = two.add();
        List<String> subnets = List.of(one.status().subnet(), two.status().subnet());
        another.etcdctl("put", CONFIG, NETWORK);
        Process ping = start(a, b);
        for (TestNode node : List.of(one, two)) {
            EtcdConfig where = new EtcdConfig(another.endpoints(), another.certificates().file("ca.pem").toString(),
                    another.certificates().file("client.pem").toString(), another.certificates().file("client.key").toString(), EtcdConfig.DEFAULT_PREFIX);
            node.configure(node.config().withEtcd(where));
            assertTrue(node.call(Op.RELOAD, Json.object()) instanceof Reply.Done);
        }
        one.await("one is ready", one::ready);
        two.await("two is ready", two::ready);
        one.await("both leases are in the other etcd", () -> another.etcdctl("get", "--prefix", LEASES).lines().filter(line -> line.contains("PublicIP")).count() == 2);
        assertEquals(subnets, List.of(one.status().subnet(), two.status().subnet()));
        assertEquals("", lost(ping));
        one.del(a);
        two.del(b);
    }

    @Test
    @Order(3)
    void folders_that_somebody_removes_cost_neither_the_subnet_nor_a_pod() throws IOException {
        Pod a = one.add();
        Pod b = two.add();
        String subnet = one.status().subnet();
        String id = Files.readString(one.paths.nodeId());
        // As rm -r does, which may meet what is put back meanwhile.
        run(one.namespace, "sh", "-c", "rm -rf " + one.paths.runDir() + " 2>&1 || true");
        one.await("its sockets are there again", one::ready);
        one.del(one.add());
        one.await("this boot knows the node again", () -> Files.exists(one.paths.bootNodeId()));
        Process ping = start(a, b);
        one.kill();
        remove(one.paths.stateDir());
        one.launch();
        one.await("one is ready", one::ready);
        assertEquals(id, Files.readString(one.paths.nodeId()));
        assertEquals(subnet, one.status().subnet());
        one.del(one.add());
        assertEquals("", lost(ping));
        one.del(a);
        two.del(b);
    }

    @Test
    @Order(4)
    void a_node_that_starts_while_its_lease_is_anothers_keeps_what_its_pods_hang_on() {
        Pod a = one.add();
        Pod b = two.add();
        String key = LEASES + keyOf(a);
        one.stop();
        another.etcdctl("put", key, LeaseValue.vxlan(Ip.of("10.10.0.77"), 1, Mac.of("02:00:00:00:00:77")).text());
        one.launch();
        one.await("it says so", () -> one.answers() && one.status().blocked().contains("was taken by 10.10.0.77"));
        assertKept(a, b);
        another.etcdctl("del", key);
        one.await("one is ready", one::ready);
        one.del(a);
        two.del(b);
    }

    /** Packets leave with the pod's own address, and those for pods that are gone stay here. */
    private void assertKept(Pod a, Pod b) {
        // A whole pass.
        assertTrue(one.call(Op.REPAIR, Json.object()) instanceof Reply.Done);
        run(one.namespace, "nft", "add table ip seen; add chain ip seen out { type filter hook postrouting priority 300; }; add rule ip seen out ip saddr "
                + a.address() + " ip daddr " + b.address() + " counter");
        // Others may take this node for a stranger meanwhile, and answer whom the lease names.
        run(a.namespace(), "sh", "-c", "ping -c 3 -i 0.05 -W 1 " + b.address() + " || true");
        assertFalse(run(one.namespace, "nft", "list", "table", "ip", "seen").contains("counter packets 0 "));
        run(one.namespace, "nft", "delete", "table", "ip", "seen");
        assertTrue(ip(one.namespace, "route").contains("blackhole " + keyOf(a).replace("-24", "/24")));
    }

    /** The recipe of docs/leases.md. */
    @Test
    @Order(5)
    void records_of_a_node_that_somebody_damaged_cost_no_pod_and_are_written_anew_by_one_command() {
        Pod a = one.add();
        Pod b = two.add();
        String subnet = one.status().subnet();
        String holder = "/canal/v1/holders/" + keyOf(a);
        Process ping = start(a, b);
        one.stop();
        another.etcdctl("put", holder, "damaged");
        another.etcdctl("put", LEASES + keyOf(a), "damaged");
        one.launch();
        one.await("it says so", () -> one.answers() && one.status().blocked().contains("repair-subnets writes it anew"));
        assertTrue(repair(Json.object().put("dry-run", true)).contains("Write " + holder + ", which cannot be read, anew: {"));
        assertTrue(another.etcdctl("get", holder).contains("damaged"));
        assertEquals(subnet, one.status().subnet());
        assertTrue(repair(Json.object()).contains("its lease cannot be read either"));
        one.await("one is ready", one::ready);
        assertEquals(subnet, one.status().subnet());
        one.await("both are written anew", () -> another.etcdctl("get", LEASES + keyOf(a)).contains(one.address) && another.etcdctl("get", holder).contains(one.address));
        assertEquals("", lost(ping));
        one.del(a);
        two.del(b);
    }

    private String repair(ObjectNode arguments) {
        return one.call(Op.REPAIR, arguments) instanceof Reply.Done(ObjectNode body) ? body.path("plan").toString() : "refused";
    }

    /** The recipe of docs/leases.md. */
    @Test
    @Order(6)
    void a_copy_of_a_machine_is_blocked_and_well_again_once_its_state_is_removed(@TempDir Path folder) throws Exception {
        try (TestNode copy = new TestNode(namespaces, hub, 3, another, folder, NodeLifeIT::shortLived)) {
            copy(one.paths.stateDir(), copy.paths.stateDir());
            String subnet = one.status().subnet();
            // A machine of its own has a boot of its own.
            Path boot = Files.writeString(folder.resolve("boot_id"), "00000000-0000-4000-8000-000000000003\n");
            List<String> machine = List.of("unshare", "--mount", "sh", "-c", "mount --bind " + boot + " /proc/sys/kernel/random/boot_id && exec \"$@\"", "sh");
            copy.launch(machine);
            copy.await("it is blocked", () -> copy.answers() && copy.status().blocked().contains("the same node id"));
            String said = copy.status().blocked();
            assertTrue(said.contains(one.address) && said.contains(copy.address), said);
            copy.stop();
            assertFalse(Files.exists(copy.paths.bootNodeId()));
            remove(copy.paths.stateDir());
            ip(copy.namespace, "link", "delete", "flannel.1");
            copy.launch(machine);
            copy.await("it is ready", copy::ready);
            assertNotEquals(subnet, copy.status().subnet());
            assertTrue(one.ready());
            assertEquals(subnet, one.status().subnet());
            assertTrue(copy.call(Op.LEAVE, Json.object()) instanceof Reply.Done);
        }
    }

    /** The way back of docs/migrate.md, up to where flanneld is started. */
    @Test
    @Order(7)
    void what_a_flanneld_takes_over_is_there_once_canal_was_stopped_and_its_table_deleted() throws Exception {
        Pod a = one.add();
        Pod b = two.add();
        Process ping = start(a, b);
        one.stop();
        run(one.namespace, "nft", "delete", "table", "inet", "canal");
        String value = another.etcdctl("get", LEASES + keyOf(a));
        assertTrue(value.contains("\"PublicIP\":\"" + one.address + "\""), "it finds the lease by the address: " + value);
        Matcher mac = Pattern.compile("\"VtepMAC\":\"([0-9a-f:]{17})\"").matcher(value);
        assertTrue(mac.find(), value);
        String device = ip(one.namespace, "-d", "link", "show", "flannel.1");
        assertTrue(device.contains(mac.group(1)) && device.contains("vxlan id 1 ") && device.contains("dstport 8472"), "and the device by its name: " + device);
        assertTrue(Files.readString(one.paths.subnetEnv()).contains("FLANNEL_NETWORK=10.1.0.0/16"));
        assertEquals("", lost(ping));
        one.launch();
        one.await("one is ready", one::ready);
        one.del(a);
        two.del(b);
    }

    /** The key of the subnet that a pod's address is of. */
    private static String keyOf(Pod pod) {
        return pod.address().replaceAll("\\.[0-9]+$", ".0-24");
    }

    /** Whether another session is alive is seen within the time of one's own. */
    private static AgentConfig shortLived(AgentConfig config) {
        return new AgentConfig(config.unit(), config.nodename(), config.etcd(), config.iface(), config.publicIp(), config.mtu(), config.dataplane(),
                Duration.ofSeconds(5), config.logLevel(), config.listen(), config.kubeconfig(), config.charmDir());
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        for (String file : List.of("node-id", "lease.json", "tunnels")) {
            Files.copy(from.resolve(file), to.resolve(file));
        }
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    @Test
    @Order(8)
    void a_node_that_leaves_gives_its_subnet_back_and_is_as_it_was() {
        String key = key(one);
        assertTrue(one.call(Op.LEAVE, Json.object()) instanceof Reply.Done);
        one.await("the agent has ended", one::ended);
        assertEquals("", another.etcdctl("get", LEASES + key));
        assertEquals("", another.etcdctl("get", "/canal/v1/holders/" + key));
        assertEquals(pristine, kernel(one));
        assertFalse(Files.exists(one.paths.conflist()));
        assertFalse(Files.exists(one.paths.subnetEnv()));
    }

    @Test
    @Order(9)
    void a_node_whose_agent_is_dead_leaves_by_the_program_alone() {
        String key = key(two);
        two.kill();
        two.launch(List.of(), "--leave");
        two.await("it has ended", two::ended);
        assertEquals("", another.etcdctl("get", LEASES + key));
        assertEquals(pristine.replace("10.10.0.1", "10.10.0.2"), kernel(two));
    }

    private static String key(TestNode node) {
        return node.status().subnet().replace(".1/24", ".0-24");
    }

    /** What canal may have left: devices, rules, sets, routes. */
    private static String kernel(TestNode node) {
        String links = ip(node.namespace, "-br", "link").lines().map(line -> line.split("[ @]")[0]).sorted().collect(Collectors.joining(" "));
        String tables = run(node.namespace, "nft", "list", "tables").lines().filter(line -> line.contains("canal")).collect(Collectors.joining());
        return String.join("\n", links, ip(node.namespace, "route"), tables, run(node.namespace, "ipset", "list", "-n"));
    }

    private static Process start(Pod from, Pod to) {
        try {
            return TestNamespaces.start(from.namespace(), "ping", "-q", "-i", "0.005", "-W", "1", to.address());
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    /** What ping says where more than the last packet, which may be under way, is missing. */
    private static String lost(Process ping) {
        try {
            new ProcessBuilder("kill", "-INT", String.valueOf(ping.pid())).start().waitFor();
            String text = new String(ping.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            Matcher counts = Pattern.compile("(\\d+) packets transmitted, (\\d+) received").matcher(text);
            assertTrue(counts.find(), text);
            return Integer.parseInt(counts.group(1)) - Integer.parseInt(counts.group(2)) <= 1 ? "" : text;
        } catch (IOException | InterruptedException failure) {
            throw new AssertionError(failure);
        }
    }
}
