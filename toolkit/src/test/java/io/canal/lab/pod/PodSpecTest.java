package io.canal.lab.pod;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.LabException;
import io.canal.lab.pod.PodSpec.HostPort;
import io.canal.lab.pod.PodSpec.NamedPort;
import io.canal.lab.pod.PodSpec.Protocol;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PodSpecTest {

    @Test
    void ports_are_read_as_they_are_written_on_the_command_line() {
        assertEquals(new NamedPort("http", 8080, Protocol.TCP), NamedPort.parse("http:8080/TCP"));
        assertEquals(new NamedPort("dns", 53, Protocol.UDP), NamedPort.parse("dns:53/udp"));
        assertEquals(new HostPort(8080, 80, Protocol.TCP), HostPort.parse("8080:80"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"8080", "x:80", "0:80", "65536:80", "80:80/ICMP", "80:", "80:80:80", "99999999999:1"})
    void a_host_port_that_cannot_be_is_named(String text) {
        LabException refused = assertThrows(LabException.class, () -> HostPort.parse(text));
        assertTrue(refused.getMessage().startsWith("--host-port is \"" + text + "\""), refused.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "A", "a_b", "-a", "a/b", "../x"})
    void a_name_that_kubernetes_would_refuse_is_refused(String name) {
        assertThrows(LabException.class, () -> PodSpec.named(name));
    }

    @Test
    void a_kept_pod_is_read_back_as_it_was() {
        PodSpec spec = new PodSpec("prod", "web", Map.of("app", "web"), List.of(NamedPort.parse("http:80")), List.of(HostPort.parse("8080:80")));
        Pod pod = new Pod(spec, "h1", "boot", "c0ffee", "uid", "/run/netns/cni-1", List.of("10.1.2.3"));
        assertEquals(pod, Pod.ofKept("a file", pod.kept()));
    }
}
