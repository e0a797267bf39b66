package io.canal.lab.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A pod that was made.
 *
 * @param host such as {@code h1}
 * @param boot the boot of the host that it lives in: it does not outlive it
 * @param container its id, 64 hexadecimal digits
 * @param uid its identity for Kubernetes
 * @param netns its network namespace, as a path on the host
 * @param addresses without prefix length
 */
public record Pod(PodSpec spec, String host, String boot, String container, String uid, String netns, List<String> addresses) {

    /** The interface that a runtime names in a pod. */
    static final String INTERFACE = "eth0";

    public Pod {
        addresses = List.copyOf(addresses);
    }

    public String name() {
        return spec.name();
    }

    public String namespace() {
        return spec.namespace();
    }

    /** Its first address. */
    public String address() {
        return addresses.getFirst();
    }

    Pod withAddresses(List<String> given) {
        return new Pod(spec, host, boot, container, uid, netns, given);
    }

    /** What {@code canal lab pods --format json} shows of it. */
    public ObjectNode shown() {
        ObjectNode json = Json.object().put("name", name()).put("namespace", namespace()).put("host", host);
        addresses.forEach(json.putArray("addresses")::add);
        ObjectNode labels = json.putObject("labels");
        new TreeMap<>(spec.labels()).forEach(labels::put);
        ports(json);
        return json;
    }

    /** What is kept of it in the lab's folder. */
    String kept() {
        ObjectNode json = shown();
        return Json.compact(json.put("boot", boot).put("container", container).put("uid", uid).put("netns", netns));
    }

    static Pod ofKept(String where, String text) {
        ObjectNode json = Json.object(where, text).orThrow();
        Map<String, String> labels = new TreeMap<>();
        json.path("labels").properties().forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
        List<PodSpec.NamedPort> ports = new ArrayList<>();
        List<PodSpec.HostPort> hostPorts = new ArrayList<>();
        for (JsonNode port : json.path("ports")) {
            PodSpec.Protocol protocol = PodSpec.Protocol.valueOf(port.path("protocol").asText());
            if (port.has("name")) {
                ports.add(new PodSpec.NamedPort(port.path("name").asText(), port.path("port").asInt(), protocol));
            } else {
                hostPorts.add(new PodSpec.HostPort(port.path("hostPort").asInt(), port.path("port").asInt(), protocol));
            }
        }
        List<String> addresses = new ArrayList<>();
        json.path("addresses").forEach(address -> addresses.add(address.asText()));
        PodSpec spec = new PodSpec(json.path("namespace").asText(), json.path("name").asText(), labels, ports, hostPorts);
        return new Pod(spec, json.path("host").asText(), json.path("boot").asText(), json.path("container").asText(),
                json.path("uid").asText(), json.path("netns").asText(), addresses);
    }

    private void ports(ObjectNode json) {
        var ports = json.putArray("ports");
        spec.ports().forEach(port -> ports.addObject().put("name", port.name()).put("port", port.port())
                .put("protocol", port.protocol().name()));
        spec.hostPorts().forEach(port -> ports.addObject().put("port", port.port()).put("hostPort", port.hostPort())
                .put("protocol", port.protocol().name()));
    }
}
