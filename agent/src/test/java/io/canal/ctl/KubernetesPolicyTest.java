package io.canal.ctl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.ctl.Workstation.Said;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Policies of Kubernetes on the command line. */
class KubernetesPolicyTest {

    private static final String POLICY = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: db}
            spec:
              podSelector: {matchLabels: {app: db}}
              ingress:
              - from: [{podSelector: {matchLabels: {app: web}}}]
                ports: [{port: 5432}]
            """;

    @TempDir
    Path folder;

    private Workstation workstation;

    @BeforeEach
    void workstation() {
        workstation = new Workstation(folder, folder);
    }

    private Said run(String input, String... words) {
        return workstation.run(input, List.of(words));
    }

    @Test
    void they_are_written_as_the_controllers_would() {
        assertEquals(new Said(0, "Successfully applied 1 'NetworkPolicy' resource(s)\n", ""), run(POLICY, "apply", "-n", "red", "-f", "-"));
        Said said = run("", "get", "np", "-n", "red", "-o", "custom-columns=NAME,NAMESPACE,ORDER,SELECTOR");
        assertTrue(said.stdout().contains("knp.default.db") && said.stdout().contains("1000")
                && said.stdout().contains("projectcalico.org/orchestrator == 'k8s' && app == 'db'"), said::stdout);
        // Applied again it is the same one.
        assertEquals(0, run(POLICY, "apply", "-n", "red", "-f", "-").code());
    }

    @Test
    void they_are_deleted_by_their_document_only() {
        run(POLICY, "create", "-f", "-");
        assertEquals(1, run("", "delete", "np", "knp.default.db").code());
        assertEquals(new Said(0, "Successfully deleted 1 'NetworkPolicy' resource(s)\n", ""), run(POLICY, "delete", "-f", "-"));
        assertEquals(1, run("", "get", "np", "knp.default.db").code());
    }

    @Test
    void what_cannot_be_converted_whole_is_refused() {
        Said said = run(POLICY.replace("5432", "70000"), "apply", "-f", "-");
        assertEquals(1, said.code());
        assertTrue(said.stderr().startsWith("failed to execute command: NetworkPolicy default/db"), said::stderr);
    }
}
