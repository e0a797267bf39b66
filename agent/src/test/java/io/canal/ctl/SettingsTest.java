package io.canal.ctl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.ctl.Workstation.Said;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where etcd is: the file, the variables, the node's agent, in this order. */
class SettingsTest {

    @TempDir
    Path folder;

    private Workstation workstation;

    @BeforeEach
    void workstation() {
        workstation = new Workstation(folder, folder);
        workstation.environment.clear();
    }

    private Said get(String... more) {
        ArrayList<String> words = new ArrayList<>(List.of("get", "tiers"));
        words.addAll(List.of(more));
        return workstation.run("", words);
    }

    private Path file(String path, String text) throws Exception {
        Path file = folder.resolve(path);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    @Test
    void a_file_stands_for_all_variables() throws Exception {
        workstation.environment.put("DATASTORE_TYPE", "foo");
        file("etc/calico/calicoctl.cfg", """
                apiVersion: projectcalico.org/v3
                kind: CalicoAPIConfig
                metadata:
                spec:
                  datastoreType: "etcdv3"
                  etcdEndpoints: "http://127.0.0.1:2379"
                """);
        assertEquals(0, get().code());
    }

    @Test
    void a_field_that_is_not_known_is_named() throws Exception {
        file("bad.cfg", "apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nspec:\n  etcdEndpointz: http://127.0.0.1:2379\n");
        assertEquals("Failed to create Calico API client: syntax error in bad.cfg: failed to parse config as YAML/JSON: error unmarshaling JSON: while"
                + " decoding JSON: json: unknown field \"etcdEndpointz\"\n", get("-c", "bad.cfg").stdout());
    }

    @Test
    void calicos_own_prefix_counts_more() {
        workstation.environment.put("ETCD_ENDPOINTS", "nonsense");
        workstation.environment.put("CALICO_ETCD_ENDPOINTS", "http://127.0.0.1:2379");
        assertEquals(0, get().code());
    }

    @Test
    void a_node_of_canal_needs_neither() throws Exception {
        Said before = get();
        assertEquals(1, before.code());
        assertTrue(before.stdout().contains("ETCD_ENDPOINTS"), before::stdout);
        file("etc/canal/agent.yaml", "etcd:\n  endpoints: [\"http://127.0.0.1:2379\"]\n");
        assertEquals(0, get().code());
    }

    @Test
    void what_cannot_be_used_is_said() {
        workstation.environment.put("ETCD_ENDPOINTS", "10.0.0.1:2379");
        assertTrue(get().stdout().contains("expected one such as https://10.0.0.1:2379"));
        workstation.environment.put("ETCD_ENDPOINTS", "https://10.0.0.1:2379");
        workstation.environment.put("ETCD_CA_CERT_FILE", "/nosuch/ca");
        assertEquals("Failed to create Calico API client: could not initialize etcdv3 client: open /nosuch/ca: no such file or directory\n", get().stdout());
        workstation.environment.put("DATASTORE_TYPE", "kubernetes");
        assertTrue(get().stdout().contains("canal keeps Calico's data in etcd"));
    }
}
