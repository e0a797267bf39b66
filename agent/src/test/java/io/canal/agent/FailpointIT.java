package io.canal.agent;

import static io.canal.kernel.testing.TestNamespaces.bridge;
import static io.canal.kernel.testing.TestNamespaces.ip;
import static io.canal.kernel.testing.TestNamespaces.run;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.agent.TestNode.Pod;
import io.canal.config.AgentConfig;
import io.canal.config.DataplaneOption;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.store.testing.TestEtcd;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The agent killed at each step by which it changes the kernel or a file: before each message to the kernel that is more than a
 * question, and before each file that takes its name, as a start that comes through makes them. A peer joins and another leaves before
 * each start, and again once the agent is up. strace(1) does the killing, so nothing in the agent knows of it.
 */
@TestInstance(Lifecycle.PER_CLASS)
@Tag("long")
@Tag("alone")
class FailpointIT {

    private static final String LEASES = "/coreos.com/network/subnets/";
    private static final Pattern COUNTS = Pattern.compile("(\\d+) packets transmitted, (\\d+) received");
    private static final Pattern CALL = Pattern.compile("(\\d+) +(?:sendto|rename)\\(.*");
    /** Rules, and of the peer that joins and the one that leaves forwarding entry, neighbour and route; files: subnet.env and what is remembered. */
    private static final int FEWEST_MESSAGES = 5;
    private static final int FEWEST_FILES = 2;

    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace hub = TestNode.makeSwitch(namespaces);
    private final TestEtcd etcd = TestEtcd.tls(hub, "10.10.0.254");
    private final TestNode one;
    private final TestNode two;
    private final Path folder;
    private int peer;

    FailpointIT(@TempDir Path folder) {
        this.folder = folder;
        one = new TestNode(namespaces, hub, 1, etcd, folder.resolve("one"), config -> config);
        two = new TestNode(namespaces, hub, 2, etcd, folder.resolve("two"), config -> config);
    }

    @BeforeAll
    void start() {
        etcd.etcdctl("put", "/coreos.com/network/config", "{\"Network\":\"10.1.0.0/16\",\"SubnetMax\":\"10.1.199.0\",\"Backend\":{\"Type\":\"vxlan\"}}");
        one.start();
        two.start();
    }

    @AfterAll
    void stop() {
        one.close();
        two.close();
        etcd.close();
        namespaces.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"sendto", "rename"})
    void a_kill_at_any_step_loses_no_packet_and_removes_nothing_that_lives(String call) throws Exception {
        Pod a = one.add();
        Pod b = two.add();
        List<Process> monitors = List.of(monitorOfRoutes(), monitor("bridge", "-o", "monitor", "fdb"), monitor("nft", "monitor"));
        try (Stream out = new Stream(a, b); Stream in = new Stream(b, a)) {
            one.kill();
            assertFalse(killed(List.of("trace=" + call)), "without a kill the agent comes up");
            SortedSet<Integer> steps = call.equals("rename") ? steps("rename") : steps("RTM_NEW", "RTM_DEL", "NFNL_MSG_BATCH");
            one.kill();
            int kills = 0;
            for (int step : steps) {
                kills += killed(List.of("trace=" + call, "inject=" + call + ":signal=SIGKILL:when=" + step)) ? 1 : 0;
                one.kill();
            }
            System.out.println(call + ": killed " + kills + " times at the steps " + steps + "; " + out.stop() + "; " + in.stop());
            // Passes fall together differently each time, so that the last steps may not come in each start.
            assertTrue(kills >= (call.equals("sendto") ? FEWEST_MESSAGES : FEWEST_FILES), call + " was killed only " + kills + " times at " + steps);
            assertEquals(0, out.lost(), out.text);
            assertEquals(0, in.lost(), in.text);
        }
        assertNothingThatLivesWasRemoved(monitors);
        one.kill();
        one.start();
        whole();
        assertTrue(run(one.namespace, "nft", "list", "table", "inet", "canal").contains("FLANNEL-POSTRTG"));
        one.del(a);
        two.del(b);
    }

    /**
     * With iptables the agent has another program change the rules: it dies before that program, with a part of what it had to say
     * said, and after it; and at each message about a set. Each start finds rules that are missing. The monitor of rules has no part
     * in it: with iptables a chain that is written anew loses its rules and gets them back in one step, which it tells as removals.
     */
    @Test
    void a_kill_before_amid_and_after_iptables_loses_no_packet() throws Exception {
        Pod a = one.add();
        Pod b = two.add();
        one.kill();
        AgentConfig before = one.config();
        one.configure(before.withDataplane(DataplaneOption.IPTABLES));
        one.start();
        one.await("the rules are in iptables alone", () -> rules() > 0 && !run(one.namespace, "nft", "list", "tables").contains("inet canal"));
        int whole = rules();
        FatalIptables iptables = new FatalIptables(folder);
        List<Process> monitors = List.of(monitorOfRoutes(), monitor("bridge", "-o", "monitor", "fdb"));
        try (Stream out = new Stream(a, b); Stream in = new Stream(b, a)) {
            assertFalse(killed(iptables, FatalIptables.Moment.NEVER, 1, whole), "without a kill the agent comes up");
            int calls = iptables.calls();
            int kills = 0;
            for (int call = 1; call <= calls; call++) {
                for (FatalIptables.Moment moment : List.of(FatalIptables.Moment.BEFORE, FatalIptables.Moment.AMID, FatalIptables.Moment.AFTER)) {
                    kills += killed(iptables, moment, call, whole) ? 1 : 0;
                }
            }
            assertTrue(kills >= 3, "killed only " + kills + " times at " + calls + " calls");
            one.kill();
            assertFalse(killed(List.of("trace=sendto")), "without a kill the agent comes up");
            for (int step : steps("NFNL_SUBSYS_IPSET")) {
                one.kill();
                kills += killed(List.of("trace=sendto", "inject=sendto:signal=SIGKILL:when=" + step)) ? 1 : 0;
            }
            System.out.println("iptables: killed " + kills + " times, at " + calls + " calls of iptables-restore; " + out.stop() + "; " + in.stop());
            assertEquals(0, out.lost(), out.text);
            assertEquals(0, in.lost(), in.text);
        }
        assertNothingThatLivesWasRemoved(monitors);
        one.kill();
        one.configure(before);
        one.start();
        whole();
        one.del(a);
        two.del(b);
    }

    private boolean killed(FatalIptables iptables, FatalIptables.Moment moment, int call, int whole) throws Exception {
        one.kill();
        damage();
        iptables.killAt(moment, call);
        return killed(iptables.environment(), () -> inPlace() && rules() == whole);
    }

    /** Rules that the packets of this test do without. */
    private void damage() {
        run(one.namespace, "iptables", "-t", "nat", "-F", "FLANNEL-POSTRTG");
        run(one.namespace, "iptables", "-F", "FLANNEL-FWD");
    }

    private int rules() {
        return (int) run(one.namespace, "iptables-save").lines().filter(line -> line.startsWith("-A")).count();
    }

    private void assertNothingThatLivesWasRemoved(List<Process> monitors) throws Exception {
        List<String> removed = new ArrayList<>();
        for (Process monitor : monitors) {
            // As from a terminal: nft writes what it has only when it is interrupted.
            new ProcessBuilder("kill", "-INT", String.valueOf(monitor.pid())).start().waitFor();
            removed.addAll(new String(monitor.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().filter(FailpointIT::isRemoval).toList());
        }
        assertEquals(List.of(), removed.stream().filter(line -> !speaksOfGuest(line)).toList(), "live objects were removed");
        assertTrue(!removed.isEmpty(), "the monitors saw the peers leave");
    }

    /** Starts the agent below strace with these expressions; whether it was killed before it had done all that it had to. */
    private boolean killed(List<String> expressions) throws Exception {
        List<String> strace = new ArrayList<>(List.of("strace", "-f", "-qq", "-o", trace().toString()));
        expressions.forEach(expression -> strace.addAll(List.of("-e", expression)));
        return killed(strace, this::inPlace);
    }

    /** Starts the agent below another program; whether it was killed before it had done all that it had to. */
    private boolean killed(List<String> watcher, BooleanSupplier done) throws Exception {
        turnOver();
        // One of the files is to be written too.
        Files.deleteIfExists(one.paths.subnetEnv());
        one.launch(watcher);
        one.await("the agent was killed or is at work", () -> one.ended() || done.getAsBoolean());
        if (!one.ended()) {
            turnOver();
            one.await("the agent was killed or followed", () -> one.ended() || done.getAsBoolean());
        }
        return one.ended();
    }

    private Path trace() {
        return folder.resolve("trace");
    }

    /** Which of the calls of a thread, counted as strace counts them, change something. */
    private SortedSet<Integer> steps(String... changes) throws IOException {
        Map<String, Integer> counts = new HashMap<>();
        SortedSet<Integer> steps = new TreeSet<>();
        for (String line : Files.readAllLines(trace())) {
            Matcher traced = CALL.matcher(line);
            if (traced.matches()) {
                int count = counts.merge(traced.group(1), 1, Integer::sum);
                if (Arrays.stream(changes).anyMatch(line::contains)) {
                    steps.add(count);
                }
            }
        }
        return steps;
    }

    /** The peer of before leaves, another joins. */
    private void turnOver() {
        String gone = guest(peer);
        peer++;
        etcd.etcdctl("put", LEASES + guest(peer).replace('/', '-'), "{\"PublicIP\":\"10.10.0." + (100 + peer % 100)
                + "\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"" + mac(peer) + "\"}}");
        etcd.etcdctl("del", LEASES + gone.replace('/', '-'));
    }

    private boolean inPlace() {
        String routes = ip(one.namespace, "route", "show", "dev", "flannel.1");
        return routes.contains(guest(peer)) && !routes.contains(guest(peer - 1)) && Files.exists(one.paths.subnetEnv());
    }

    /** What a node with these peers has, no more and no less. */
    private void whole() {
        one.await("only the last peer and node two are left", this::inPlace);
        assertEquals(2, ip(one.namespace, "route", "show", "dev", "flannel.1").lines().count());
        assertEquals(2, ip(one.namespace, "neigh", "show", "dev", "flannel.1", "nud", "permanent").lines().count());
        assertEquals(2, bridge(one.namespace, "fdb", "show", "dev", "flannel.1").lines().count());
    }

    private static String guest(int number) {
        return "10.1." + (200 + number % 50) + ".0/24";
    }

    private static String mac(int number) {
        return "02:00:00:00:99:%02x".formatted(number % 50);
    }

    /** The kernel forgets the groups that it has joined after a while, which are neighbours without ARP. */
    private static boolean isRemoval(String line) {
        return (line.startsWith("Deleted") || line.startsWith("delete") || line.startsWith("flush")) && !line.contains("NOARP");
    }

    private static boolean speaksOfGuest(String line) {
        return line.matches(".* 10\\.1\\.2[0-4]\\d\\..*") || line.contains("02:00:00:00:99:") || line.contains("10.10.0.1");
    }

    private Process monitorOfRoutes() throws IOException {
        return monitor("ip", "-o", "monitor", "link", "address", "route", "neigh");
    }

    /** Who starts the tests may have had SIGINT ignored (nohup, a job of a shell script), which these programs would inherit. */
    private Process monitor(String... command) throws IOException {
        List<String> line = new ArrayList<>(List.of("env", "--default-signal=INT"));
        line.addAll(List.of(command));
        return TestNamespaces.start(one.namespace, line.toArray(String[]::new));
    }

    /** Packets, 500 a second, from one pod to another. */
    private static final class Stream implements AutoCloseable {

        private final Process process;
        private String text = "";

        Stream(Pod from, Pod to) throws Exception {
            run(from.namespace(), "ping", "-c", "1", "-W", "2", to.address());
            process = TestNamespaces.start(from.namespace(), "ping", "-q", "-i", "0.002", "-W", "1", to.address());
        }

        String stop() throws Exception {
            // ping prints its counts at SIGINT.
            new ProcessBuilder("kill", "-INT", String.valueOf(process.pid())).start().waitFor();
            text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            Matcher counts = COUNTS.matcher(text);
            assertTrue(counts.find(), text);
            return counts.group();
        }

        int lost() {
            Matcher counts = COUNTS.matcher(text);
            assertTrue(counts.find(), text);
            assertTrue(Integer.parseInt(counts.group(1)) > 500, text);
            // The last one may still have been under way.
            return Math.max(0, Integer.parseInt(counts.group(1)) - Integer.parseInt(counts.group(2)) - 1);
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
