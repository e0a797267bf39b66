package io.canal.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.iptables.SavedTable;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Json;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts hostPorts of pods that live back after others have flushed portmap's rules: by portmap itself, called as the runtime called
 * it, with what the runtime's cache says. Its back end iptables only.
 */
final class HostPorts {

    private static final Logger log = LoggerFactory.getLogger(HostPorts.class);
    private static final String PORTMAP = "portmap";
    private static final String DNAT = "CNI-HOSTPORT-DNAT";
    private static final long PATIENCE_SECONDS = 20;

    private final Path programs;
    private final List<Path> results;
    private final Attachments attachments;

    /** What the runtime remembers of a pod with hostPorts. */
    private record Mapped(Attachment.Id id, String network, String netns, String arguments, ObjectNode config) {

        /** portmap's own chain for a pod. */
        String chain() {
            return ("CNI-DN-" + sha512(network + id.containerId())).substring(0, 28);
        }
    }

    HostPorts(Path programs, List<Path> results, Attachments attachments) {
        this.programs = programs;
        this.results = results;
        this.attachments = attachments;
    }

    /** The ids of the pods whose rules are missing. */
    List<Attachment.Id> missing() throws IOException {
        List<Mapped> pods = mapped();
        if (pods.isEmpty()) {
            return List.of();
        }
        List<SavedTable> tables = tables();
        return pods.stream().filter(pod -> tables.stream().noneMatch(table -> has(table, pod))).map(Mapped::id).toList();
    }

    /** Has portmap make a pod's rules again. */
    void restore(Attachment.Id id) throws IOException {
        for (Mapped pod : mapped()) {
            if (pod.id.equals(id)) {
                add(pod);
                log.warn("the rules for hostPorts of {} were gone, and are put back", id);
            }
        }
    }

    private List<Mapped> mapped() throws IOException {
        List<Mapped> pods = new ArrayList<>();
        for (Path folder : results) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                for (Path file : files) {
                    read(file).ifPresent(pods::add);
                }
            } catch (NoSuchFileException none) {
                continue;
            }
        }
        return pods;
    }

    private Optional<Mapped> read(Path file) throws IOException {
        return switch (Json.object(file.toString(), new String(Files.readAllBytes(file), StandardCharsets.UTF_8))) {
            case Bad<ObjectNode> garbage -> Optional.empty();
            case Good<ObjectNode>(ObjectNode cache) -> mapped(cache);
        };
    }

    private Optional<Mapped> mapped(ObjectNode cache) {
        JsonNode mappings = cache.path("capabilityArgs").path("portMappings");
        Attachment.Id id = new Attachment.Id(cache.path("containerId").asText(), cache.path("ifName").asText());
        boolean attached = attachments.get(id).filter(Journal.Entry::up).filter(entry -> attachments.owns(entry.attachment())).isPresent();
        if (!attached || mappings.isEmpty()) {
            return Optional.empty();
        }
        String list = new String(Base64.getMimeDecoder().decode(cache.path("config").asText()), StandardCharsets.UTF_8);
        return Json.object("the cached configuration", list) instanceof Good<ObjectNode>(ObjectNode network)
                ? plugin(network).map(plugin -> new Mapped(id, cache.path("networkName").asText(), cache.path("netns").asText(), arguments(cache), config(cache, network, plugin)))
                : Optional.empty();
    }

    private static Optional<ObjectNode> plugin(ObjectNode network) {
        for (JsonNode plugin : network.path("plugins")) {
            if (plugin instanceof ObjectNode object && plugin.path("type").asText().equals(PORTMAP) && !plugin.path("backend").asText().equals("nftables")) {
                return Optional.of(object);
            }
        }
        return Optional.empty();
    }

    private static ObjectNode config(ObjectNode cache, ObjectNode network, ObjectNode plugin) {
        ObjectNode config = plugin.deepCopy();
        config.put("name", cache.path("networkName").asText()).put("cniVersion", cache.path("result").path("cniVersion").asText(network.path("cniVersion").asText()));
        config.putObject("runtimeConfig").set("portMappings", cache.path("capabilityArgs").path("portMappings"));
        config.set("prevResult", cache.path("result"));
        return config;
    }

    private static String arguments(ObjectNode cache) {
        List<String> pairs = new ArrayList<>();
        cache.path("cniArgs").forEach(pair -> pairs.add(pair.path(0).asText() + "=" + pair.path(1).asText()));
        return String.join(";", pairs);
    }

    private static List<SavedTable> tables() throws IOException {
        List<SavedTable> tables = new ArrayList<>();
        for (IptablesBackend backend : IptablesBackend.values()) {
            if (Iptables.installed(backend)) {
                Optional.ofNullable(new Iptables(backend, false).save().get("nat")).ifPresent(tables::add);
            }
        }
        return tables;
    }

    private static boolean has(SavedTable table, Mapped pod) {
        return !table.rules(pod.chain()).isEmpty() && jumps(table, DNAT, pod.chain()) && jumps(table, "PREROUTING", DNAT) && jumps(table, "OUTPUT", DNAT);
    }

    private static boolean jumps(SavedTable table, String from, String to) {
        return table.rules(from).stream().anyMatch(rule -> rule.endsWith("-j " + to));
    }

    private void add(Mapped pod) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(programs.resolve(PORTMAP).toString()).redirectErrorStream(true);
        builder.environment().put("CNI_COMMAND", "ADD");
        builder.environment().put("CNI_CONTAINERID", pod.id.containerId());
        builder.environment().put("CNI_NETNS", pod.netns);
        builder.environment().put("CNI_IFNAME", pod.id.interfaceInPod());
        builder.environment().put("CNI_PATH", programs.toString());
        builder.environment().put("CNI_ARGS", pod.arguments);
        Path output = Files.createTempFile("canal-portmap", "");
        try {
            Process portmap = builder.redirectOutput(Redirect.to(output.toFile())).start();
            try (var stdin = portmap.getOutputStream()) {
                stdin.write(Json.compact(pod.config).getBytes(StandardCharsets.UTF_8));
            }
            if (!portmap.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                portmap.destroyForcibly();
                throw new IOException("portmap did not end within " + PATIENCE_SECONDS + " s");
            }
            if (portmap.exitValue() != 0) {
                throw new IOException("portmap says " + Files.readString(output).strip());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        } finally {
            Files.deleteIfExists(output);
        }
    }

    private static String sha512(String text) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-512").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError("every JVM has SHA-512", impossible);
        }
    }
}
