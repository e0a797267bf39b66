package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.lab.Host;
import io.canal.lab.Pause;
import io.canal.lab.fault.Fault;
import io.canal.lab.fault.Leases;
import io.canal.lab.fault.Scene;
import io.canal.lab.pod.Pod;
import io.canal.model.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The story that this project began with, and its relatives: each fault is named by check-subnets, and healed. */
@ExtendWith(StoryLab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FaultLabIT {

    private static final int PER_SECOND = 1_000;
    /** Where the kernel or inotify tells the agent. */
    private static final Duration TOLD = Duration.ofSeconds(1);
    /** Where nothing tells it. */
    private static final Duration TIMED = Duration.ofSeconds(60);
    private static final Duration SWITCHED = Duration.ofSeconds(30);

    private Host broken;
    private String unit;
    private Pod inside;
    private Pod beside;
    private Pod farther;

    @BeforeAll
    void a_pod_on_each_host() {
        broken = StoryLab.host(1);
        unit = StoryLab.unitOn(broken);
        inside = StoryLab.pod("fault-h1", broken);
        beside = StoryLab.pod("fault-h2", StoryLab.host(2));
        farther = StoryLab.pod("fault-h3", StoryLab.host(3));
    }

    @ParameterizedTest
    @CsvSource({
        "conflist-subnet,      10-canal.conflist",
        "subnet-env,           subnet.env",
        "lease-delete,         /coreos.com/network/subnets/",
        "device-delete,        flannel.1",
        "rules-flush-nft,      table inet canal",
        "stale-peer,           flannel.1",
    })
    void without_its_agent_each_fault_is_named_and_the_agent_mends_it_when_it_comes_back(String fault, String where) {
        assertEquals("true", check().path("consistent").asText(), "before");
        StoryLab.canal("lab", "break", "agent-stop", "--host", "h1");
        StoryLab.canal("lab", "break", fault, "--host", "h1");
        JsonNode found = check();
        assertEquals("false", found.path("consistent").asText(), found.toString());
        assertTrue(found.path("problems").valueStream().anyMatch(problem -> problem.path("where").asText().contains(where)
                && !problem.path("found").asText().isEmpty() && !problem.path("expected").asText().isEmpty()
                && !problem.path("repair").asText().isEmpty()), "a problem at " + where + " in " + found.toPrettyString());
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
        var pods = StoryLab.pods();
        try (PacketStream through = PacketStream.start(pods.netns(beside), beside.address(), pods.netns(inside), inside.address(), PER_SECOND);
                PacketStream out = PacketStream.start(pods.netns(inside), inside.address(), pods.netns(farther), farther.address(), PER_SECOND);
                PacketStream past = PacketStream.start(pods.netns(beside), beside.address(), pods.netns(farther), farther.address(), PER_SECOND)) {
            Pause.ofMillis(300);
            fault.make(scene());
            long start = System.nanoTime();
            boolean mended = Pause.until(Duration.ofSeconds(15), () -> state(fault).equals(healthy));
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            assertEquals(healthy, mended ? healthy : state(fault), fault + " is not mended after 15 s");
            Pause.ofMillis(300);
            PacketStream.Report past1 = past.stop();
            PacketStream.Report through1 = through.stop();
            PacketStream.Report out1 = out.stop();
            System.out.println(fault + ": mended after " + took.toMillis() + " ms; " + through1 + "; " + out1 + "; " + past1);
            assertTrue(took.compareTo(TOLD) <= 0, fault + " was mended only after " + took.toMillis() + " ms");
            assertEquals(0, past1.lost(), past1.toString());
            assertTrue(through1.lost() <= mayLose, through1.toString());
            assertTrue(out1.lost() <= mayLose, out1.toString());
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
        assertTrue(Pause.until(TIMED, () -> check(copy).path("consistent").asText().equals("true")), () -> check(copy).toPrettyString());
        assertEquals("true", check().path("consistent").asText());
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
        } finally {
            StoryLab.canal("config", "canal", "dataplane=auto");
        }
        assertTrue(Pause.until(SWITCHED, () -> !state(Fault.RULES_FLUSH_NFT).isEmpty()), "nftables are in use again");
    }

    @Test
    void a_stopped_agent_is_named_and_started_by_repair() {
        StoryLab.canal("lab", "break", "agent-stop", "--host", "h1");
        JsonNode found = check();
        assertTrue(found.toString().contains("agent"), found.toPrettyString());
        repair();
        assertTrue(Pause.until(Duration.ofSeconds(5), () -> broken.program("systemctl", "is-active", "canal-agent").run().succeeded()));
        assertEquals("true", check().path("consistent").asText());
    }

    private JsonNode check() {
        return results(unit, "check-subnets");
    }

    private static JsonNode check(Host host) {
        return results(StoryLab.unitOn(host), "check-subnets");
    }

    private void repair() {
        results(unit, "repair-subnets");
    }

    private static JsonNode results(String unit, String action) {
        JsonNode task = Json.object(action, StoryLab.canal("run", unit, action, "--format", "json")).orThrow().path(unit);
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
                    .map(line -> line.replaceAll("\\[\\d+:\\d+\\]", "")).collect(Collectors.joining("\n"));
            case RULES_FLUSH_NFT -> sorted("nft", "list", "table", "inet", "canal")
                    .replaceAll("counter packets \\d+ bytes \\d+", "counter");
            case AGENT_STOP -> broken.program("systemctl", "is-active", "canal-agent").run().out();
        };
    }

    private String sorted(String... argv) {
        return broken.program(argv).run().out().lines().map(String::strip).sorted().collect(Collectors.joining("\n"));
    }

    private String text(String file) {
        try {
            return Files.readString(broken.path(file));
        } catch (IOException between) {
            return "";
        }
    }
}
