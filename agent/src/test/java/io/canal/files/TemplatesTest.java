package io.canal.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TemplatesTest {

    private static final Set<String> PORTMAP_1_1_1 = Set.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0");

    static Templates templates() {
        return new Templates(template(Templates.SUBNET_ENV), template(Templates.CONFLIST));
    }

    private static String template(String name) {
        try {
            return Files.readString(Path.of("..", "templates", name));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static Conflist conflist(Spoken portmap) {
        return facts().conflist(CniVersions.choose(Map.of(Conflist.PORTMAP, portmap), Map.of()));
    }

    private static FileFacts facts() {
        return new FileFacts(SubnetEnvTest.V4, "worker-1", List.of("https://10.0.0.1:2379", "https://10.0.0.2:2379"),
                Optional.of(new Conflist.Tls("/opt/calicoctl/etcd-ca", "/opt/calicoctl/etcd-cert", "/opt/calicoctl/etcd-key")), "/root/cdk/kubeconfig");
    }

    @Test
    void the_conflist_has_the_old_charms_fields_and_the_networks_own_address() {
        String text = templates().render(conflist(new Spoken.Versions(PORTMAP_1_1_1))).orThrow();
        ObjectNode expected = Json.object("expected", """
                {"name": "cdk-canal", "cniVersion": "1.0.0",
                 "cniVersions": ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0"],
                 "plugins": [
                  {"type": "calico", "nodename": "worker-1", "mtu": 1450, "datastore_type": "etcdv3",
                   "etcd_endpoints": "https://10.0.0.1:2379,https://10.0.0.2:2379",
                   "etcd_key_file": "/opt/calicoctl/etcd-key", "etcd_cert_file": "/opt/calicoctl/etcd-cert",
                   "etcd_ca_cert_file": "/opt/calicoctl/etcd-ca", "log_level": "info",
                   "ipam": {"type": "host-local", "subnet": "10.244.96.0/24"},
                   "policy": {"type": "k8s"}, "kubernetes": {"kubeconfig": "/root/cdk/kubeconfig"}},
                  {"type": "portmap", "capabilities": {"portMappings": true}, "snat": true}]}
                """).orThrow();
        assertEquals(expected, Json.object("conflist", text).orThrow());
        assertEquals(List.of(Cidr.of("10.244.96.0/24")), Conflist.subnets("conflist", text).orThrow());
    }

    @Test
    void without_portmap_tls_and_kubeconfig_their_keys_are_left_out() {
        FileFacts facts = new FileFacts(SubnetEnvTest.V4, "n", List.of("http://10.0.0.1:2379"), Optional.empty(), "");
        ObjectNode root = Json.object("conflist", templates().render(
                facts.conflist(choose(new Spoken.Absent()))).orThrow()).orThrow();
        assertEquals(1, root.path("plugins").size());
        ObjectNode calico = (ObjectNode) root.path("plugins").path(0);
        assertEquals(List.of("type", "nodename", "mtu", "datastore_type", "etcd_endpoints", "log_level", "ipam", "policy"),
                calico.properties().stream().map(Map.Entry::getKey).toList());
        assertEquals("1.1.0", root.path("cniVersions").path(6).asText());
        assertEquals("1.0.0", root.path("cniVersion").asText());
    }

    @Test
    void a_plugin_that_speaks_only_old_versions_is_left_out_with_the_reason() {
        CniVersions versions = choose(new Spoken.Versions(Set.of("0.2.0", "0.3.1")));
        assertEquals(List.of(), versions.chained());
        assertEquals(List.of("The CNI plugin portmap speaks only 0.2.0, 0.3.1, expected 0.4.0 or 1.0.0; the conflist does without it."), versions.notes());
        assertEquals("0.4.0", choose(new Spoken.Versions(Set.of("0.3.1", "0.4.0"))).preferred());
    }

    @Test
    void an_absent_plugin_is_left_out_with_the_reason() {
        CniVersions versions = choose(new Spoken.Absent());
        assertEquals(List.of(), versions.chained());
        assertEquals(List.of("The CNI plugin portmap is absent; the conflist does without it."), versions.notes());
    }

    @Test
    void a_silent_plugin_stays_in_the_chain_with_what_every_plugin_speaks() {
        CniVersions versions = choose(new Spoken.Silent());
        assertEquals(List.of(Conflist.PORTMAP), versions.chained());
        assertEquals("0.4.0", versions.preferred());
        assertEquals(List.of("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0"), versions.common());
        assertEquals(List.of("The CNI plugin portmap did not answer VERSION; it stays in the conflist and is asked again."), versions.notes());
    }

    @Test
    void a_silent_plugin_keeps_what_the_conflist_in_use_chains_it_with() {
        CniVersions versions = CniVersions.choose(Map.of(Conflist.PORTMAP, new Spoken.Silent()), Map.of(Conflist.PORTMAP, PORTMAP_1_1_1));
        assertEquals("1.0.0", versions.preferred());
    }

    @Test
    void of_a_plugin_that_is_being_asked_nothing_is_said() {
        CniVersions versions = choose(new Spoken.Asking());
        assertEquals(List.of(Conflist.PORTMAP), versions.chained());
        assertEquals(List.of(), versions.notes());
    }

    @Test
    void a_conflist_says_what_it_chains_a_plugin_with() {
        String text = templates().render(conflist(new Spoken.Versions(PORTMAP_1_1_1))).orThrow();
        assertEquals(Optional.of(PORTMAP_1_1_1), Conflist.versionsWith(Conflist.PORTMAP, text));
        assertEquals(Optional.empty(), Conflist.versionsWith("bandwidth", text));
        assertEquals(Optional.empty(), Conflist.versionsWith(Conflist.PORTMAP, "not JSON"));
        assertEquals(Optional.empty(), Conflist.versionsWith(Conflist.PORTMAP, """
                {"cniVersion": "0.3.1", "plugins": [{"type": "portmap"}]}"""));
    }

    @Test
    void bandwidth_is_chained_last_where_it_is_there_and_missed_by_nobody_where_it_is_not() {
        Map<String, Spoken> both = Map.of(Conflist.PORTMAP, new Spoken.Versions(PORTMAP_1_1_1), Conflist.BANDWIDTH, new Spoken.Versions(PORTMAP_1_1_1));
        ObjectNode root = Json.object("conflist", templates().render(facts().conflist(CniVersions.choose(both, Map.of()))).orThrow()).orThrow();
        assertEquals("{\"type\":\"bandwidth\",\"capabilities\":{\"bandwidth\":true}}", root.path("plugins").path(2).toString());
        assertEquals(List.of(), choose(new Spoken.Versions(PORTMAP_1_1_1)).notes());
    }

    @Test
    void a_bandwidth_plugin_that_has_no_version_in_common_leaves_portmap_alone() {
        CniVersions versions = CniVersions.choose(Map.of(Conflist.PORTMAP, new Spoken.Versions(Set.of("0.4.0")),
                Conflist.BANDWIDTH, new Spoken.Versions(Set.of("1.0.0"))), Map.of());
        assertEquals(List.of(Conflist.PORTMAP), versions.chained());
        assertEquals("0.4.0", versions.preferred());
        assertEquals(List.of("The CNI plugin bandwidth has no version in common with those before it; the conflist does without it."), versions.notes());
    }

    private static CniVersions choose(Spoken portmap) {
        return CniVersions.choose(Map.of(Conflist.PORTMAP, portmap), Map.of());
    }

    @Test
    void a_template_that_says_something_else_is_refused() {
        Templates wrong = new Templates(template(Templates.SUBNET_ENV).replace("${v4.subnet}", "10.9.9.1/24"),
                template(Templates.CONFLIST).replace("\"snat\": true", "\"snat\": false"));
        assertInstanceOf(Decoded.Bad.class, wrong.render(SubnetEnvTest.V4));
        Decoded.Bad<String> bad = assertInstanceOf(Decoded.Bad.class, wrong.render(conflist(new Spoken.Versions(PORTMAP_1_1_1))));
        assertTrue(bad.problem().sentence().startsWith("10-canal.conflist.ftl is "), bad::toString);
    }

    @Test
    void a_template_that_cannot_be_rendered_is_refused_with_its_name() {
        Templates broken = new Templates("${nothing}", "<#if>");
        Decoded.Bad<String> bad = assertInstanceOf(Decoded.Bad.class, broken.render(SubnetEnvTest.V4));
        assertEquals("subnet.env.ftl", bad.problem().where());
        assertInstanceOf(Decoded.Bad.class, broken.render(conflist(new Spoken.Absent())));
    }

    @Test
    void host_bits_in_a_conflists_subnet_are_taken_off() {
        assertEquals(List.of(Cidr.of("10.1.49.0/24")), Conflist.subnets("c", "{\"plugins\":[{\"ipam\":{\"subnet\":\"10.1.49.1/24\"}}]}").orThrow());
        assertInstanceOf(Decoded.Bad.class, Conflist.subnets("c", "{\"plugins\":[{\"ipam\":{\"subnet\":\"usePodCidr\"}}]}"));
        assertInstanceOf(Decoded.Bad.class, Conflist.subnets("c", "{\"plugins\":[{\"type\":\"x\"}]}"));
    }
}
