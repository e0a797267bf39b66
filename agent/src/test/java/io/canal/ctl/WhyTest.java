package io.canal.ctl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.ctl.Workstation.Said;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WhyTest {

    @TempDir
    Path folder;

    private Workstation workstation;

    @BeforeEach
    void pods() {
        workstation = new Workstation(folder, folder);
        apply("""
                apiVersion: projectcalico.org/v3
                kind: Profile
                metadata: {name: kns.default}
                spec: {ingress: [{action: Allow}], egress: [{action: Allow}]}
                """ + pod("web", "h1", "10.1.1.2", "cali1") + pod("db", "h2", "10.1.2.2", "cali2"));
    }

    private static String pod(String name, String node, String address, String device) {
        return """
                ---
                apiVersion: projectcalico.org/v3
                kind: WorkloadEndpoint
                metadata:
                  name: %s-k8s-%s-eth0
                  labels: {app: %s}
                spec:
                  node: %s
                  orchestrator: k8s
                  pod: %s
                  endpoint: eth0
                  interfaceName: %s
                  ipNetworks: [%s/32]
                  profiles: [kns.default]
                """.formatted(node, name, name, node, name, device, address);
    }

    private void apply(String documents) {
        Said said = workstation.run(documents, List.of("apply", "-f", "-"));
        assertEquals(0, said.code(), said::stderr);
    }

    private Said why(String source, String destination) {
        return workstation.run("", List.of("why", source, destination));
    }

    @Test
    void without_policies_the_profiles_allow() {
        assertEquals("""
                default/web may connect to default/db, TCP port 5432.
                  egress of the pod default/web: allowed
                    profile kns.default: rule 0 allows
                  ingress of the pod default/db: allowed
                    profile kns.default: rule 0 allows
                """, why("default/web", "default/db:5432").stdout());
    }

    @Test
    void a_denial_names_the_rule_in_its_first_sentence() {
        apply("""
                apiVersion: projectcalico.org/v3
                kind: NetworkPolicy
                metadata: {name: db-only-udp}
                spec:
                  selector: app == 'db'
                  ingress:
                  - {action: Allow, protocol: UDP}
                """);
        assertEquals("default/web may not connect to default/db, TCP port 5432: ingress of the pod default/db, end of tier default: its default action denies.",
                why("web", "10.1.2.2:5432").stdout().lines().findFirst().orElse(""));
        assertTrue(why("web", "db:5432/udp").stdout().startsWith("default/web may connect to default/db, UDP port 5432."));
        assertTrue(why("web", "db").stdout().startsWith("default/web may not connect to default/db, ICMP echo:"));
    }

    @Test
    void ends_that_are_no_pods_are_addresses() {
        assertTrue(why("default/web", "192.0.2.1:80").stdout().startsWith("default/web may connect to 192.0.2.1, TCP port 80."));
        assertTrue(why("192.0.2.1", "db:80").stdout().startsWith("192.0.2.1 may connect to default/db, TCP port 80."));
    }

    @Test
    void what_cannot_be_asked_is_said() {
        assertEquals("there is no pod default/nosuch; expected NAMESPACE/NAME, or an address\n", why("default/nosuch", "db:1").stderr());
        assertTrue(why("web", "db:99999").stderr().startsWith("the destination is \"db:99999\", expected a pod"));
        assertTrue(why("web", "db:80/icmp").stderr().startsWith("the destination is"));
        assertTrue(why("192.0.2.1", "192.0.2.2:80").stderr().contains("no policy of pods is asked"));
        assertTrue(why("web", "[fd00::1]:80").stderr().contains("no address of the other's family"));
        assertEquals(1, workstation.run("", List.of("why", "web")).code());
    }

    @Test
    void a_namespace_without_a_profile_allows_until_controllers_have_run_that_would_make_it() {
        assertEquals(0, workstation.run("", List.of("delete", "profile", "kns.default")).code());
        assertTrue(why("default/web", "default/db:5432").stdout().startsWith("default/web may connect to default/db, TCP port 5432."));
        apply("""
                apiVersion: projectcalico.org/v3
                kind: KubeControllersConfiguration
                metadata: {name: default}
                spec: {controllers: {}}
                """);
        assertTrue(why("default/web", "default/db:5432").stdout().startsWith("default/web may not connect to default/db, TCP port 5432"));
    }
}
