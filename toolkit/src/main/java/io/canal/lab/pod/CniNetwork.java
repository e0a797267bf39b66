package io.canal.lab.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.model.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A host's pod network as a runtime reads it: of the files in /etc/cni/net.d, the first by name.
 *
 * @param file on the host
 * @param text as it was read
 * @param version the highest version that the file allows and we speak
 */
record CniNetwork(String file, String text, String name, String version, List<ObjectNode> plugins) {

    private static final String FOLDER = "/etc/cni/net.d";
    /** What libcni of today speaks, highest first. */
    private static final List<String> SPOKEN = List.of("1.1.0", "1.0.0", "0.4.0", "0.3.1", "0.3.0");

    static CniNetwork of(Host host) {
        try (Stream<Path> files = Files.list(host.path(FOLDER))) {
            Path first = files.filter(path -> path.toString().matches(".*\\.(conf|conflist|json)")).sorted().findFirst()
                    .orElseThrow(() -> new LabException("Host " + host + " has no CNI configuration in " + FOLDER + " yet."));
            return parse(FOLDER + "/" + first.getFileName(), Files.readString(first, StandardCharsets.UTF_8));
        } catch (IOException absent) {
            throw new LabException("Host " + host + " has no CNI configuration in " + FOLDER + " yet.", absent);
        }
    }

    static CniNetwork parse(String file, String text) {
        ObjectNode list = Json.object(file, text).orThrow();
        List<ObjectNode> plugins = new ArrayList<>();
        for (JsonNode plugin : list.path("plugins")) {
            if (!(plugin instanceof ObjectNode object) || !plugin.path("type").isTextual()) {
                throw new LabException(file + ": plugins holds " + plugin + ", expected objects with a type.");
            }
            plugins.add(object);
        }
        if (plugins.isEmpty()) {
            throw new LabException(file + ": plugins is empty.");
        }
        Set<String> allowed = Stream.concat(Stream.of(list.path("cniVersion").asText("0.1.0")),
                Stream.of(list.path("cniVersions")).flatMap(versions -> versions.valueStream()).map(JsonNode::asText)).collect(
                        Collectors.toSet());
        String version = SPOKEN.stream().filter(allowed::contains).findFirst()
                .orElseThrow(() -> new LabException(file + ": cniVersion is " + allowed + ", expected one of " + SPOKEN + "."));
        return new CniNetwork(file, text, list.path("name").asText(), version, plugins);
    }

    /** Whether plugins of this version get the result of ADD when an attachment is deleted. */
    boolean resultOnDelete() {
        return !version.startsWith("0.3");
    }
}
