package io.canal.model.calico;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Json;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A resource of Calico's API v3: its key, and its whole JSON with the fields that canal does not know.
 *
 * <p>The tree is not to be changed by who gets it; the methods that change something give a copy.
 */
public record Resource(ResourceKey key, ObjectNode json) {

    private static final String API_VERSION = "projectcalico.org/v3";

    /** A resource that is not in etcd yet; its uid and creation time are set by {@link #created}. */
    public static Resource make(ResourceKey key, Map<String, String> labels, ObjectNode spec) {
        ObjectNode json = Json.object().put("kind", key.kind().title()).put("apiVersion", API_VERSION);
        ObjectNode metadata = json.putObject("metadata").put("name", key.name());
        if (key.kind().namespaced()) {
            metadata.put("namespace", key.namespace());
        }
        if (!labels.isEmpty()) {
            ObjectNode written = metadata.putObject("labels");
            new TreeMap<>(labels).forEach(written::put);
        }
        json.set("spec", spec);
        return new Resource(key, json);
    }

    /** Reads a value of etcd. */
    public static Decoded<Resource> decode(ResourceKey key, String value) {
        return decode(key, value, UnaryOperator.identity());
    }

    /** As {@link #decode(ResourceKey, String)}; each text of the value is the one that {@code texts} gives for it, an equal one. */
    public static Decoded<Resource> decode(ResourceKey key, String value, UnaryOperator<String> texts) {
        return Json.object(key::path, value, texts).then(json -> {
            if (!json.path("kind").asText().equals(key.kind().title())) {
                return Decoded.bad(key.path(), "kind", json.path("kind").asText(), key.kind().title());
            }
            for (String field : new String[] {"metadata", "spec"}) {
                if (json.has(field) && !json.get(field).isObject()) {
                    return Decoded.bad(key.path(), field, json.get(field).toString(), "an object");
                }
            }
            JsonNode name = json.path("metadata").path("name");
            if (!name.asText().equals(key.name())) {
                return Decoded.bad(key.path(), "metadata.name", name.asText(), key.name());
            }
            for (String field : new String[] {"labels", "annotations"}) {
                JsonNode map = json.path("metadata").path(field);
                if (!map.isMissingNode() && !map.isNull() && !(map.isObject() && allText(map))) {
                    return Decoded.bad(key.path(), "metadata." + field, map.toString(), "an object of strings");
                }
            }
            return Decoded.good(new Resource(key, json));
        });
    }

    /** The bytes for etcd. */
    public String encode() {
        return GoJson.text(json);
    }

    public JsonNode spec() {
        return json.path("spec");
    }

    public String uid() {
        return json.path("metadata").path("uid").asText();
    }

    public SortedMap<String, String> labels() {
        SortedMap<String, String> labels = new TreeMap<>();
        eachLabel(labels::put);
        return labels;
    }

    /** Tells each label with its value. */
    public void eachLabel(BiConsumer<String, String> each) {
        json.path("metadata").path("labels").properties().forEach(label -> each.accept(label.getKey(), label.getValue().asText()));
    }

    /** This resource as it is first written: with an identity and the time, in seconds. */
    public Resource created(UUID uid, Instant now) {
        return identified(uid.toString(), now.truncatedTo(ChronoUnit.SECONDS).toString());
    }

    /** This resource as it is written over {@code stored}, whose identity it takes on. */
    public Resource over(Resource stored) {
        JsonNode created = stored.json.path("metadata").path("creationTimestamp");
        return identified(stored.uid(), created.isTextual() ? created.asText() : null);
    }

    private Resource identified(String uid, @Nullable String creationTimestamp) {
        ObjectNode copy = json.deepCopy();
        ObjectNode metadata = Json.object();
        // Kubernetes' order: what comes before the identity, the identity, the rest.
        JsonNode before = copy.path("metadata");
        for (String field : new String[] {"name", "generateName", "namespace"}) {
            Optional.ofNullable(before.get(field)).ifPresent(value -> metadata.set(field, value));
        }
        metadata.put("uid", uid);
        Optional.ofNullable(before.get("generation")).ifPresent(value -> metadata.set("generation", value));
        metadata.put("creationTimestamp", creationTimestamp);
        before.properties().forEach(field -> {
            if (!metadata.has(field.getKey())) {
                metadata.set(field.getKey(), field.getValue());
            }
        });
        copy.set("metadata", metadata);
        return new Resource(key, copy);
    }

    private static boolean allText(JsonNode map) {
        return map.properties().stream().allMatch(entry -> entry.getValue().isTextual());
    }
}
