package io.canal.ctl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded.Good;
import io.canal.model.calico.Kind;
import io.canal.model.calico.PolicyNames;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import io.canal.policy.kubernetes.Converted;
import io.canal.policy.kubernetes.NetworkPolicies;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Puts staged policies in force, on paper. */
final class Staged {

    static final Set<Kind> KINDS = Set.of(Kind.STAGED_NETWORK_POLICY, Kind.STAGED_GLOBAL_NETWORK_POLICY, Kind.STAGED_KUBERNETES_NETWORK_POLICY);

    private Staged() {}

    /** The resources as they would be if what is staged were done; empty where nothing is staged. */
    static Optional<List<Resource>> done(List<Resource> resources) {
        Map<ResourceKey, Resource> all = new LinkedHashMap<>();
        resources.stream().filter(one -> !KINDS.contains(one.key().kind())).forEach(one -> all.put(one.key(), one));
        boolean any = false;
        for (Resource one : resources) {
            if (!KINDS.contains(one.key().kind())) {
                continue;
            }
            ResourceKey key = target(one.key());
            switch (one.spec().path("stagedAction").asText().toLowerCase(Locale.ROOT)) {
                case "", "set" -> {
                    Optional<ObjectNode> spec = spec(one);
                    spec.ifPresent(now -> all.put(key, Resource.make(key, one.labels(), now)));
                    any |= spec.isPresent();
                }
                case "delete" -> any |= all.remove(key) != null;
                // What is learnt or ignored is to become nothing.
                default -> { }
            }
        }
        return any ? Optional.of(new ArrayList<>(all.values())) : Optional.empty();
    }

    /** What a staged policy is to become, or to remove. */
    private static ResourceKey target(ResourceKey staged) {
        return switch (staged.kind()) {
            case STAGED_GLOBAL_NETWORK_POLICY -> new ResourceKey(Kind.GLOBAL_NETWORK_POLICY, "", staged.name());
            case STAGED_KUBERNETES_NETWORK_POLICY -> new ResourceKey(Kind.NETWORK_POLICY, staged.namespace(), PolicyNames.KUBERNETES + staged.name());
            default -> new ResourceKey(Kind.NETWORK_POLICY, staged.namespace(), staged.name());
        };
    }

    private static Optional<ObjectNode> spec(Resource staged) {
        ObjectNode json = staged.json().deepCopy();
        if (!(json.get("spec") instanceof ObjectNode spec)) {
            return Optional.empty();
        }
        spec.remove("stagedAction");
        if (staged.key().kind() != Kind.STAGED_KUBERNETES_NETWORK_POLICY) {
            return Optional.of(spec);
        }
        return NetworkPolicies.convert(NetworkPolicies.defaulted(json)) instanceof Good<Converted>(Converted converted)
                && converted.policy().get("spec") instanceof ObjectNode calico ? Optional.of(calico) : Optional.empty();
    }
}
