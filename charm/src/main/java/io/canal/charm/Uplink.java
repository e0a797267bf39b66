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

    /**
     * The one that Juju has bound the endpoint to: the first that has an address and is neither a FAN device nor one of the pod
     * network. On a machine that no cloud describes, Juju takes addresses of all interfaces for the machine's, and from the moment
     * that flannel.1 has one it may name that first (seen with Juju 4.0.15 and the manual provider).
     */
    static Uplink bound(Optional<JsonNode> network) {
        List<JsonNode> bindings = network.map(found -> found.path("bind-addresses")).stream().flatMap(JsonNode::valueStream)
                .filter(binding -> leadsToNodes(binding.path("interface-name").asText(""))).toList();
        for (JsonNode binding : bindings) {
            for (JsonNode address : binding.path("addresses")) {
                String value = address.path("value").asText("");
                if (Ip.parse(value).filter(ip -> ip.isV4() && ip.isOfHost()).isPresent()) {
                    return new Uplink(binding.path("interface-name").asText(), value);
                }
            }
        }
        // A network of IPv6 alone: the agent takes the address that fits.
        return bindings.stream()
                .filter(binding -> binding.path("addresses").valueStream().anyMatch(address -> Ip.parse(address.path("value").asText("")).isPresent()))
                .findFirst().map(binding -> new Uplink(binding.path("interface-name").asText(), "")).orElse(new Uplink("", ""));
    }

    private static boolean leadsToNodes(String name) {
        return !name.isEmpty() && !name.startsWith("fan-") && !io.canal.network.Uplink.isOwnDevice(name);
    }
}
