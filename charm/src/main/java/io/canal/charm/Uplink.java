package io.canal.charm;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Ip;
import java.util.List;
import java.util.Optional;

/**
 * The interface that carries the traffic between nodes, and the node's address on it.
 *
 * @param iface empty where the agent is to take that of the default route
 * @param address empty where the agent is to take the interface's first
 */
record Uplink(String iface, String address) {

    /** The one that an option names, which is the agent's to look at. */
    static Uplink named(String iface) {
        return new Uplink(iface, "");
    }

    /** The one that Juju has bound the endpoint to: the first that has an address and is no FAN device. */
    static Uplink bound(Optional<JsonNode> network) {
        List<JsonNode> bindings = network.map(found -> found.path("bind-addresses")).stream().flatMap(JsonNode::valueStream).toList();
        for (JsonNode binding : bindings) {
            String name = binding.path("interface-name").asText("");
            for (JsonNode address : binding.path("addresses")) {
                String value = address.path("value").asText("");
                if (!name.isEmpty() && !name.startsWith("fan-") && Ip.parse(value).filter(Ip::isV4).isPresent()) {
                    return new Uplink(name, value);
                }
            }
        }
        // A network of IPv6 alone: the agent takes the address that fits.
        return bindings.stream().filter(binding -> !binding.path("interface-name").asText("fan-").startsWith("fan-"))
                .filter(binding -> binding.path("addresses").valueStream().anyMatch(address -> Ip.parse(address.path("value").asText("")).isPresent()))
                .findFirst().map(binding -> new Uplink(binding.path("interface-name").asText(), "")).orElse(new Uplink("", ""));
    }
}
