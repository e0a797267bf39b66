package io.canal.model.calico;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Json;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The names of policies as people use them, and as etcd has them. For a policy {@code foo} of tier {@code default} the key says,
 * depending on the version that wrote it, {@code default.foo} without further note (up to 3.28, shown as {@code foo}),
 * {@code default.foo} (3.29.0, written and shown so), {@code default.foo} with the name in an annotation (3.29.4 to 3.31), or
 * {@code foo} (since 3.32). Policies of Kubernetes are {@code knp.default.foo} in all versions.
 */
public final class PolicyNames {

    /** The annotation whose JSON may hold the name that the user gave. */
    public static final String METADATA = "projectcalico.org/metadata";

    /** What names of policies begin with that were made from those of Kubernetes. */
    public static final String KUBERNETES = "knp.default.";

    private static final String OPENSTACK = "ossg.";
    private static final String DEFAULT = Policy.DEFAULT_TIER + ".";

    private PolicyNames() {}

    /** The name to show for a stored policy. */
    public static String shown(Resource policy) {
        String annotation = policy.json().path("metadata").path("annotations").path(METADATA).asText();
        if (!annotation.isEmpty() && Json.object(policy.key().path(), annotation) instanceof Decoded.Good<ObjectNode>(ObjectNode metadata)
                && !metadata.path("name").asText().isEmpty()) {
            return metadata.path("name").asText();
        }
        String tier = policy.spec().path("tier").asText();
        String name = policy.key().name();
        return (tier.isEmpty() || tier.equals(Policy.DEFAULT_TIER)) && name.startsWith(DEFAULT) && name.length() > DEFAULT.length()
                ? name.substring(DEFAULT.length())
                : name;
    }

    /** The names under which a policy that a user calls {@code name} may be stored, the present form first. */
    public static List<String> stored(String name) {
        Set<String> names = new LinkedHashSet<>();
        names.add(name);
        if (!name.startsWith(KUBERNETES) && !name.startsWith(OPENSTACK) && !name.startsWith(DEFAULT)) {
            names.add(DEFAULT + name);
        }
        return List.copyOf(names);
    }
}
