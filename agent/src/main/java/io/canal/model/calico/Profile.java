package io.canal.model.calico;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Json;
import io.canal.model.Problem;
import io.canal.model.calico.Reading.Malformed;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * Labels and rules that endpoints inherit.
 *
 * @param labelsToApply what the endpoints inherit where they do not have these labels themselves
 * @param notes what of the rules could not be read; such a rule opens nothing
 */
public record Profile(String name, SortedMap<String, String> labelsToApply, List<PolicyRule> ingress, List<PolicyRule> egress, List<Problem> notes) {

    /** The profile that allows all. It is never stored, and always there. */
    public static final String ALLOW_ALL = "projectcalico-default-allow";

    /** The name of the network of our own conflist. */
    public static final String POD_NETWORK = "cdk-canal";

    public Profile {
        ingress = List.copyOf(ingress);
        egress = List.copyOf(egress);
        notes = List.copyOf(notes);
    }

    public static ResourceKey key(String name) {
        return ResourceKey.of(Kind.PROFILE, name);
    }

    /** The profile named {@link #ALLOW_ALL}. */
    public static Profile allowAll() {
        List<PolicyRule> allow = List.of(PolicyRule.all(RuleAction.ALLOW));
        return new Profile(ALLOW_ALL, Collections.emptySortedMap(), allow, allow, List.of());
    }

    /**
     * The profile of containers outside Kubernetes. On a plain CNI network it is that of Calico's plugin: members of the network may
     * reach each other, and may reach all. On {@link #POD_NETWORK} all may reach them, as Kubernetes has it for pods that no policy
     * picks.
     */
    public static Resource ofNetwork(String network) {
        ObjectNode spec = Json.object();
        ObjectNode ingress = spec.putArray("ingress").addObject().put("action", "Allow");
        ObjectNode source = ingress.putObject("source");
        if (!network.equals(POD_NETWORK)) {
            source.put("selector", "has(" + network + ")");
        }
        ingress.putObject("destination");
        ObjectNode egress = spec.putArray("egress").addObject().put("action", "Allow");
        egress.putObject("source");
        egress.putObject("destination");
        spec.putObject("labelsToApply").put(network, "");
        return Resource.make(key(network), Map.of(), spec);
    }

    public static Decoded<Profile> of(Resource resource) {
        return Reading.spec(resource, spec -> read(resource, spec));
    }

    private static Profile read(Resource resource, Reading spec) throws Malformed {
        List<Problem> notes = new ArrayList<>();
        KnownRules known = new KnownRules();
        return new Profile(resource.key().name(), spec.textMap("labelsToApply"), RuleReading.rules(spec, "ingress", known, notes),
                RuleReading.rules(spec, "egress", known, notes), notes);
    }

    public List<PolicyRule> rules(Direction direction) {
        return switch (direction) {
            case INGRESS -> ingress;
            case EGRESS -> egress;
        };
    }
}
