package io.canal.ctl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.ctl.Workstation.Said;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What other programs have written into an object's metadata, and rely on. */
class KeptMetadataTest {

    private static final String KEY = "/calico/resources/v3/projectcalico.org/globalnetworksets/s";
    private static final String GOOD = """
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkSet
            metadata: {name: s}
            spec: {nets: [10.0.0.0/8]}
            """;

    @TempDir
    Path folder;

    private Workstation workstation;

    @BeforeEach
    void write() throws StoreException {
        workstation = new Workstation(folder, folder);
        run(GOOD, "create", "-f", "-");
        String value = workstation.store.get(KEY).orElseThrow().value();
        workstation.store.commit(Txn.when().put(KEY, value.replace("\"name\":\"s\"", "\"name\":\"s\",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Node\","
                + "\"name\":\"n\",\"uid\":\"u\"}],\"finalizers\":[\"example.org/f\"]"), 0));
    }

    private void run(String input, String... words) {
        Said said = workstation.run(input, List.of(words));
        assertEquals(0, said.code(), said::stderr);
    }

    private JsonNode metadata() throws StoreException {
        return Workstation.json(workstation.store.get(KEY).orElseThrow().value()).path("metadata");
    }

    private void assertKept() throws StoreException {
        assertEquals("n", metadata().path("ownerReferences").path(0).path("name").asText(), metadata().toString());
        assertEquals("example.org/f", metadata().path("finalizers").path(0).asText(), metadata().toString());
    }

    @Test
    void label_patch_replace_and_apply_keep_owners_and_finalizers() throws StoreException {
        run("", "label", "globalnetworksets", "s", "a=b");
        assertKept();
        assertEquals("b", metadata().path("labels").path("a").asText());
        run("", "patch", "globalnetworkset", "s", "-p", "{\"spec\":{\"nets\":[\"10.1.0.0/16\"]}}");
        assertKept();
        run(GOOD, "replace", "-f", "-");
        assertKept();
        run(GOOD, "apply", "-f", "-");
        assertKept();
    }

    @Test
    void who_asks_for_it_takes_a_finalizer_away() throws StoreException {
        run("", "patch", "globalnetworkset", "s", "-p", "{\"metadata\":{\"finalizers\":null}}");
        assertFalse(metadata().has("finalizers"), metadata().toString());
        assertEquals("n", metadata().path("ownerReferences").path(0).path("name").asText());
    }
}
