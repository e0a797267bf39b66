package io.canal.policy.testing;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Decoded;
import io.canal.model.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/** Recorded files among the test's resources. */
public final class Recorded {

    private Recorded() {}

    /** A file of text, which may be packed as its name says. */
    public static String text(String name) {
        try (InputStream file = Objects.requireNonNull(Recorded.class.getResourceAsStream(name), name);
                InputStream in = name.endsWith(".gz") ? new GZIPInputStream(file) : file) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    public static JsonNode json(String name) {
        Decoded<JsonNode> json = Json.value(name, text(name));
        return json.orThrow();
    }
}
