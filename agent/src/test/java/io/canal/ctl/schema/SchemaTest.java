package io.canal.ctl.schema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Json;
import io.canal.model.calico.Kind;
import io.canal.model.calico.ResourceKey;
import io.canal.reconcile.testing.Chance;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SchemaTest {

    private final Schema schema = new Schema();

    private record Value(Kind kind, String text, ObjectNode json) {}

    private static List<Value> recorded() throws Exception {
        try (InputStream in = SchemaTest.class.getResourceAsStream("/calicoctl/etcd-all-kinds.json")) {
            List<Value> values = new ArrayList<>();
            if (Json.value("recording", new String(in.readAllBytes(), StandardCharsets.UTF_8)) instanceof Decoded.Good<JsonNode>(JsonNode list)) {
                for (JsonNode entry : list) {
                    String text = entry.path("value").asText();
                    Optional<ResourceKey> key = ResourceKey.parse(entry.path("key").asText());
                    if (key.isPresent() && Json.object("value", text) instanceof Decoded.Good<ObjectNode>(ObjectNode json)) {
                        values.add(new Value(key.get().kind(), text, json));
                    }
                }
            }
            assertTrue(values.size() > 30);
            return values;
        }
    }

    @Test
    void what_calico_wrote_is_written_so_again() throws Exception {
        for (Value value : recorded()) {
            assertEquals(value.json().toString(), schema.read(value.kind(), value.json(), false).toString());
        }
    }

    @Test
    void fields_in_any_order_come_out_in_calicos() throws Exception {
        for (Value value : recorded()) {
            assertEquals(value.json().path("spec").toString(), schema.read(value.kind(), (ObjectNode) reversed(value.json()), false).path("spec").toString());
        }
    }

    private static JsonNode reversed(JsonNode node) {
        if (node.isObject()) {
            ObjectNode turned = Json.object();
            List<String> names = new ArrayList<>();
            node.properties().forEach(field -> names.addFirst(field.getKey()));
            names.forEach(name -> turned.set(name, reversed(node.get(name))));
            return turned;
        }
        if (node.isArray()) {
            ArrayNode same = JsonNodeFactory.instance.arrayNode();
            node.forEach(element -> same.add(reversed(element)));
            return same;
        }
        return node;
    }

    @Test
    void a_damaged_document_is_read_or_refused_but_nothing_is_thrown_past_that() throws Exception {
        long seed = Chance.seed();
        Random random = new Random(seed);
        List<Value> values = recorded();
        for (int i = 0; i < 3_000; i++) {
            Value value = values.get(random.nextInt(values.size()));
            ObjectNode damaged = value.json().deepCopy();
            damage(damaged, random);
            try {
                ObjectNode once = schema.read(value.kind(), damaged, random.nextBoolean());
                assertEquals(once.toString(), schema.read(value.kind(), once, true).toString(), () -> "seed " + seed);
            } catch (Malformed refused) {
                assertTrue(String.valueOf(refused.getMessage()).length() > 10, () -> "seed " + seed);
            }
        }
    }

    private static void damage(ObjectNode object, Random random) {
        List<String> names = new ArrayList<>();
        object.properties().forEach(field -> names.add(field.getKey()));
        if (names.isEmpty()) {
            object.put("strange", 1);
            return;
        }
        String name = names.get(random.nextInt(names.size()));
        JsonNode there = object.get(name);
        if (there instanceof ObjectNode inner && random.nextInt(4) > 0) {
            damage(inner, random);
            return;
        }
        if (there.isArray() && !there.isEmpty() && there.get(0) instanceof ObjectNode first && random.nextInt(4) > 0) {
            damage(first, random);
            return;
        }
        switch (random.nextInt(7)) {
            case 0 -> object.put(name, "text");
            case 1 -> object.put(name, -1);
            case 2 -> object.put(name, 1.5);
            case 3 -> object.putArray(name).add(7).add("x").addNull();
            case 4 -> object.putNull(name);
            case 5 -> object.put(name, true);
            default -> object.putObject(name).put("a", "b");
        }
    }

    @Test
    void a_field_that_is_not_known_is_named() {
        ObjectNode policy = Json.object();
        policy.putObject("spec").put("selecter", "all()");
        assertEquals("field in document is not recognized or is in the wrong location: selecter",
                assertThrows(Malformed.class, () -> schema.read(Kind.NETWORK_POLICY, policy, false)).getMessage());
    }

    @Test
    void durations_are_written_as_go_writes_them() {
        assertEquals(Optional.of("1m0s"), GoDuration.normal("60s"));
        assertEquals(Optional.of("0s"), GoDuration.normal("0"));
        assertEquals(Optional.of("1h30m0.5s"), GoDuration.normal("1.5h500ms"));
        assertEquals(Optional.of("250ms"), GoDuration.normal("0.25s"));
        assertEquals(Optional.of("-2m0s"), GoDuration.normal("-2m"));
        assertEquals(Optional.of("1.5\u00b5s"), GoDuration.normal("1500ns"));
        for (String wrong : List.of("", "10", "s", "1x", "1s ", "--1s")) {
            assertEquals(Optional.empty(), GoDuration.normal(wrong), wrong);
        }
    }
}
