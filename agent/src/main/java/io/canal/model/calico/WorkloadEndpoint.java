package io.canal.model.calico;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.Json;
import io.canal.model.LocalEndpoint;
import io.canal.model.LocalEndpoint.Port;
import io.canal.model.Mac;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A pod's attachment, as Calico keeps it. Good by construction: what the accessors read has been checked. */
public record WorkloadEndpoint(Resource resource) {

    /** The label that carries the namespace. */
    public static final String NAMESPACE_LABEL = "projectcalico.org/namespace";

    /** The label that carries {@code k8s} or {@code cni}. */
    public static final String ORCHESTRATOR_LABEL = "projectcalico.org/orchestrator";

    /** The label that carries the service account's name, where it is short enough for a label. */
    public static final String SERVICE_ACCOUNT_LABEL = "projectcalico.org/serviceaccount";

    private static final int LONGEST_LABEL = 63;

    /**
     * What makes an endpoint.
     *
     * @param workload the pod's name in Kubernetes, else empty
     * @param serviceAccount empty outside Kubernetes
     */
    public record Parts(
            String node,
            String orchestrator,
            String namespace,
            String workload,
            String containerId,
            String interfaceInPod,
            String serviceAccount,
            List<Ip> addresses,
            List<String> profiles,
            String interfaceName,
            Mac mac,
            Map<String, String> labels,
            List<Port> ports) {}

    /** A new endpoint, with the labels that Calico sets by itself. */
    public static WorkloadEndpoint make(String name, Parts parts) {
        Map<String, String> labels = new TreeMap<>(parts.labels());
        labels.put(NAMESPACE_LABEL, parts.namespace());
        labels.put(ORCHESTRATOR_LABEL, parts.orchestrator());
        labels.remove(SERVICE_ACCOUNT_LABEL);
        if (!parts.serviceAccount().isEmpty() && parts.serviceAccount().length() < LONGEST_LABEL) {
            labels.put(SERVICE_ACCOUNT_LABEL, parts.serviceAccount());
        }
        ObjectNode spec = Json.object().put("orchestrator", parts.orchestrator()).put("node", parts.node()).put("containerID", parts.containerId());
        if (!parts.workload().isEmpty()) {
            spec.put("pod", parts.workload());
        }
        spec.put("endpoint", parts.interfaceInPod());
        if (!parts.serviceAccount().isEmpty()) {
            spec.put("serviceAccountName", parts.serviceAccount());
        }
        ArrayNode networks = spec.putArray("ipNetworks");
        parts.addresses().forEach(address -> networks.add(IpPrefix.host(address).toString()));
        ArrayNode profiles = spec.putArray("profiles");
        parts.profiles().forEach(profiles::add);
        spec.put("interfaceName", parts.interfaceName()).put("mac", parts.mac().toString());
        if (!parts.ports().isEmpty()) {
            ArrayNode ports = spec.putArray("ports");
            parts.ports().forEach(port -> {
                ObjectNode written = ports.addObject().put("name", port.name());
                if (!port.protocol().isEmpty() && port.protocol().chars().allMatch(c -> c >= '0' && c <= '9')) {
                    written.put("protocol", Integer.parseInt(port.protocol()));
                } else {
                    written.put("protocol", port.protocol());
                }
                written.put("port", port.port()).put("hostPort", port.hostPort()).put("hostIP", port.hostIp());
            });
        }
        return new WorkloadEndpoint(Resource.make(new ResourceKey(Kind.WORKLOAD_ENDPOINT, parts.namespace(), name), labels, spec));
    }

    /** Reads and checks the fields that canal uses. */
    public static Decoded<WorkloadEndpoint> of(Resource resource) {
        Fields spec = new Fields(resource.key().path(), "spec", resource.spec());
        return spec.text("orchestrator").or(() -> spec.text("node")).or(() -> spec.text("containerID")).or(() -> spec.text("pod"))
                .or(() -> spec.text("endpoint")).or(() -> spec.text("serviceAccountName")).or(() -> spec.text("interfaceName"))
                .or(() -> spec.texts("profiles"))
                .or(() -> spec.each("ipNetworks", network -> network.isTextual() && IpPrefix.parse(network.asText()).isPresent(),
                        "an address with a prefix length"))
                .or(() -> spec.optional("mac", mac -> mac.isTextual() && (mac.asText().isEmpty() || Mac.parse(mac.asText()).isPresent()), "a MAC address"))
                .or(() -> spec.each("ports", WorkloadEndpoint::isPort, "an object with name, protocol, port, hostPort and hostIP"))
                .<Decoded<WorkloadEndpoint>>map(Decoded::bad)
                .orElseGet(() -> Decoded.good(new WorkloadEndpoint(resource)));
    }

    /** {@link Resource#decode} and {@link #of} in one. */
    public static Decoded<WorkloadEndpoint> decode(ResourceKey key, String value) {
        return Resource.decode(key, value).then(WorkloadEndpoint::of);
    }

    public String node() {
        return text("node");
    }

    public String orchestrator() {
        return text("orchestrator");
    }

    public String containerId() {
        return text("containerID");
    }

    /** The pod's name; empty outside Kubernetes. */
    public String pod() {
        return text("pod");
    }

    /** The interface's name in the pod. */
    public String interfaceInPod() {
        return text("endpoint");
    }

    public String serviceAccount() {
        return text("serviceAccountName");
    }

    /** The interface's name on the host. */
    public String interfaceName() {
        return text("interfaceName");
    }

    public Optional<Mac> mac() {
        return Mac.parse(text("mac"));
    }

    public List<Ip> addresses() {
        List<Ip> addresses = new ArrayList<>();
        resource.spec().path("ipNetworks").forEach(network -> addresses.add(IpPrefix.of(network.asText()).address()));
        return addresses;
    }

    public List<String> profiles() {
        List<String> profiles = new ArrayList<>();
        resource.spec().path("profiles").forEach(profile -> profiles.add(profile.asText()));
        return profiles;
    }

    public List<Port> ports() {
        List<Port> ports = new ArrayList<>();
        resource.spec().path("ports").forEach(port -> ports.add(new Port(port.path("name").asText(), port.path("protocol").asText(),
                port.path("port").intValue(), port.path("hostPort").intValue(), port.path("hostIP").asText())));
        return ports;
    }

    /** The attachment as packet rules see it, where it has a MAC. */
    public Optional<LocalEndpoint> local() {
        return mac().map(mac -> new LocalEndpoint(interfaceName(), resource.key().namespace(), resource.key().name(),
                pod().isEmpty() ? containerId() : pod(), containerId(), addresses(), mac, resource.labels(), profiles(), ports()));
    }

    private String text(String field) {
        return resource.spec().path(field).asText();
    }

    private static boolean isPort(JsonNode port) {
        return port.isObject() && isNumber(port.path("port")) && (port.path("hostPort").isMissingNode() || isNumber(port.path("hostPort")))
                && (port.path("protocol").isTextual() || isNumber(port.path("protocol")));
    }

    private static boolean isNumber(JsonNode port) {
        return port.isInt() && port.intValue() >= 0 && port.intValue() <= 65535;
    }
}
