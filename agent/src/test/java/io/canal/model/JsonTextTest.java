package io.canal.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Jackson's own mapper is the measure. */
class JsonTextTest {

    private static final JsonMapper MAPPER = new JsonMapper();

    private static final List<String> TEXTS = List.of(
            "{}", "[]", "null", "true", "\"\"", "0", "-1", "2147483648", "123456789012345678901234567890", "1.5", "1e3", "-0.0",
            "{\"a\":{\"b\":[1,2.25,\"x\",null,false,{}]},\"c\":\"\\u2028<>&\\\"\\\\\\n\"}",
            " { \"a\" : 1 , \"a\" : 2 } ",
            "\"\\ud83d\\ude00 \u00e9\"");

    @Test
    void reads_what_the_mapper_reads() throws Exception {
        for (String text : TEXTS) {
            assertEquals(MAPPER.readTree(text), JsonText.read(text), text);
        }
    }

    @Test
    void writes_what_the_mapper_writes() throws Exception {
        for (String text : TEXTS) {
            JsonNode tree = MAPPER.readTree(text);
            assertEquals(MAPPER.writeValueAsString(tree), JsonText.compact(tree), text);
            assertEquals(MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(tree), JsonText.pretty(tree), text);
        }
    }

    @Test
    void refuses_malformed_and_trailing_text_and_nesting_without_end() {
        for (String text : List.of("{", "[1,]", "{\"a\"}", "{} {}", "1 2", "nul", "\"", "[".repeat(5000))) {
            assertThrows(JsonProcessingException.class, () -> JsonText.read(text), text);
        }
    }

    @Test
    void nothing_is_missing() throws Exception {
        assertTrue(JsonText.read(" ").isMissingNode());
    }
}
