package io.canal.policy.testing;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Decoded;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What etcd held when real Felix was recorded.
 *
 * @param name the folder under {@code /upstream/felix}
 * @param resources those whose JSON can be read
 */
public record FelixScenario(String name, List<Resource> resources) {

    /** All scenarios, by their folders' names. */
    public static final List<String> NAMES = List.of("01-profiles-only", "02-allow-web", "03-default-deny", "04-tiers-pass", "07-named-ports", "08-icmp",
            "08b-icmp-type-and-code", "09-negated", "10-many-ports", "12-selectors", "13-namespace-selector", "15-hep-normal", "16-hep-forward",
            "17-hep-prednat", "18-hep-donottrack", "19-hep-star", "21-ipv6", "22-globalnetworkset", "24-log", "25-empty", "26-staged",
            "27-policy-groups", "28-long-names", "30-profiles", "31-endpoint-fields", "31b-qos-packet-rate-without-burst", "32-dispatch-tree",
            "33-nat-outgoing", "34-service-loop", "35-felixconfig", "35b-deny-action-reject", "35c-deny-action-reject-with-hostendpoint",
            "39-canal-env", "40-knp-and-old-names", "41-bad-values", "41b-bad-action", "42-protocol-and-notprotocol");

    public static FelixScenario load(String name) {
        List<Resource> resources = new ArrayList<>();
        for (JsonNode entry : Recorded.json("/upstream/felix/" + name + "/etcd.json.gz")) {
            Optional<ResourceKey> key = ResourceKey.parse(entry.path("key").asText());
            if (key.isPresent() && Resource.decode(key.get(), entry.path("value").asText()) instanceof Decoded.Good<Resource>(Resource resource)) {
                resources.add(resource);
            }
        }
        return new FelixScenario(name, resources);
    }

    /** The resources of a kind that {@code reading} finds good. */
    public <T> List<T> all(Kind kind, Function<Resource, Decoded<T>> reading) {
        List<T> read = new ArrayList<>();
        for (Resource resource : resources) {
            if (resource.key().kind() == kind && reading.apply(resource) instanceof Decoded.Good<T>(T value)) {
                read.add(value);
            }
        }
        return read;
    }
}
