package io.canal.model.calico;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * An interface of a host that policies apply to.
 *
 * @param node the host
 * @param interfaceName {@code *} for all of the host's interfaces; empty where the interface is told by {@code expectedIps}
 * @param profiles names, in order
 */
public record HostEndpoint(
        String name,
        SortedMap<String, String> labels,
        String node,
        String interfaceName,
        List<Ip> expectedIps,
        List<String> profiles,
        List<EndpointPort> ports) {

    /** What an endpoint of all interfaces names. */
    public static final String ALL_INTERFACES = "*";

    public HostEndpoint {
        expectedIps = List.copyOf(expectedIps);
        profiles = List.copyOf(profiles);
        ports = List.copyOf(ports);
    }

    public static ResourceKey key(String name) {
        return ResourceKey.of(Kind.HOST_ENDPOINT, name);
    }

    public static Decoded<HostEndpoint> of(Resource resource) {
        return Reading.spec(resource, spec -> new HostEndpoint(resource.key().name(), resource.labels(), spec.text("node"), spec.text("interfaceName"),
                spec.list("expectedIPs", HostEndpoint::ip, "an IP address"), spec.texts("profiles"), EndpointPort.read(spec)));
    }

    public boolean isForAllInterfaces() {
        return interfaceName.equals(ALL_INTERFACES);
    }

    private static Optional<Ip> ip(JsonNode text) {
        return text.isTextual() ? Ip.parse(text.textValue()) : Optional.empty();
    }
}
