package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.ctl.schema.Malformed;
import io.canal.ctl.schema.Schema;
import io.canal.model.Decoded;
import io.canal.model.Json;
import io.canal.model.calico.Kind;
import io.canal.store.StoreException;
import java.util.Map;

/** Changes some fields of a resource. Calicoctl patches strategically whatever {@code --type} says; its lists are replaced whole. */
record Patching(Client client, Schema schema, Surroundings world) {

    int patch(Kind kind, String namespace, String name, String patch) throws StoreException {
        try {
            ObjectNode there = client.get(kind, namespace, name).shown(schema);
            if (!(Json.object("patch", patch) instanceof Decoded.Good<ObjectNode>(ObjectNode changes))) {
                throw new Refused("performing strategic merge patch: invalid JSON document");
            }
            merge(there, changes);
            ObjectNode wanted;
            try {
                wanted = schema.read(kind, there, false);
            } catch (Malformed malformed) {
                throw new Refused("creating resource from patched data: " + malformed.getMessage());
            }
            client.update(kind, wanted, true);
        } catch (Refused refused) {
            world.err().println("hit error: " + refused.text());
            return 1;
        }
        world.out().println("Successfully patched 1 '" + kind.title() + "' resource");
        return 0;
    }

    private static void merge(ObjectNode target, ObjectNode changes) {
        for (Map.Entry<String, JsonNode> change : changes.properties()) {
            if (change.getValue().isNull()) {
                target.remove(change.getKey());
            } else if (change.getValue() instanceof ObjectNode inner && target.get(change.getKey()) instanceof ObjectNode there) {
                merge(there, inner);
            } else {
                target.set(change.getKey(), change.getValue());
            }
        }
    }
}
