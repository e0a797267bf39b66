package io.canal.lab.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.lab.Program;
import io.canal.model.Decoded;
import io.canal.model.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Attaches pods of one host to its pod network as libcni does for containerd: the plugins in order for ADD and in reverse for DEL,
 * each with the result of the one before, run in the host's namespaces; the last result is cached for DEL.
 */
final class CniRuntime {

    private static final String BIN = "/opt/cni/bin";
    private static final String CACHE = "/var/lib/cni/results";

    private final Host host;

    CniRuntime(Host host) {
        this.host = host;
    }

    /** Attaches the pod; returns the addresses that it got, without prefix length. Where a plugin refuses, all is undone. */
    List<String> add(Pod pod) {
        CniNetwork network = CniNetwork.of(host);
        ObjectNode result = null;
        for (ObjectNode plugin : network.plugins()) {
            Program.Outcome outcome = call("ADD", network, plugin, pod, result);
            if (!outcome.succeeded()) {
                delete(pod, network, Optional.empty());
                throw new LabException("Pod " + pod.name() + " cannot be attached on " + host + ": " + plugin.path("type").asText()
                        + " says " + reason(outcome));
            }
            result = Json.object("the result of " + plugin.path("type").asText(), outcome.out()).orThrow();
        }
        if (result == null) {
            throw new LabException(network.file() + " has no plugins.");
        }
        cache(network, pod, result);
        List<String> addresses = new ArrayList<>();
        result.path("ips").forEach(ip -> addresses.add(ip.path("address").asText().replaceAll("/.*", "")));
        return addresses;
    }

    /** Detaches the pod, with the configuration that it was attached with. */
    void delete(Pod pod) {
        Optional<ObjectNode> cached = cached(pod);
        CniNetwork network = cached.map(cache -> CniNetwork.parse(CACHE,
                new String(Base64.getDecoder().decode(cache.path("config").asText()), StandardCharsets.UTF_8)))
                .orElseGet(() -> CniNetwork.of(host));
        List<String> refusals = delete(pod, network, cached.map(cache -> cache.path("result")));
        if (!refusals.isEmpty()) {
            throw new LabException("Pod " + pod.name() + " cannot be detached on " + host + ": " + String.join("; ", refusals));
        }
        try {
            Files.deleteIfExists(cacheFile(network, pod));
        } catch (IOException refused) {
            throw new LabException("The cached result of pod " + pod.name() + " cannot be removed: " + refused.getMessage(), refused);
        }
    }

    private List<String> delete(Pod pod, CniNetwork network, Optional<JsonNode> result) {
        List<String> refusals = new ArrayList<>();
        for (ObjectNode plugin : network.plugins().reversed()) {
            ObjectNode previous = network.resultOnDelete() && result.orElse(null) instanceof ObjectNode object ? object : null;
            Program.Outcome outcome = call("DEL", network, plugin, pod, previous);
            if (!outcome.succeeded()) {
                refusals.add(plugin.path("type").asText() + " says " + reason(outcome));
            }
        }
        return refusals;
    }

    private Program.Outcome call(String command, CniNetwork network, ObjectNode plugin, Pod pod,
            @Nullable ObjectNode previous) {
        ObjectNode config = plugin.deepCopy();
        config.put("cniVersion", network.version()).put("name", network.name());
        if (previous != null) {
            config.set("prevResult", previous);
        }
        runtimeConfig(plugin, pod, config);
        args(pod, config);
        return host.program(BIN + "/" + plugin.path("type").asText())
                .env("CNI_COMMAND", command).env("CNI_CONTAINERID", pod.container()).env("CNI_NETNS", netns(pod))
                .env("CNI_IFNAME", Pod.INTERFACE).env("CNI_PATH", BIN).env("CNI_ARGS", cniArgs(pod))
                .stdin(Json.compact(config)).run();
    }

    /** A namespace that went with the host's last boot is named by nothing, as containerd does. */
    private String netns(Pod pod) {
        return pod.boot().equals(host.bootId()) ? pod.netns() : "";
    }

    private static String cniArgs(Pod pod) {
        return "IgnoreUnknown=1;K8S_POD_NAMESPACE=" + pod.namespace() + ";K8S_POD_NAME=" + pod.name() + ";K8S_POD_INFRA_CONTAINER_ID="
                + pod.container() + ";K8S_POD_UID=" + pod.uid();
    }

    private static void runtimeConfig(ObjectNode plugin, Pod pod, ObjectNode config) {
        if (plugin.path("capabilities").path("portMappings").asBoolean() && !pod.spec().hostPorts().isEmpty()) {
            config.putObject("runtimeConfig").set("portMappings", portMappings(pod));
        }
    }

    private static ArrayNode portMappings(Pod pod) {
        ArrayNode mappings = Json.object().putArray("portMappings");
        pod.spec().hostPorts().forEach(port -> mappings.addObject().put("hostPort", port.hostPort())
                .put("containerPort", port.port()).put("protocol", port.protocol().name().toLowerCase(Locale.ROOT)));
        return mappings;
    }

    /** What a plugin would ask the API server for. */
    private static void args(Pod pod, ObjectNode config) {
        ObjectNode cni = config.putObject("args").putObject("cni");
        ArrayNode labels = cni.putArray("labels");
        new TreeMap<>(pod.spec().labels()).forEach((key, value) -> labels.addObject().put("key", key).put("value", value));
        ArrayNode ports = cni.putArray("ports");
        pod.spec().ports().forEach(port -> ports.addObject().put("name", port.name()).put("port", port.port())
                .put("protocol", port.protocol().name()));
    }

    private void cache(CniNetwork network, Pod pod, ObjectNode result) {
        ObjectNode cache = Json.object().put("kind", "cniCacheV1").put("containerId", pod.container())
                .put("config", Base64.getEncoder().encodeToString(network.text().getBytes(StandardCharsets.UTF_8)))
                .put("ifName", Pod.INTERFACE).put("networkName", network.name()).put("netns", pod.netns());
        ArrayNode args = cache.putArray("cniArgs");
        for (String pair : cniArgs(pod).split(";")) {
            args.addArray().add(pair.substring(0, pair.indexOf('='))).add(pair.substring(pair.indexOf('=') + 1));
        }
        ObjectNode capabilities = cache.putObject("capabilityArgs");
        if (!pod.spec().hostPorts().isEmpty()) {
            capabilities.set("portMappings", portMappings(pod));
        }
        cache.set("result", result);
        try {
            Path file = cacheFile(network, pod);
            Files.createDirectories(file.getParent(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            Files.writeString(file, Json.compact(cache));
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        } catch (IOException refused) {
            throw new LabException("The result of pod " + pod.name() + " cannot be cached: " + refused.getMessage(), refused);
        }
    }

    private Optional<ObjectNode> cached(Pod pod) {
        try (Stream<Path> files = Files.list(host.path(CACHE))) {
            Optional<Path> file = files.filter(path -> path.getFileName().toString().endsWith("-" + pod.container() + "-" + Pod.INTERFACE))
                    .findFirst();
            return file.isEmpty() ? Optional.empty()
                    : Optional.of(Json.object(file.get().toString(), Files.readString(file.get())).orThrow());
        } catch (IOException absent) {
            return Optional.empty();
        }
    }

    private Path cacheFile(CniNetwork network, Pod pod) {
        return host.path(CACHE + "/" + network.name() + "-" + pod.container() + "-" + Pod.INTERFACE);
    }

    /** The error object of the CNI specification, in words. */
    private static String reason(Program.Outcome outcome) {
        if (outcome.out().isBlank()) {
            return outcome.said();
        }
        return switch (Json.object("the plugin's answer", outcome.out())) {
            case Decoded.Good<ObjectNode>(ObjectNode error) -> error.path("msg").asText()
                    + (error.path("details").asText().isEmpty() ? "" : " (" + error.path("details").asText() + ")")
                    + " [code " + error.path("code").asInt() + "]";
            case Decoded.Bad<ObjectNode> bad -> outcome.said();
        };
    }
}
