package io.canal.dataplane.file;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the CNI plugins have answered, in {@code /var/lib/canal/plugins.json}. May be used from any thread. */
final class PluginMemory {

    private static final Logger log = LoggerFactory.getLogger(PluginMemory.class);

    private final Path file;

    /**
     * An answer.
     *
     * @param program identifies the file that gave it: another one, or another content, has another of these
     */
    record Answer(String program, Set<String> versions) {}

    PluginMemory(Path stateDir) {
        this.file = stateDir.resolve("plugins.json");
    }

    /** What the plugin answered last; empty where it never did. */
    synchronized Optional<Answer> last(String plugin) {
        JsonNode answer = read().path(plugin);
        Set<String> versions = answer.path("versions").valueStream().map(JsonNode::asText).collect(Collectors.toSet());
        return versions.isEmpty() ? Optional.empty() : Optional.of(new Answer(answer.path("program").asText(), versions));
    }

    /** Keeps an answer. A failure to write is logged: the plugin is asked again after a restart. */
    synchronized void keep(String plugin, Answer answer) {
        ObjectNode all = read();
        ArrayNode versions = all.putObject(plugin).put("program", answer.program()).putArray("versions");
        answer.versions().stream().sorted().forEach(versions::add);
        try {
            AtomicFile.write(file, Json.pretty(all) + "\n", AtomicFile.SECRET);
        } catch (IOException failure) {
            log.warn("{} could not be written: {}", file, failure.getMessage());
        }
    }

    private ObjectNode read() {
        try {
            switch (Json.object(file.toString(), Files.readString(file))) {
                case Good<ObjectNode>(ObjectNode object) -> {
                    return object;
                }
                case Bad<ObjectNode>(var problem) -> log.warn("{}; it is passed over", problem.sentence());
            }
        } catch (NoSuchFileException first) {
            log.debug("{} is not there yet", file);
        } catch (IOException unreadable) {
            log.warn("{} cannot be read: {}; it is passed over", file, unreadable.getMessage());
        }
        return Json.object();
    }
}
