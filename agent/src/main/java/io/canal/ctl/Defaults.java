package io.canal.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Cidr;
import io.canal.model.Json;
import io.canal.model.calico.Kind;
import io.canal.model.calico.PolicyNames;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What calicoctl puts into a resource that it writes where the user has said nothing. Works on the tree that it is given. */
final class Defaults {

    private static final String TIER_LABEL = "projectcalico.org/tier";
    private static final double DEFAULT_TIER_ORDER = 1e6;

    private Defaults() {}

    static void fill(Kind kind, ObjectNode resource) {
        ObjectNode spec = resource.get("spec") instanceof ObjectNode there ? there : resource.putObject("spec");
        switch (kind) {
            case NETWORK_POLICY, GLOBAL_NETWORK_POLICY -> {
                tier(resource, spec);
                types(spec);
            }
            case STAGED_NETWORK_POLICY, STAGED_GLOBAL_NETWORK_POLICY -> {
                absent(spec, "stagedAction", "Set");
                tier(resource, spec);
                if (!spec.path("stagedAction").asText().equals("Delete")) {
                    types(spec);
                }
            }
            case STAGED_KUBERNETES_NETWORK_POLICY -> absent(spec, "stagedAction", "Set");
            case TIER -> {
                absent(spec, "defaultAction", "Deny");
                if (resource.path("metadata").path("name").asText().equals("default") && !spec.has("order")) {
                    spec.put("order", (long) DEFAULT_TIER_ORDER);
                }
            }
            case IP_POOL -> {
                absent(spec, "vxlanMode", "Never");
                absent(spec, "ipipMode", "Never");
                if (!spec.has("blockSize")) {
                    spec.put("blockSize", Cidr.parse(spec.path("cidr").asText()).filter(cidr -> !cidr.isV4()).isPresent() ? 122 : 26);
                }
                absent(spec, "nodeSelector", "all()");
                if (!spec.has("allowedUses")) {
                    spec.putArray("allowedUses").add("Workload").add("Tunnel");
                }
                absent(spec, "assignmentMode", "Automatic");
            }
            case FELIX_CONFIGURATION -> Map.of("nftablesMode", "Auto", "bpfConnectTimeLoadBalancing", "TCP",
                            "bpfHostNetworkedNATWithoutCTLB", "Enabled", "floatingIPs", "Disabled")
                    .forEach((field, value) -> absent(spec, field, value));
            case BGP_CONFIGURATION -> {
                absent(spec, "logSeverityScreen", "Info");
                if (!spec.has("nodeToNodeMeshEnabled")) {
                    spec.put("nodeToNodeMeshEnabled", true);
                }
                absent(spec, "serviceLoadBalancerAggregation", "Enabled");
            }
            case KUBE_CONTROLLERS_CONFIGURATION -> {
                if (spec.path("controllers").get("node") instanceof ObjectNode node) {
                    absent(node, "leakGracePeriod", "15m0s");
                }
            }
            case WORKLOAD_ENDPOINT -> {
                ObjectNode metadata = (ObjectNode) resource.get("metadata");
                label(metadata, "projectcalico.org/namespace", metadata.path("namespace").asText());
                label(metadata, "projectcalico.org/orchestrator", spec.path("orchestrator").asText());
            }
            case BGP_FILTER, BGP_PEER, BLOCK_AFFINITY, CALICO_NODE_STATUS, CLUSTER_INFORMATION, GLOBAL_NETWORK_SET, HOST_ENDPOINT, IPAM_CONFIG,
                    IPAM_CONFIGURATION, IP_RESERVATION, LIVE_MIGRATION, NETWORK_SET, NODE, PROFILE -> {
            }
        }
    }

    /** Whether policies of such a kind carry their name in an annotation, and their tier in a label. */
    static boolean isTiered(Kind kind) {
        return switch (kind) {
            case NETWORK_POLICY, GLOBAL_NETWORK_POLICY, STAGED_NETWORK_POLICY, STAGED_GLOBAL_NETWORK_POLICY -> true;
            default -> false;
        };
    }

    /** Notes the name that the user gave, as calicoctl does since 3.29.4. */
    static void noteName(ObjectNode metadata) {
        Map<String, String> annotations = new TreeMap<>();
        metadata.path("annotations").properties().forEach(entry -> annotations.put(entry.getKey(), entry.getValue().asText()));
        annotations.put(PolicyNames.METADATA, Json.compact(Json.object().put("name", metadata.path("name").asText())));
        ObjectNode sorted = Json.object();
        annotations.forEach(sorted::put);
        metadata.set("annotations", sorted);
    }

    private static void tier(ObjectNode resource, ObjectNode spec) {
        absent(spec, "tier", "default");
        label((ObjectNode) resource.get("metadata"), TIER_LABEL, spec.path("tier").asText());
    }

    private static void label(ObjectNode metadata, String key, String value) {
        Map<String, String> labels = new TreeMap<>();
        metadata.path("labels").properties().forEach(entry -> labels.put(entry.getKey(), entry.getValue().asText()));
        labels.put(key, value);
        ObjectNode sorted = Json.object();
        labels.forEach(sorted::put);
        metadata.set("labels", sorted);
    }

    private static void types(ObjectNode spec) {
        if (spec.has("types")) {
            return;
        }
        List<String> types = !spec.has("egress") ? List.of("Ingress") : spec.has("ingress") ? List.of("Ingress", "Egress") : List.of("Egress");
        var list = Json.object().putArray("types");
        types.forEach(list::add);
        spec.set("types", list);
    }

    private static void absent(ObjectNode object, String field, String value) {
        if (!object.has(field) || object.path(field).asText().isEmpty()) {
            object.put(field, value);
        }
    }

    /** The metadata that a created resource keeps of its document. */
    static ObjectNode metadata(JsonNode given, boolean export) {
        Map<String, JsonNode> kept = new LinkedHashMap<>();
        for (String field : List.of("name", "namespace", "labels", "annotations")) {
            if (given.has(field) && !(given.path(field).isContainerNode() && given.path(field).isEmpty()) && !(export && field.equals("namespace"))) {
                kept.put(field, given.path(field));
            }
        }
        ObjectNode metadata = Json.object();
        kept.forEach(metadata::set);
        return metadata;
    }
}
