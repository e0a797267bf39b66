package io.canal.cni;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.kernel.iptables.Iptables;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.iptables.SavedTable;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.Json;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
    /** A DEL waits for it, and has 8 s for all. */
    private static final long PATIENCE_SECONDS = 3;

    private final Path programs;
    private final List<Path> results;
    private final Attachments attachments;
    private final String boot;
    /** What was made again here, until its pod is gone. */
    private final Map<Attachment.Id, Mapped> restored = new HashMap<>();

    /** What the runtime remembers of a pod with hostPorts. */
    private record Mapped(Attachment.Id id, Set<Family> families, String network, String netns, String arguments, ObjectNode config) {

        /** portmap's own chain for a pod. */
        String chain() {
            return ("CNI-DN-" + sha512(network + id.containerId())).substring(0, 28);
        }
    }

    /** @param boot of now: pods of an earlier one are gone, whatever runtimes remember of them */
    HostPorts(Path programs, List<Path> results, Attachments attachments, String boot) {
        this.programs = programs;
        this.results = results;
        this.attachments = attachments;
        this.boot = boot;
    }

    /** The ids of the pods whose rules are missing. */
    List<Attachment.Id> missing() throws IOException {
        List<Mapped> pods = mapped();
        List<IptablesBackend> backends = Arrays.stream(IptablesBackend.values()).filter(Iptables::installed).toList();
        if (pods.isEmpty() || backends.isEmpty()) {
            return List.of();
        }
        Map<Family, List<SavedTable>> tables = new EnumMap<>(Family.class);
        for (Family family : Family.values()) {
            if (pods.stream().anyMatch(pod -> pod.families.contains(family))) {
                tables.put(family, tables(backends, family));
            }
        }
        return pods.stream().filter(pod -> pod.families.stream().anyMatch(family -> tables.getOrDefault(family, List.of()).stream().noneMatch(table -> has(table, pod))))
                .map(Mapped::id).distinct().toList();
    }

    /** Has portmap make a pod's rules again. */
    void restore(Attachment.Id id) throws IOException {
        for (Mapped pod : mapped()) {
            if (pod.id.equals(id)) {
                restored.put(id, pod);
                run("ADD", pod);
                log.warn("the rules for hostPorts of {} were gone, and are put back", id);
            }
        }
    }

    /** The ids of those that were made again and whose pods are gone since. */
    List<Attachment.Id> left() {
        return restored.keySet().stream().filter(id -> attachments.get(id).isEmpty()).toList();
    }

    /** Has portmap remove what was made again for a pod that was about to go: its runtime may have called portmap before that. */
    void withdraw(Attachment.Id id) throws IOException {
        Mapped pod = restored.get(id);
        if (pod != null && attachments.get(id).isEmpty()) {
            run("DEL", pod);
            restored.remove(id);
        }
    }

    private List<Mapped> mapped() throws IOException {
        List<Mapped> pods = new ArrayList<>();
        for (Path folder : results) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                for (Path file : files) {
                    read(file).ifPresent(pods::add);
                }
            } catch (DirectoryIteratorException broken) {
                throw broken.getCause();
            } catch (NoSuchFileException none) {
                continue;
            }
        }
        return pods;
    }

    /** What cannot be read is passed over: it may be gone by now, or be nobody's result, and concerns no other pod. */
    private Optional<Mapped> read(Path file) {
        try {
            return switch (Json.object(file.toString(), new String(Files.readAllBytes(file), StandardCharsets.UTF_8))) {
                case Bad<ObjectNode> garbage -> Optional.empty();
                case Good<ObjectNode>(ObjectNode cache) -> mapped(cache);
            };
        } catch (IOException | IllegalArgumentException garbage) {
            log.debug("{} is passed over: {}", file, garbage.toString());
            return Optional.empty();
        }
    }

    private Optional<Mapped> mapped(ObjectNode cache) {
        JsonNode mappings = cache.path("capabilityArgs").path("portMappings");
        Attachment.Id id = new Attachment.Id(cache.path("containerId").asText(), cache.path("ifName").asText());
        Optional<Attachment> attached = attachments.get(id).filter(Journal.Entry::up).map(Journal.Entry::attachment)
                .filter(attachment -> attachment.boot().equals(boot) && attachments.owns(attachment));
        if (attached.isEmpty() || mappings.isEmpty()) {
            return Optional.empty();
        }
        Set<Family> families = families(attached.get(), mappings);
        String list = new String(Base64.getMimeDecoder().decode(cache.path("config").asText()), StandardCharsets.UTF_8);
        return Json.object("the cached configuration", list) instanceof Good<ObjectNode>(ObjectNode network)
                ? plugin(network).map(plugin -> new Mapped(id, families, cache.path("networkName").asText(), netns(cache, attached.get()), arguments(cache), config(cache, network, plugin)))
                : Optional.empty();
    }

    /** Those for which portmap makes rules: of the pod's, those that some mapping's address on the host has too. */
    private static Set<Family> families(Attachment attachment, JsonNode mappings) {
        Set<Family> families = EnumSet.noneOf(Family.class);
        for (JsonNode mapping : mappings) {
            Optional<Family> only = Ip.parse(hostIp(mapping)).map(Ip::family);
            attachment.addresses().stream().map(Ip::family).filter(family -> only.isEmpty() || only.get() == family).forEach(families::add);
        }
        return families;
    }

    /** containerd keeps Go's own names, {@code HostIP}. */
    private static String hostIp(JsonNode mapping) {
        return mapping.properties().stream().filter(field -> field.getKey().equalsIgnoreCase("hostIP")).map(field -> field.getValue().asText()).findFirst().orElse("");
    }

    /** containerd 1.6 does not keep it. */
    private static String netns(ObjectNode cache, Attachment attached) {
        String kept = cache.path("netns").asText();
        return kept.isEmpty() ? attached.netns() : kept;
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

    private static List<SavedTable> tables(List<IptablesBackend> backends, Family family) throws IOException {
        List<SavedTable> tables = new ArrayList<>();
        for (IptablesBackend backend : backends) {
            Optional.ofNullable(new Iptables(backend, family == Family.V6).save().get("nat")).ifPresent(tables::add);
        }
        return tables;
    }

    private static boolean has(SavedTable table, Mapped pod) {
        return !table.rules(pod.chain()).isEmpty() && jumps(table, DNAT, pod.chain()) && jumps(table, "PREROUTING", DNAT) && jumps(table, "OUTPUT", DNAT);
    }

    private static boolean jumps(SavedTable table, String from, String to) {
        return table.rules(from).stream().anyMatch(rule -> rule.endsWith("-j " + to));
    }

    private void run(String command, Mapped pod) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(programs.resolve(PORTMAP).toString()).redirectErrorStream(true);
        builder.environment().put("CNI_COMMAND", command);
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
