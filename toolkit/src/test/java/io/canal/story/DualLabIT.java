package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.lab.Host;
import io.canal.lab.Pause;
import io.canal.lab.fault.Leases;
import io.canal.lab.pod.Pod;
import io.canal.lab.pod.PodSpec;
import io.canal.lab.pod.Pods;
import io.canal.lab.proof.Proof;
import io.canal.lab.proof.ProofTable;
import io.canal.model.Cidr;
import io.canal.model.Json;
import io.canal.model.SubnetKey;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** A network of both families, which was one of IPv4 at first. */
@Tag("lab")
@Order(21)
@ExtendWith(DualLab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(OrderAnnotation.class)
class DualLabIT {

    private static final int PER_SECOND = 1_000;
    /** Where the kernel tells the agent. */
    private static final Duration TOLD = Duration.ofSeconds(1);
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final String TUNNEL_V6 = "flannel-v6.1";

    private Host h1;
    private Host h2;
    /** What canal status says, which starts agents that were stopped: so it is asked before. */
    private String status;

    @BeforeAll
    void hosts() {
        h1 = DualLab.hosts().get(0);
        h2 = DualLab.hosts().get(1);
        status = DualLab.canal("status", "--timeout", "120s", "--format", "json");
    }

    @AfterEach
    void a_living_agent() {
        h1.program("systemctl", "start", "canal-agent").must();
    }

    @Test
    @Order(1)
    void a_living_network_of_ipv4_gets_ipv6_without_loss_and_keeps_its_subnets() {
        DualLab.Widening widening = DualLab.widening();
        assertEquals(List.of(0, 0), widening.traffic().stream().map(PacketStream.Report::lost).toList(), widening::toString);
        assertTrue(widening.traffic().stream().allMatch(report -> report.sent() > PER_SECOND), widening::toString);
        assertEquals(widening.leases(), DualLab.leases().stream().map(key -> key.replaceFirst("&.*", "")).toList());
    }

    @Test
    void lease_files_and_witnesses_name_both_families_on_each_host() throws IOException {
        for (Host host : List.of(h1, h2)) {
            JsonNode found = results(host, "check-subnets");
            assertEquals("true", found.path("consistent").asText(), found::toPrettyString);
            SubnetKey lease = subnet(host);
            Cidr v4 = lease.v4().orElseThrow();
            Cidr v6 = lease.v6().orElseThrow();
            String env = Files.readString(host.path("/run/flannel/subnet.env"));
            assertTrue(env.contains("FLANNEL_SUBNET=" + v4.at(1) + "/24\nFLANNEL_IPV6_NETWORK=fd00:10:1::/56\nFLANNEL_IPV6_SUBNET=" + v6.at(1) + "/64\n"), env);
            String conflist = Files.readString(host.path("/etc/cni/net.d/10-canal.conflist"));
            assertTrue(conflist.contains("\"ranges\": [[{\"subnet\": \"" + v4 + "\"}], [{\"subnet\": \"" + v6 + "\"}]]"), conflist);
            JsonNode said = found.path("witnesses");
            assertEquals(v4 + ", " + v6, said.path("conflist").asText(), found::toPrettyString);
            assertEquals(v4.at(1) + "/24, " + v6.at(1) + "/64", said.path("subnet-env").asText());
            assertEquals(v4.base() + "/32, " + v6.base() + "/128", said.path("device").asText());
        }
    }

    @Test
    void new_pods_have_both_families_and_talk_across_hosts_by_both() {
        Pods pods = DualLab.pods();
        pods.all().stream().filter(pod -> pod.name().startsWith("proof-")).forEach(pods::remove);
        ProofTable proof = new Proof(pods, DualLab.hosts()).run();
        assertTrue(proof.ends().stream().allMatch(pod -> pod.addresses().size() == 2), proof::text);
        assertEquals(List.of(), proof.failures());
        assertEquals(2 * proof.ends().size() * (proof.ends().size() - 1), proof.pairs().size());
    }

    @Test
    void what_befalls_ipv6_is_named_and_repaired_when_nobody_looked_after_it() {
        h1.program("systemctl", "stop", "canal-agent").must();
        h1.program("ip", "link", "delete", TUNNEL_V6).must();
        h1.program("sed", "-i", "s/^FLANNEL_IPV6_SUBNET=.*/FLANNEL_IPV6_SUBNET=fd00:10:1:fe::1\\/64/", "/run/flannel/subnet.env").must();
        JsonNode found = results(h1, "check-subnets");
        assertEquals("false", found.path("consistent").asText(), found::toPrettyString);
        for (String where : List.of(TUNNEL_V6, "subnet.env", "route fd00:10:1:")) {
            assertTrue(found.path("problems").valueStream().anyMatch(problem -> problem.path("where").asText().contains(where)), () -> where + " in " + found.toPrettyString());
        }
        results(h1, "repair-subnets");
        JsonNode after = results(h1, "check-subnets");
        assertEquals("true", after.path("consistent").asText(), after::toPrettyString);
    }

    @Test
    void a_tunnel_of_ipv6_that_is_deleted_is_made_again_within_a_second_and_ipv4_does_not_feel_it() throws Exception {
        Pods pods = DualLab.pods();
        pods.all().stream().filter(pod -> pod.name().startsWith("both-")).forEach(pods::remove);
        Pod a = pods.add(PodSpec.named("both-1"), h1);
        Pod b = pods.add(PodSpec.named("both-2"), h2);
        String healthy = tunnel();
        List<PacketStream> streams = List.of(stream(pods, a, b, 0), stream(pods, b, a, 0), stream(pods, a, b, 1), stream(pods, b, a, 1));
        try {
            Pause.ofMillis(200);
            h1.program("ip", "link", "delete", TUNNEL_V6).must();
            long start = System.nanoTime();
            assertTrue(Pause.until(PATIENCE, () -> tunnel().equals(healthy)), () -> tunnel() + " is not " + healthy);
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            Pause.ofMillis(200);
            List<PacketStream.Report> reports = PacketStream.stop(streams);
            System.out.println(TUNNEL_V6 + " deleted: mended after " + took.toMillis() + " ms; " + reports);
            assertTrue(took.compareTo(TOLD) <= 0, "mended only after " + took.toMillis() + " ms");
            assertEquals(List.of(0, 0), reports.stream().limit(2).map(PacketStream.Report::lost).toList(), reports::toString);
            assertTrue(reports.stream().skip(2).allMatch(report -> report.lost() <= PER_SECOND * 3 / 2), reports::toString);
        } finally {
            streams.forEach(PacketStream::close);
        }
    }

    /** Pods from before the second family, and those after it. */
    @Test
    @Order(Integer.MAX_VALUE)
    void a_host_that_joins_gets_both_families_and_is_reached_by_all() {
        String printed = DualLab.canal("up", "--hosts", Integer.toString(DualLab.hosts().size() + 1), "--timeout", "240s");
        assertTrue(printed.contains(" pairs: full-size ping and TCP both ways"), printed);
        assertTrue(DualLab.leases().stream().map(SubnetKey::of).allMatch(subnet -> subnet.v4().isPresent() && subnet.v6().isPresent()), () -> DualLab.leases().toString());
        status = DualLab.canal("status", "--timeout", "120s", "--format", "json");
        assertEquals("true", results(DualLab.hosts().getLast(), "check-subnets").path("consistent").asText());
    }

    private JsonNode results(Host host, String action) {
        String unit = Units.canalOn(status, host.name());
        return Json.object(action, DualLab.canal("run", unit, action, "--format", "json")).orThrow().path(unit).path("results");
    }

    private static PacketStream stream(Pods pods, Pod from, Pod to, int family) throws IOException {
        return PacketStream.start(pods.netns(from), from.addresses().get(family), pods.netns(to), to.addresses().get(family), PER_SECOND);
    }

    private static SubnetKey subnet(Host host) {
        return SubnetKey.of(new Leases(DualLab.etcd()).of(host).key().replaceFirst(".*/", ""));
    }

    /** The device, its address, routes, neighbours and forwarding entries. */
    private String tunnel() {
        return lines("ip", "-6", "-o", "address", "show", "dev", TUNNEL_V6, "scope", "global").replaceAll("(?m)^\\d+:", "")
                + lines("ip", "-6", "route", "show", "root", "fd00::/16", "dev", TUNNEL_V6) + lines("ip", "-6", "neigh", "show", "dev", TUNNEL_V6, "nud", "permanent")
                + lines("bridge", "fdb", "show", "dev", TUNNEL_V6);
    }

    private String lines(String... argv) {
        return h1.program(argv).run().out().lines().map(String::strip).sorted().reduce("", (all, line) -> all + line + "\n");
    }
}
