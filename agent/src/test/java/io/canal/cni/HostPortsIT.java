package io.canal.cni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.cni.Attachment.Id;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.Mac;
import io.canal.model.calico.WorkloadEndpoint;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With portmap itself. */
class HostPortsIT {

    private static final String BOOT = "this boot";

    @TempDir
    Path results;
    @AutoClose
    private final TestNamespaces namespaces = new TestNamespaces();
    private final NetworkNamespace host = namespaces.add("host");
    private final Attachments attachments = new Attachments(List.of());

    @Test
    void a_pod_that_did_not_outlive_a_reboot_gets_nothing_back() throws Exception {
        attach("old", "the boot before", "", "10.1.49.2");
        assertEquals(List.of(), missing(ports()));
    }

    @Test
    void a_pod_of_ipv6_alone_has_its_rules_there() throws Exception {
        HostPorts ports = ports();
        Id pod = attach("six", BOOT, "", "fd00::2");
        assertEquals(List.of(pod), missing(ports));
        host.run(() -> ports.restore(pod));
        assertEquals(List.of(), missing(ports));
    }

    @Test
    void a_flush_of_one_family_is_seen() throws Exception {
        HostPorts ports = ports();
        Id pod = attach("both", BOOT, "", "10.1.49.2", "fd00::2");
        host.run(() -> ports.restore(pod));
        assertEquals(List.of(), missing(ports));
        TestNamespaces.run(host, "ip6tables", "-t", "nat", "-F");
        assertEquals(List.of(pod), missing(ports));
    }

    @Test
    void a_port_on_an_address_of_the_other_family_has_no_rules() throws Exception {
        attach("other", BOOT, "fd00::1", "10.1.49.2");
        assertEquals(List.of(), missing(ports()));
    }

    @Test
    void what_was_put_back_for_a_pod_that_was_about_to_leave_goes_again() throws Exception {
        HostPorts ports = ports();
        Id pod = attach("leaving", BOOT, "", "10.1.49.2");
        host.run(() -> ports.restore(pod));
        assertEquals(List.of(), ports.left());
        assertTrue(nat().contains("10.1.49.2"), this::nat);
        attachments.remove(pod);
        assertEquals(List.of(pod), ports.left());
        host.run(() -> ports.withdraw(pod));
        assertFalse(nat().contains("10.1.49.2"), this::nat);
        assertEquals(List.of(), ports.left());
    }

    @Test
    void what_cannot_be_read_in_the_cache_is_in_nobodys_way() throws Exception {
        Id pod = attach("sound", BOOT, "", "10.1.49.2");
        Files.createDirectory(results.resolve("net-a-folder"));
        Files.createSymbolicLink(results.resolve("net-gone-eth0"), results.resolve("nowhere"));
        Files.writeString(results.resolve("net-empty-eth0"), "");
        Files.writeString(results.resolve("net-list-eth0"), "[]");
        Files.writeString(results.resolve("net-binary-eth0"), "\u0000\ufffe");
        attach("garbled", BOOT, "", "10.1.49.3");
        Path garbled = results.resolve("net-garbled-eth0");
        Files.writeString(garbled, Files.readString(garbled).replaceFirst("\"config\":\"[^\"]*\"", "\"config\":\"e\""));
        assertEquals(List.of(pod), missing(ports()));
    }

    @Test
    void what_containerd_remembers_will_do() throws Exception {
        HostPorts ports = ports();
        Id pod = attach("containerd", BOOT, "10.10.0.1", "10.1.49.2", "fd00::2");
        Path cached = results.resolve("net-containerd-eth0");
        Files.writeString(cached, Files.readString(cached).replace("\"netns\":\"/run/netns/containerd\",", "").replace("hostPort", "HostPort")
                .replace("containerPort", "ContainerPort").replace("protocol", "Protocol").replace("hostIP", "HostIP"));
        assertEquals(List.of(pod), missing(ports));
        host.run(() -> ports.restore(pod));
        assertTrue(nat().contains("10.1.49.2"), this::nat);
        assertEquals(List.of(), missing(ports));
    }

    private HostPorts ports() {
        return new HostPorts(Path.of("/usr/lib/cni"), List.of(results), attachments, BOOT);
    }

    private List<Id> missing(HostPorts ports) throws IOException {
        return host.call(ports::missing);
    }

    private String nat() {
        return TestNamespaces.run(host, "iptables-save", "-t", "nat");
    }

    /** A pod with a hostPort, as journal and runtime know it. */
    private Id attach(String container, String boot, String hostIp, String... addresses) throws IOException {
        Id id = new Id(container, "eth0");
        List<Ip> ips = Stream.of(addresses).map(Ip::of).toList();
        WorkloadEndpoint endpoint = WorkloadEndpoint.make("node-k8s-" + container + "-eth0", new WorkloadEndpoint.Parts("node", "k8s", "default", container,
                container, "eth0", "", ips, List.of(), "cali" + container, new Mac(1), Map.of(), List.of()));
        attachments.put(new Journal.Entry(new Attachment(id, "net", "/run/netns/" + container, 1400, true, boot, attachments.nextSequence(), endpoint), true));
        ObjectNode cached = Json.object().put("kind", "cniCacheV1").put("containerId", container).put("ifName", "eth0").put("networkName", "net")
                .put("netns", "/run/netns/" + container).put("config", Base64.getEncoder().encodeToString(
                        "{\"name\":\"net\",\"cniVersion\":\"1.0.0\",\"plugins\":[{\"type\":\"portmap\",\"snat\":true}]}".getBytes(StandardCharsets.UTF_8)));
        cached.putObject("capabilityArgs").putArray("portMappings").addObject().put("hostPort", 8080).put("containerPort", 80).put("protocol", "tcp").put("hostIP", hostIp);
        ObjectNode result = cached.putObject("result").put("cniVersion", "1.0.0");
        result.putArray("interfaces").addObject().put("name", "eth0").put("sandbox", "/run/netns/" + container);
        ArrayNode list = result.putArray("ips");
        ips.forEach(ip -> list.addObject().put("interface", 0).put("address", ip + (ip.isV6() ? "/128" : "/32")));
        Files.writeString(results.resolve("net-" + container + "-eth0"), Json.compact(cached));
        return id;
    }
}
