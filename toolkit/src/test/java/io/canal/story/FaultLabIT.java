package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.lab.Pause;
import io.canal.lab.fault.Fault;
import io.canal.lab.fault.Leases;
import io.canal.lab.fault.Scene;
import io.canal.lab.pod.Namespaces;
import io.canal.lab.pod.Pod;
import io.canal.model.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The story that this project began with, and its relatives: each fault is named by check-subnets, and healed. */
@Tag("lab")
@Order(18)
@ExtendWith(StoryLab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
class FaultLabIT {

    private static final int PER_SECOND = 1_000;
    /** Where the kernel or inotify tells the agent. */
    private static final Duration TOLD = Duration.ofSeconds(1);
    /** As nft and iptables-save write it. */
    private static final Pattern COUNTED = Pattern.compile("packets \\d+ bytes \\d+|\\[\\d+:\\d+\\]");
    /** Where nothing tells it. */
    private static final Duration TIMED = Duration.ofSeconds(60);
    private static final Duration SWITCHED = Duration.ofSeconds(30);
    /** A lease, and with it a session, that ends while a test waits for it. */
    private static final String SHORT_LIVED = "lease-ttl=20";

    private Host broken;
    private String unit;
    /** The canal unit on each host. */
    private Map<String, String> units;
    private Pod inside;
    private Pod beside;
    private Pod farther;

    @BeforeAll
    void a_pod_on_each_host() {
        broken = StoryLab.host(1);
        String status = StoryLab.canal("status", "--timeout", "120s", "--format", "json");
        units = StoryLab.hosts().stream().map(Host::name).collect(Collectors.toMap(name -> name, name -> Units.canalOn(status, name)));
        unit = units.get(broken.name());
        inside = StoryLab.pod("fault-h1", broken);
        beside = StoryLab.pod("fault-h2", StoryLab.host(2));
        farther = StoryLab.pod("fault-h3", StoryLab.host(3));
        StoryLab.canal("config", "canal", SHORT_LIVED);
        assertEquals("true", check().path("consistent").asText(), "before");
    }

    @AfterAll
    void as_it_was() {
        StoryLab.canal("config", "canal", "--reset", "lease-ttl");
    }

    /** Those of one row do not touch each other's objects, so they are made together. */
    @ParameterizedTest
    @ValueSource(strings = {
        "conflist-subnet=10-canal.conflist subnet-env=subnet.env rules-flush-nft=table_inet_canal stale-peer=neighbour device-mac=flannel.1"
                + " mtu-shrink=flannel.1",
        "conflist-truncate=10-canal.conflist lease-delete=/coreos.com/network/subnets/ device-delete=flannel.1",
    })
    void without_its_agent_each_fault_is_named_and_the_agent_mends_it_when_it_comes_back(String row) {
        List<String[]> faults = Arrays.stream(row.split(" ")).map(word -> word.split("=")).toList();
        Fault.AGENT_STOP.make(scene());
        faults.forEach(fault -> Fault.named(fault[0]).make(scene()));
        JsonNode found = check();
        assertEquals("false", found.path("consistent").asText(), found.toString());
        for (String[] fault : faults) {
            assertNamed(fault[0], fault[1].replace('_', ' '), found);
        }
        repair();
        JsonNode after = check();
        assertEquals("true", after.path("consistent").asText(), after.toPrettyString());
        StoryLab.canal("lab", "proof");
    }

    @ParameterizedTest
    @CsvSource({
        "CONFLIST_SUBNET, 0",
        "SUBNET_ENV,      0",
        "LEASE_DELETE,    0",
        "DEVICE_DELETE,   1500",
        "RULES_FLUSH_NFT, 1500",
        "STALE_PEER,      1500",
        "DEVICE_MAC,      1500",
        "MTU_SHRINK,      0",
        "CONFLIST_TRUNCATE, 0",
        "UPLINK_FLAP,     1500",
    })
    void a_living_agent_mends_each_fault_by_itself_and_only_its_host_feels_it(Fault fault, int mayLose) throws Exception {
        String healthy = state(fault);
        try (Traffic traffic = new Traffic(inside, beside, farther)) {
            Pause.ofMillis(200);
            fault.make(scene());
            long start = System.nanoTime();
            boolean mended = Pause.until(TOLD, () -> state(fault).equals(healthy));
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            String late = mended ? healthy : state(fault);
            assertEquals(healthy, late, () -> fault + " is not mended after " + TOLD.toMillis() + " ms; the agent says: " + saidBy(broken));
            Pause.ofMillis(200);
            System.out.println(fault + ": mended after " + took.toMillis() + " ms; " + traffic.lost(mayLose));
        }
    }

    @Test
    void a_copy_of_another_host_is_named_with_both_addresses_and_disturbs_nobody() {
        Host copy = StoryLab.host(3);
        String leases = state(Fault.LEASE_DELETE);
        Fault.CLONE.make(new Scene(copy, StoryLab.hosts()));
        try {
            JsonNode found = check(copy);
            assertTrue(found.path("problems").valueStream().anyMatch(problem -> problem.path("expected").asText().equals(copy.address())
                    && problem.path("found").asText().equals(broken.address())), found::toPrettyString);
            assertEquals(leases, state(Fault.LEASE_DELETE));
        } finally {
            Fault.CLONE.end(new Scene(copy, StoryLab.hosts()));
        }
        awaitConsistent(copy);
        assertEquals("true", check().path("consistent").asText());
    }

    @Test
    void a_stolen_lease_is_named_and_never_overwritten_and_the_node_takes_it_back_when_the_thief_has_gone() throws Exception {
        Fault.LEASE_STEAL.make(scene());
        String stolen = state(Fault.LEASE_STEAL);
        try {
            // A pod there keeps the subnet from being given up for another.
            assertTrue(Pause.until(TIMED, () -> message(broken).contains("was taken by")), () -> message(broken));
            JsonNode found = check();
            assertTrue(found.path("problems").valueStream().anyMatch(problem -> problem.path("found").asText().equals("10.10.0.198")
                    && problem.path("repair").asText().contains("allow-renumber=true")), found::toPrettyString);
            LabException refused = assertThrows(LabException.class, () -> StoryLab.pod("fault-refused", broken));
            assertTrue(refused.getMessage().contains("was taken by another"), refused.getMessage());
            assertEquals(stolen, state(Fault.LEASE_STEAL), "the thief's lease is not written over");
        } finally {
            Fault.LEASE_STEAL.end(scene());
        }
        awaitConsistent(broken);
        try (Traffic traffic = new Traffic(inside, beside, farther)) {
            Pause.ofMillis(200);
            traffic.lost(0);
        }
    }

    @Test
    void a_host_that_is_cut_off_from_etcd_and_one_without_space_are_named_and_well_again_when_it_ends() throws Exception {
        Host cut = StoryLab.host(2);
        Host full = StoryLab.host(3);
        try (Traffic traffic = new Traffic(beside, farther, inside)) {
            Fault.ETCD_CUT.make(new Scene(cut, StoryLab.hosts()));
            Fault.DISK_FULL.make(new Scene(full, StoryLab.hosts()));
            String links = full.program("ip", "-o", "link").must();
            try {
                JsonNode ofFull = check(full);
                assertTrue(ofFull.toString().contains("There is no space left on"), ofFull::toPrettyString);
                LabException refused = assertThrows(LabException.class, () -> StoryLab.pod("fault-full", full));
                assertTrue(refused.getMessage().toLowerCase(Locale.ROOT).contains("no space left"), refused.getMessage());
                assertEquals(links, full.program("ip", "-o", "link").must(), "nothing of the pod is left");
                JsonNode ofCut = check(cut);
                assertTrue(ofCut.path("witnesses").path("lease").asText().startsWith("missing: "), ofCut::toPrettyString);
                assertFalse(ofCut.path("witnesses").path("device").asText().isEmpty());
            } finally {
                Fault.DISK_FULL.end(new Scene(full, StoryLab.hosts()));
                Fault.ETCD_CUT.end(new Scene(cut, StoryLab.hosts()));
            }
            StoryLab.pod("fault-full", full);
            awaitConsistent(full);
            awaitConsistent(cut);
            System.out.println("etcd-cut and disk-full: " + traffic.lost(0));
        }
    }

    @Test
    @Order(Integer.MAX_VALUE)
    void a_new_etcd_gets_what_the_nodes_know_back_by_itself_and_the_network_by_one_command() throws Exception {
        String leases = state(Fault.ETCD_REPLACE);
        List<String> objects = objects();
        try (Traffic traffic = new Traffic(inside, beside, farther)) {
            long start = System.nanoTime();
            Fault.ETCD_REPLACE.make(scene());
            long fresh = System.nanoTime();
            assertTrue(Pause.until(TIMED, () -> ofWhichever(() -> state(Fault.ETCD_REPLACE)).equals(leases)),
                    () -> ofWhichever(() -> state(Fault.ETCD_REPLACE)) + " is not " + leases);
            long leased = System.nanoTime();
            JsonNode found = check();
            assertNamed("etcd-replace", "/coreos.com/network/config", found);
            assertTrue(found.toString().contains("accept-etcd=true"), found::toPrettyString);
            // Kubernetes' controllers would have put the profile of the namespace back.
            new Namespaces(StoryLab.etcd()).put("default", Map.of());
            results(unit, "repair-subnets", "accept-etcd=true");
            assertTrue(Pause.until(TIMED, () -> isConsistent(everywhere())),
                    () -> everywhere().toPrettyString());
            assertTrue(Pause.until(TIMED, () -> objects().containsAll(objects)), () -> objects() + " lack some of " + objects);
            System.out.println("etcd-replace: a new etcd after " + Duration.ofNanos(fresh - start).toMillis() + " ms, leases in it "
                    + Duration.ofNanos(leased - fresh).toMillis() + " ms later, all in order again after " + Duration.ofNanos(System.nanoTime() - start).toMillis()
                    + " ms; " + traffic.lost(0));
        }
    }

    /** What each node puts into etcd of itself and of its pods, for Calico's eyes. */
    private static List<String> objects() {
        return List.of("nodes", "workloadendpoints").stream()
                .flatMap(kind -> StoryLab.etcd().keys("/calico/resources/v3/projectcalico.org/" + kind + "/").stream()).toList();
    }

    private Scene scene() {
        return new Scene(broken, StoryLab.hosts());
    }

    @AfterEach
    void a_living_agent() {
        broken.program("systemctl", "start", "canal-agent").must();
    }

    @Test
    void flushed_iptables_are_filled_again_where_they_are_the_packet_filter() throws Exception {
        StoryLab.canal("config", "canal", "dataplane=iptables");
        try {
            assertTrue(Pause.until(SWITCHED, () -> !state(Fault.RULES_FLUSH_IPTABLES).isEmpty() && state(Fault.RULES_FLUSH_NFT).isEmpty()),
                    "iptables are in use");
            a_living_agent_mends_each_fault_by_itself_and_only_its_host_feels_it(Fault.RULES_FLUSH_IPTABLES, 1500);
            String healthy = state(Fault.RULES_FLUSH_IPTABLES);
            Fault.AGENT_STOP.make(scene());
            Fault.RULES_FLUSH_IPTABLES.make(scene());
            assertNamed("rules-flush-iptables", "iptables", check());
            repair();
            assertTrue(Pause.until(SWITCHED, () -> state(Fault.RULES_FLUSH_IPTABLES).equals(healthy)), () -> state(Fault.RULES_FLUSH_IPTABLES));
        } finally {
            StoryLab.canal("config", "canal", "dataplane=auto");
        }
        assertTrue(Pause.until(SWITCHED, () -> !state(Fault.RULES_FLUSH_NFT).isEmpty()), "nftables are in use again");
    }

    @Test
    void a_stopped_agent_is_named_and_started_by_repair_and_not_by_what_it_asked_for_before() {
        broken.program("touch", "/var/lib/juju/nudges/unit-" + unit.replace('/', '-')).must();
        Fault.AGENT_STOP.make(scene());
        JsonNode found = check();
        assertTrue(found.toString().contains("canal run " + unit + " repair-subnets"), found.toPrettyString());
        assertEquals("inactive", broken.program("systemctl", "is-active", "canal-agent").run().out().strip());
        repair();
        assertTrue(Pause.until(Duration.ofSeconds(5), () -> broken.program("systemctl", "is-active", "canal-agent").run().succeeded()));
        assertEquals("true", check().path("consistent").asText());
    }

    /** Until its program is back systemd tries again and again; whoever stops it meanwhile must not find it running later. */
    @Test
    void an_agent_without_its_program_is_tried_again_until_it_is_stopped() {
        String java = "/opt/canal/current/runtime/bin/java";
        broken.program("mv", java, java + ".gone").must();
        try {
            broken.program("systemctl", "kill", "--signal=KILL", "canal-agent").must();
            assertTrue(Pause.until(Duration.ofSeconds(5), () -> agentIs().equals("stop-post")), this::agentIs);
            broken.program("systemctl", "stop", "canal-agent").must();
        } finally {
            broken.program("mv", java + ".gone", java).must();
        }
        assertFalse(Pause.until(Duration.ofSeconds(6), () -> !agentIs().equals("failed")), this::agentIs);
        a_living_agent();
        assertEquals("running", agentIs());
    }

    private String agentIs() {
        return broken.program("systemctl", "show", "--property=SubState", "--value", "canal-agent").run().out().strip();
    }

    /** Packets into the host of a pod, out of it, and past it, between the hosts of two others. */
    private static final class Traffic implements AutoCloseable {

        private final List<PacketStream> streams;

        Traffic(Pod at, Pod one, Pod other) throws IOException {
            streams = List.of(stream(one, at), stream(at, other), stream(one, other));
        }

        private static PacketStream stream(Pod from, Pod to) throws IOException {
            var pods = StoryLab.pods();
            return PacketStream.start(pods.netns(from), from.address(), pods.netns(to), to.address(), PER_SECOND);
        }

        /** Ends it; past the host nothing may have been lost, and through it not more than this each way. */
        String lost(int mayLose) throws InterruptedException {
            List<PacketStream.Report> reports = PacketStream.stop(streams);
            String told = reports.stream().map(PacketStream.Report::toString).collect(Collectors.joining("; "));
            assertTrue(reports.stream().allMatch(report -> report.sent() > PER_SECOND / 10), told);
            assertTrue(reports.get(0).lost() <= mayLose && reports.get(1).lost() <= mayLose, told);
            assertEquals(0, reports.get(2).lost(), told);
            return told;
        }

        @Override
        public void close() {
            streams.forEach(PacketStream::close);
        }
    }

    private static void assertNamed(String fault, String where, JsonNode found) {
        assertTrue(found.path("problems").valueStream().anyMatch(problem -> problem.path("where").asText().contains(where)
                && !problem.path("found").asText().isEmpty() && !problem.path("expected").asText().isEmpty()
                && !problem.path("repair").asText().isEmpty()), () -> fault + " by " + where + " in " + found.toPrettyString());
    }

    /** What an etcd says that may still be electing its leader. */
    private static String ofWhichever(Supplier<String> question) {
        try {
            return question.get();
        } catch (LabException electing) {
            return electing.getMessage();
        }
    }

    private void awaitConsistent(Host host) {
        assertTrue(Pause.until(TIMED, () -> check(host).path("consistent").asText().equals("true")), () -> check(host).toPrettyString());
    }

    private static String message(Host host) {
        return Units.messageOn(StoryLab.canal("status", "--timeout", "120s", "--format", "json"), host.name());
    }

    private JsonNode check() {
        return results(unit, "check-subnets");
    }

    private JsonNode check(Host host) {
        return results(units.get(host.name()), "check-subnets");
    }

    private static JsonNode everywhere() {
        return Json.object("check-subnets", StoryLab.canal("run", "--all", "check-subnets", "--format", "json")).orThrow();
    }

    private static boolean isConsistent(JsonNode everywhere) {
        return everywhere.size() == StoryLab.hosts().size()
                && everywhere.valueStream().allMatch(task -> task.path("results").path("consistent").asText().equals("true"));
    }

    private void repair() {
        results(unit, "repair-subnets");
    }

    private static JsonNode results(String unit, String action, String... settings) {
        List<String> words = new ArrayList<>(List.of("run", unit, action));
        words.addAll(List.of(settings));
        words.addAll(List.of("--format", "json"));
        JsonNode task = Json.object(action, StoryLab.canal(words.toArray(String[]::new))).orThrow().path(unit);
        assertEquals("completed", task.path("status").asText(), task.toPrettyString());
        return task.path("results");
    }

    /** What the fault damages, as it is now: from the kernel, the files, etcd, and not from the agent. */
    private String state(Fault fault) {
        return switch (fault) {
            case CONFLIST_SUBNET, CONFLIST_TRUNCATE -> text("/etc/cni/net.d/10-canal.conflist");
            case SUBNET_ENV -> text("/run/flannel/subnet.env");
            case LEASE_DELETE, LEASE_STEAL, ETCD_CUT, ETCD_REPLACE, CLONE, DISK_FULL -> new Leases(StoryLab.etcd()).all().toString();
            case DEVICE_MAC, MTU_SHRINK -> sorted("ip", "-o", "link", "show", "flannel.1");
            case DEVICE_DELETE, STALE_PEER, UPLINK_FLAP -> sorted("ip", "-o", "link", "show", "eth0") + sorted("ip", "-o", "-4", "address", "show", "flannel.1").replaceAll("(?m)^\\d+:", "")
                    + sorted("ip", "route", "show", "dev", "flannel.1") + sorted("ip", "neigh", "show", "dev", "flannel.1")
                    + sorted("bridge", "fdb", "show", "dev", "flannel.1");
            case RULES_FLUSH_IPTABLES -> sorted("iptables-save").lines().filter(line -> line.contains("FLANNEL-") || line.contains("cali-"))
                    .collect(Collectors.joining("\n"));
            case RULES_FLUSH_NFT -> sorted("nft", "list", "table", "inet", "canal");
            case AGENT_STOP -> broken.program("systemctl", "is-active", "canal-agent").run().out();
        };
    }

    private static String saidBy(Host host) {
        return host.program("journalctl", "-u", "canal-agent", "-n", "40", "-o", "short-precise", "--no-pager").run().out();
    }

    /** Its lines in order, without what packets count: lines would change places by it. */
    private String sorted(String... argv) {
        return broken.program(argv).run().out().lines()
                .map(line -> COUNTED.matcher(line).replaceAll("").strip()).sorted().collect(Collectors.joining("\n"));
    }

    private String text(String file) {
        try {
            return Files.readString(broken.path(file));
        } catch (IOException between) {
            return "";
        }
    }
}
