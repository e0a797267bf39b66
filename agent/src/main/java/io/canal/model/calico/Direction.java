package io.canal.model.calico;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import java.util.Optional;

/** Which way a policy's rules look at an endpoint's traffic. */
public enum Direction {
    /** To the endpoint. */
    INGRESS("Ingress"),
    /** From the endpoint. */
    EGRESS("Egress");

    private final String title;

    Direction(String title) {
        this.title = title;
    }

    /** The direction as resources spell it. */
    public String title() {
        return title;
    }

    static Optional<Direction> parse(JsonNode type) {
        return switch (type.asText().toLowerCase(Locale.ROOT)) {
            case "ingress" -> Optional.of(INGRESS);
            case "egress" -> Optional.of(EGRESS);
            default -> Optional.empty();
        };
    }
}
