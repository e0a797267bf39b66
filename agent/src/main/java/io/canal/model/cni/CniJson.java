package io.canal.model.cni;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;

/** Reading and printing JSON the way Go does. */
final class CniJson {

    private static final DefaultIndenter FOUR = new DefaultIndenter("    ", "\n");
    private static final ObjectWriter WRITER = new JsonMapper().writer(new DefaultPrettyPrinter(Separators.createDefaultInstance()
                    .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                    .withObjectEmptySeparator("")
                    .withArrayEmptySeparator(""))
            .withObjectIndenter(FOUR)
            .withArrayIndenter(FOUR));

    private CniJson() {}

    /** The field of this name, or else one that differs in case only; missing where there is none. */
    static JsonNode get(JsonNode object, String name) {
        JsonNode exact = object.get(name);
        if (exact != null) {
            return exact;
        }
        for (var field : object.properties()) {
            if (field.getKey().equalsIgnoreCase(name)) {
                return field.getValue();
            }
        }
        return MissingNode.getInstance();
    }

    /** {@link #get} along several names. */
    static JsonNode at(JsonNode object, String... names) {
        JsonNode node = object;
        for (String name : names) {
            node = get(node, name);
        }
        return node;
    }

    static boolean absent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }

    static String pretty(JsonNode node) {
        try {
            return WRITER.writeValueAsString(node);
        } catch (JsonProcessingException impossible) {
            throw new AssertionError("a tree can always be written", impossible);
        }
    }
}
