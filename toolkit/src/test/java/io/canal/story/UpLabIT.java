package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.Host;
import io.canal.lab.Pause;
import io.canal.lab.Program.Outcome;
import io.canal.lab.fault.Leases;
import io.canal.model.Cidr;
import io.canal.model.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("lab")
@Order(10)
@ExtendWith(StoryLab.class)
class UpLabIT {

    @TempDir
    private Path folder;

    @Test
    void up_ends_with_all_pairs_the_status_and_what_to_try_next() {
        String printed = StoryLab.firstUp();
        assertTrue(printed.contains("6 of 6 pairs"), printed);
        assertEquals(3, Pattern.compile("canal/[0-2]\\*? +active +idle .*Flannel subnet 10\\.1\\.\\d+\\.1/24").matcher(printed).results().count(), printed);
        assertTrue(printed.contains("Up in "), printed);
        assertTrue(printed.strip().lines().toList().reversed().stream().limit(3).allMatch(line -> line.matches("  \\S*canal (run|lab) .*")), printed);
    }

    @Test
    void every_host_says_the_subnet_that_its_lease_says() {
        String status = StoryLab.canal("status", "--timeout", "120s", "--format", "json");
        Set<Cidr> subnets = new HashSet<>();
        for (Host host : StoryLab.hosts()) {
            Cidr subnet = new Leases(StoryLab.etcd()).of(host).subnet();
            assertTrue(subnets.add(subnet), subnet + " twice");
            assertEquals("Flannel subnet " + subnet.at(1) + "/24", Units.messageOn(status, host.name()));
        }
    }

    @Test
    void up_again_changes_nothing() {
        List<String> boots = StoryLab.hosts().stream().map(Host::bootId).toList();
        String printed = StoryLab.canal("up");
        assertTrue(Pattern.compile("(?m)^changes +none").matcher(printed).find(), printed);
        assertEquals(boots, StoryLab.hosts().stream().map(Host::bootId).toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--etcd 1     | the lab's cluster has 3 members and keeps that size",
        "--etcd 2     | --etcd is 2, expected 3 or 1",
        "--hosts 2    | the lab has 3",
        "--hosts x    | --hosts",
        "--nonsense   | --nonsense",
        "--config nosuch=1 | nosuch",
    })
    void what_cannot_be_is_refused_with_a_sentence(String arguments, String part) {
        Outcome outcome = Canal.run(StoryLab.with(("up " + arguments).strip().split(" ")));
        assertNotEquals(0, outcome.code(), outcome.out());
        assertTrue(outcome.err().contains(part), outcome.err());
        assertFalse(outcome.err().contains("\tat "), outcome.err());
    }

    @Test
    void a_peer_route_that_is_missing_makes_the_proof_fail_and_is_named() {
        StoryLab.canal("lab", "proof");
        Host h1 = StoryLab.host(1);
        Cidr there = new Leases(StoryLab.etcd()).of(StoryLab.host(2)).subnet();
        // A living agent would put the route back at once.
        h1.program("systemctl", "stop", "canal-agent").must();
        try {
            h1.program("ip", "route", "del", there.toString()).must();
            Outcome outcome = Canal.run(StoryLab.with("lab", "proof"));
            assertEquals(1, outcome.code(), outcome.out());
            assertTrue(Pattern.compile("h1 \\([0-9.]+\\) to h2 ").matcher(outcome.err()).find(), outcome.err());
        } finally {
            h1.program("systemctl", "start", "canal-agent").must();
        }
        assertTrue(Pause.until(Duration.ofSeconds(60), () -> h1.program("ip", "route", "show", there.toString()).must().contains("flannel.1")),
                "the route comes back with the agent");
        StoryLab.canal("lab", "proof");
    }

    @Test
    void pods_of_a_namespace_are_made_listed_entered_and_removed() {
        StoryLab.canal("lab", "namespace", "add", "shop", "--label", "team=web");
        String address = StoryLab.canal("lab", "pod", "add", "cart", "--host", "h2", "--namespace", "shop", "--label", "app=cart", "--port",
                "http:8080/TCP").strip();
        try {
            String listed = StoryLab.canal("lab", "pods", "--format", "json");
            var pod = Json.object("pods", "{\"pods\":" + listed + "}").orThrow().path("pods").valueStream()
                    .filter(one -> one.path("name").asText().equals("cart")).findFirst().orElseThrow();
            assertEquals("shop", pod.path("namespace").asText());
            assertEquals("h2", pod.path("host").asText());
            assertEquals(address, pod.path("addresses").get(0).asText());
            assertEquals("cart", pod.path("labels").path("app").asText());
            assertEquals("http", pod.path("ports").get(0).path("name").asText());
            assertTrue(StoryLab.canal("lab", "pod", "exec", "cart", "--", "ip", "-o", "-4", "address", "show", "eth0").contains(address));
            String endpoint = StoryLab.etcd().keys("/calico/resources/v3/projectcalico.org/workloadendpoints/shop/").stream()
                    .map(key -> StoryLab.etcd().get(key).orElseThrow()).filter(value -> value.contains("\"" + address + "/32\"")).findFirst()
                    .orElseThrow();
            assertTrue(endpoint.contains("\"kns.shop\""), endpoint);
            assertTrue(endpoint.contains("\"app\":\"cart\""), endpoint);
        } finally {
            StoryLab.canal("lab", "pod", "rm", "cart");
        }
        assertEquals(List.of(), StoryLab.etcd().keys("/calico/resources/v3/projectcalico.org/workloadendpoints/shop/"));
    }

    @Test
    void calicos_resources_are_read_and_written_from_here_and_on_the_hosts() throws Exception {
        for (Host host : StoryLab.hosts()) {
            assertTrue(StoryLab.canal("get", "nodes", "-o", "wide").contains(host.name() + " "), host.name());
        }
        Path policy = Files.writeString(folder.resolve("policy.yaml"), """
                apiVersion: networking.k8s.io/v1
                kind: NetworkPolicy
                metadata: {name: closed, namespace: vault}
                spec: {podSelector: {}, ingress: []}
                """);
        StoryLab.canal("lab", "namespace", "add", "vault");
        StoryLab.canal("lab", "pod", "add", "safe", "--host", "h1", "--namespace", "vault");
        StoryLab.canal("lab", "pod", "add", "thief", "--host", "h2", "--namespace", "vault");
        try {
            assertTrue(StoryLab.canal("why", "vault/thief", "vault/safe:80").startsWith("vault/thief may connect to vault/safe, TCP port 80."));
            assertEquals("Successfully applied 1 'NetworkPolicy' resource(s)\n", StoryLab.canal("apply", "-f", policy.toString()));
            assertTrue(StoryLab.host(3).program("/opt/canal/current/bin/calicoctl", "get", "np", "-n", "vault").must().contains("knp.default.closed"));
            String why = StoryLab.canal("why", "vault/thief", "vault/safe:80");
            assertTrue(why.startsWith("vault/thief may not connect to vault/safe, TCP port 80: ingress of the pod vault/safe"), why);
            assertEquals(1, Canal.run(StoryLab.with("get", "np", "nosuch", "-n", "vault")).code());
        } finally {
            StoryLab.canal("delete", "-f", policy.toString());
            StoryLab.canal("lab", "pod", "rm", "safe");
            StoryLab.canal("lab", "pod", "rm", "thief");
        }
    }
}
