package io.canal.model.calico;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Json;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Labels and rules that endpoints inherit. */
public record Profile(Resource resource) {

    /**
     * The profile of a plain CNI network, as Calico's plugin makes it: members of the network may reach each other, and may reach
     * all.
     */
    public static Profile ofNetwork(String network) {
        ObjectNode spec = Json.object();
        ObjectNode ingress = spec.putArray("ingress").addObject().put("action", "Allow");
        ingress.putObject("source").put("selector", "has(" + network + ")");
        ingress.putObject("destination");
        ObjectNode egress = spec.putArray("egress").addObject().put("action", "Allow");
        egress.putObject("source");
        egress.putObject("destination");
        spec.putObject("labelsToApply").put(network, "");
        return new Profile(Resource.make(ResourceKey.of(Kind.PROFILE, network), Map.of(), spec));
    }

    public static Decoded<Profile> of(Resource resource) {
        Fields spec = new Fields(resource.key().path(), "spec", resource.spec());
        return spec.each("ingress", rule -> rule.isObject(), "an object")
                .or(() -> spec.each("egress", rule -> rule.isObject(), "an object"))
                .or(() -> spec.optional("labelsToApply",
                        labels -> labels.isObject() && labels.properties().stream().allMatch(label -> label.getValue().isTextual()), "an object of strings"))
                .<Decoded<Profile>>map(Decoded::bad)
                .orElseGet(() -> Decoded.good(new Profile(resource)));
    }

    public SortedMap<String, String> labelsToApply() {
        SortedMap<String, String> labels = new TreeMap<>();
        resource.spec().path("labelsToApply").properties().forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
        return labels;
    }
}
