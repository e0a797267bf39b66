package io.canal.charm;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Json;
import io.canal.model.Problem;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Whether a unit would take values of the charm's options, before there is one. */
public final class OptionCheck {

    private OptionCheck() {}

    /** What a unit would be blocked with; empty where it takes all of them. */
    public static Optional<String> complaint(Map<String, JsonNode> options) {
        ObjectNode config = Json.object();
        options.forEach(config::set);
        return switch (CharmOptions.of(config)) {
            case CharmOptions.Result.Good _ -> Optional.empty();
            case CharmOptions.Result.Bad bad -> Optional.of(bad.problems().stream().map(Problem::sentence).collect(Collectors.joining("; ")));
        };
    }
}
