package io.canal.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.testing.RecordedCalls;
import io.canal.text.GoJson;
import io.canal.text.GoYaml;
import io.canal.controller.text.Trees;
import org.junit.jupiter.api.Test;

/** Juju's own status document, printed by us, gives Juju's own texts. */
final class StatusTextTest {

    private static ObjectNode recorded() throws Exception {
        return (ObjectNode) Trees.json(RecordedCalls.resource("status-active.json"));
    }

    @Test
    void the_table_is_the_one_of_juju() throws Exception {
        ObjectNode document = recorded();
        ((ObjectNode) document.path("controller")).put("timestamp", "15:42:12Z");
        assertEquals(RecordedCalls.resource("status-active.txt").stripTrailing(), StatusText.tabular(document).stripTrailing());
    }

    @Test
    void the_yaml_is_the_one_of_juju() throws Exception {
        ObjectNode document = recorded();
        for (JsonNode machine : document.path("machines")) {
            ((ObjectNode) machine).remove("modification-status");
        }
        assertEquals(RecordedCalls.resource("status-active.yaml"), GoYaml.document(document));
    }

    @Test
    void the_json_is_the_one_of_juju() throws Exception {
        assertEquals(RecordedCalls.resource("status-active.json").strip(), GoJson.line(recorded()));
    }
}
