package io.canal.policy.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Json;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import java.util.Arrays;

/** Objects as people write them. */
public final class Objects {

    private Objects() {}

    /** An object with kind, metadata and spec, as etcd would hold it. */
    public static Resource resource(JsonNode object) {
        Kind kind = Arrays.stream(Kind.values()).filter(one -> one.title().equals(object.path("kind").asText())).findFirst().orElseThrow();
        JsonNode metadata = object.path("metadata");
        ResourceKey key = kind.namespaced() ? new ResourceKey(kind, metadata.path("namespace").asText("default"), metadata.path("name").asText())
                : ResourceKey.of(kind, metadata.path("name").asText());
        return Resource.decode(key, Json.compact(object)).orThrow();
    }

    /** As {@link #resource(JsonNode)}, from text. */
    public static Resource resource(String json) {
        return resource(Json.object("test", json).orThrow());
    }

    /** A resource of that kind and spec; in namespace {@code red} where it has one. */
    public static Resource resource(Kind kind, String name, String spec) {
        ObjectNode object = Json.object().put("kind", kind.title());
        object.putObject("metadata").put("name", name).put("namespace", "red");
        object.set("spec", Json.object("test", spec).orThrow());
        return resource(object);
    }
}
