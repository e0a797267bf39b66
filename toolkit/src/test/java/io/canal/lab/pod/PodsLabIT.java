package io.canal.lab.pod;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.Host;
import io.canal.lab.Lab;
import io.canal.lab.LabException;
import io.canal.lab.LabName;
import io.canal.lab.Places;
import io.canal.lab.pod.PodSpec.HostPort;
import io.canal.lab.proof.PodSocket;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The lab's runtime against the reference plugins, so that what it finds out about canal is canal's. */
@Tag("lab")
@Order(2)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PodsLabIT {

    private static final String CONFLIST = """
            {"cniVersion":"1.0.0","name":"plain","plugins":[
              {"type":"ptp","ipam":{"type":"host-local","subnet":"10.9.%d.0/24","routes":[{"dst":"0.0.0.0/0"}]}},
              {"type":"portmap","capabilities":{"portMappings":true}}]}
            """;

    private Lab lab;
    private Host h1;
    private Host h2;
    private Pods pods;

    @BeforeAll
    void two_hosts(@TempDir Path labs) throws IOException {
        lab = Lab.open(new Places(labs, Places.usual().cache()), LabName.ofCheckout(Path.of(System.getProperty("canal.home"), "pods")));
        List<Host> hosts = lab.powerOn(2);
        h1 = hosts.get(0);
        h2 = hosts.get(1);
        for (Host host : hosts) {
            host.program("mkdir", "-p", "/opt/cni", "/etc/cni/net.d").must();
            host.program("ln", "-s", "/usr/lib/cni", "/opt/cni/bin").must();
            Files.writeString(host.path("/etc/cni/net.d/10-plain.conflist"), CONFLIST.formatted(host.number()));
        }
    }

    @BeforeEach
    void routes_as_after_a_boot_and_no_pods() {
        lab.hosts().forEach(host -> host.program("sysctl", "-qw", "net.ipv4.ip_forward=1").must());
        h1.program("ip", "route", "replace", "10.9.2.0/24", "via", "10.10.0.2").must();
        h2.program("ip", "route", "replace", "10.9.1.0/24", "via", "10.10.0.1").must();
        pods = new Pods(lab.part("pods"), lab.hosts());
        pods.all().forEach(pods::remove);
    }

    @AfterAll
    void leave_nothing() {
        lab.remove();
        lab.close();
    }

    @Test
    void pods_talk_and_leave_nothing() throws IOException {
        Pod a = pods.attach(PodSpec.named("a"), h1);
        Pod b = pods.attach(PodSpec.named("b"), h2);
        pods.program(a, List.of("ping", "-c", "1", "-W", "2", b.address())).must();
        assertEquals(List.of(a, b), pods.all());
        assertEquals(a, pods.named("default/a"));

        pods.remove(a);
        assertEquals(List.of(b), pods.all());
        assertEquals("", h1.program("ip", "netns", "list").must());
        assertEquals("", h1.program("ip", "-o", "link", "show", "type", "veth", "up").must().lines()
                .filter(line -> !line.contains("eth0@")).reduce("", String::concat));
        try (Stream<Path> results = Files.list(h1.path("/var/lib/cni/results"))) {
            assertEquals(0, results.count(), "cached results");
        }
    }

    @Test
    void a_port_of_the_host_leads_to_the_pod() throws IOException {
        Pod web = pods.attach(new PodSpec("default", "web", Map.of(), List.of(), List.of(HostPort.parse("8080:80/TCP"))), h1);
        try (var server = PodSocket.listen(pods.netns(web), web.address(), 80);
                Socket client = PodSocket.connect(lab.switchNamespace(), h1.address(), 8080, Duration.ofSeconds(3));
                Socket served = server.accept()) {
            client.getOutputStream().write('x');
            assertEquals('x', served.getInputStream().read());
        }
    }

    @Test
    void a_pod_that_went_down_with_its_host_is_detached_without_its_namespace() {
        Pod a = pods.attach(PodSpec.named("a"), h2);
        h2.reboot();
        assertFalse(pods.lives(a));
        LabException gone = assertThrows(LabException.class, () -> pods.program(a, List.of("true")));
        assertTrue(gone.getMessage().contains("went down when host h2 was rebooted"), gone.getMessage());
        pods.remove(a);
        assertEquals(List.of(), pods.all());
    }

    @Test
    void a_refusal_is_told_in_the_words_of_the_plugin_and_leaves_no_namespace() throws IOException {
        Path file = h1.path("/etc/cni/net.d/00-broken.conflist");
        Files.writeString(file, CONFLIST.replace("\"subnet\":\"10.9.%d.0/24\"", "\"subnet\":\"none\""));
        try {
            LabException refused = assertThrows(LabException.class, () -> pods.attach(PodSpec.named("a"), h1));
            assertTrue(refused.getMessage().contains("ptp says"), refused.getMessage());
        } finally {
            Files.delete(file);
        }
        assertEquals("", h1.program("ip", "netns", "list").must());
        assertEquals(List.of(), pods.all());
    }
}
