package io.canal.cni;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Json;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;

/** A change of etcd that waits until etcd can be reached. The last one for a key is the one that counts. */
sealed interface Write {

    ResourceKey key();

    /** The endpoint of a pod shall be so. */
    record PutEndpoint(Resource endpoint) implements Write {
        @Override
        public ResourceKey key() {
            return endpoint.key();
        }
    }

    /** A resource shall be there, in whatever form. */
    record Ensure(Resource resource) implements Write {
        @Override
        public ResourceKey key() {
            return resource.key();
        }
    }

    /** The endpoint shall not be, if it is this container's. */
    record DeleteEndpoint(ResourceKey key, String containerId) implements Write {}

    default String encode() {
        ObjectNode json = Json.object().put("v", 1).put("key", key().path());
        switch (this) {
            case PutEndpoint(Resource endpoint) -> json.put("op", "put-endpoint").set("value", endpoint.json());
            case Ensure(Resource resource) -> json.put("op", "ensure").set("value", resource.json());
            case DeleteEndpoint delete -> json.put("op", "delete-endpoint").put("containerID", delete.containerId);
        }
        return Json.compact(json);
    }

    static Decoded<Write> decode(String where, String text) {
        return Json.object(where, text).then(json -> {
            var parsed = ResourceKey.parse(json.path("key").asText());
            if (parsed.isEmpty()) {
                return Decoded.bad(where, "key", json.path("key").asText(), "the key of a Calico resource");
            }
            ResourceKey key = parsed.get();
            String op = json.path("op").asText();
            return switch (op) {
                case "put-endpoint" -> Resource.decode(key, Json.compact(json.path("value"))).map(PutEndpoint::new);
                case "ensure" -> Resource.decode(key, Json.compact(json.path("value"))).map(Ensure::new);
                case "delete-endpoint" -> Decoded.good(new DeleteEndpoint(key, json.path("containerID").asText()));
                default -> Decoded.bad(where, "op", op, "put-endpoint, ensure or delete-endpoint");
            };
        });
    }
}
