package io.canal.policy.testing;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import java.util.List;

/** What calicoctl adds to objects before it stores them, as far as it changes their meaning. */
final class Defaulted {

    private static final int LAST_TIER = 1_000_000;

    /** The tiers that calicoctl makes before it writes anything. */
    static final List<Resource> TIERS = List.of(tier("default", LAST_TIER, "Deny"), tier("kube-admin", 1000, "Pass"), tier("kube-baseline", 10_000_000, "Pass"));

    private Defaulted() {}

    private static Resource tier(String name, int order, String action) {
        return Objects.resource(Kind.TIER, name, "{\"order\":" + order + ",\"defaultAction\":\"" + action + "\"}");
    }

    static ObjectNode of(ObjectNode object) {
        ObjectNode spec = object.withObject("/spec");
        String kind = object.path("kind").asText();
        if (kind.endsWith("NetworkPolicy") && spec.path("types").isEmpty()) {
            ArrayNode types = spec.putArray("types");
            if (!spec.path("ingress").isEmpty() || spec.path("egress").isEmpty()) {
                types.add("Ingress");
            }
            if (!spec.path("egress").isEmpty()) {
                types.add("Egress");
            }
        } else if (kind.equals("Tier") && !spec.has("order")) {
            spec.put("order", LAST_TIER);
        }
        return object;
    }
}
