package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.controller.charm.Charm;
import io.canal.controller.charm.CharmException;
import io.canal.controller.charm.Option;
import java.util.Map;
import java.util.TreeMap;

/** What a user sets options of a charm to. */
final class Settings {

    private Settings() {}

    /** The values of options that were written as a user writes them. */
    static Map<String, JsonNode> of(Charm charm, Map<String, String> options) throws CharmException, ModelException {
        Map<String, JsonNode> settings = new TreeMap<>();
        for (Map.Entry<String, String> entry : options.entrySet()) {
            Option option = charm.options().get(entry.getKey());
            if (option == null) {
                throw new ModelException("invalid application config: unknown option \"" + entry.getKey() + "\"");
            }
            settings.put(option.name(), option.parse(entry.getValue()));
        }
        return settings;
    }
}
