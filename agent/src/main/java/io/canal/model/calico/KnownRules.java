package io.canal.model.calico;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rules that were read of many policies: one that another policy has too is not read again, and both have one object. What rules
 * there are is much the same all over a cluster.
 */
public final class KnownRules {

    /** So that rules which are all different do not take the room that equal ones spare. */
    private static final int MOST = 4_096;

    private final Map<JsonNode, PolicyRule> known = new HashMap<>();

    @Nullable PolicyRule get(JsonNode json) {
        return known.get(json);
    }

    void put(JsonNode json, PolicyRule rule) {
        if (known.size() < MOST) {
            known.put(json, rule);
        }
    }
}
