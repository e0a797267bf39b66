package io.canal.policy.testing;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Decoded;
import io.canal.model.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;

/** Recorded files among the test's resources. */
public final class Recorded {

    /** A quick test tries every so many of the cases that take long each. */
    private static final int EVERY = Integer.getInteger("canal.recorded.every", 1);

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

    /** All of a list's cases; with {@code -Dcanal.recorded.every=N} each Nth of them. */
    public static List<JsonNode> cases(JsonNode list) {
        return IntStream.range(0, list.size()).filter(i -> i % EVERY == 0).mapToObj(list::get).toList();
    }
}
