package io.canal.ctl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.ctl.Workstation.Said;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A value in etcd that is no resource, and that somebody has to get rid of. */
class BrokenValueTest {

    private static final String KEY = "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/p";
    private static final String GOOD = """
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: p}
            spec: {selector: all(), ingress: [{action: Allow}]}
            """;

    @TempDir
    Path folder;

    private Workstation workstation;

    @BeforeEach
    void write() throws StoreException {
        workstation = new Workstation(folder, folder);
        workstation.store.commit(Txn.when().put(KEY, "{\"kind\": 7", 0));
    }

    private Said run(String input, String... words) {
        return workstation.run(input, List.of(words));
    }

    @Test
    void get_says_why_it_cannot_be_read() {
        Said one = run("", "get", "globalnetworkpolicy", "p");
        assertEquals(1, one.code());
        assertTrue(one.stderr().startsWith("GlobalNetworkPolicy(p) cannot be read: ") && one.stderr().contains(KEY), one.stderr());
        Said all = run("", "get", "globalnetworkpolicy");
        assertEquals(0, all.code());
        assertTrue(all.stderr().startsWith("left out, because it cannot be read: ") && all.stderr().contains(KEY), all.stderr());
    }

    @ParameterizedTest
    @ValueSource(strings = {"apply", "replace"})
    void it_can_be_written_over(String command) throws StoreException {
        Said said = run(GOOD, command, "-f", "-");
        assertEquals(0, said.code(), said::stderr);
        assertEquals(0, run("", "get", "globalnetworkpolicy", "p").code());
        assertTrue(workstation.store.get(KEY).orElseThrow().value().contains("\"uid\""));
    }

    @Test
    void it_can_be_deleted() throws StoreException {
        Said said = run("", "delete", "globalnetworkpolicy", "p");
        assertEquals(0, said.code(), said::stderr);
        assertTrue(workstation.store.get(KEY).isEmpty());
        assertEquals(1, run("", "delete", "globalnetworkpolicy", "p").code());
    }
}
