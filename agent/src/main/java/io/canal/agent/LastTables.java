package io.canal.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.dataplane.file.AtomicFile;
import io.canal.model.Decoded;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Json;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last tables that were in sync with etcd, in {@code /var/lib/canal/tables.json}: what a node works from, without removing
 * anything, when it starts and etcd is away.
 *
 * @param config of the network
 * @param own this node's subnet with its lease's value
 * @param peers the other nodes'
 */
record LastTables(NetworkConfig config, Map.Entry<SubnetKey, LeaseValue> own, Map<SubnetKey, LeaseValue> peers) {

    private static final Logger log = LoggerFactory.getLogger(LastTables.class);

    LastTables {
        peers = Map.copyOf(peers);
    }

    private static Path file(Path folder) {
        return folder.resolve("tables.json");
    }

    void save(Path folder) throws IOException {
        ObjectNode object = Json.object().put("config", config.text());
        object.putObject("own").put(own.getKey().text(), own.getValue().text());
        ObjectNode leases = object.putObject("peers");
        peers.forEach((key, value) -> leases.put(key.text(), value.text()));
        AtomicFile.write(file(folder), Json.compact(object), AtomicFile.SECRET);
    }

    /** The tables on disk; empty where there are none, or where they are damaged. */
    static Optional<LastTables> load(Path folder) {
        String text;
        try {
            text = Files.readString(file(folder));
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        } catch (IOException failure) {
            log.warn("{} could not be read: {}", file(folder), failure.getMessage());
            return Optional.empty();
        }
        return switch (Json.object(file(folder).toString(), text).then(LastTables::decode)) {
            case Good<LastTables>(LastTables tables) -> Optional.of(tables);
            case Bad<LastTables>(var problem) -> {
                log.warn("the last tables are not used: {}", problem.sentence());
                yield Optional.empty();
            }
        };
    }

    private static Decoded<LastTables> decode(ObjectNode object) {
        Map<SubnetKey, LeaseValue> own = leases(object.path("own"));
        if (own.size() != 1) {
            return Decoded.bad("tables.json", "own", object.path("own").toString(), "one lease");
        }
        return NetworkConfig.parse("tables.json", object.path("config").asText())
                .map(config -> new LastTables(config, own.entrySet().iterator().next(), leases(object.path("peers"))));
    }

    private static Map<SubnetKey, LeaseValue> leases(JsonNode object) {
        Map<SubnetKey, LeaseValue> leases = new HashMap<>();
        for (Map.Entry<String, JsonNode> field : object.properties()) {
            if (SubnetKey.parse("tables.json", field.getKey()) instanceof Good<SubnetKey>(SubnetKey key)
                    && LeaseValue.parse("tables.json", field.getValue().asText()) instanceof Good<LeaseValue>(LeaseValue value)) {
                leases.put(key, value);
            }
        }
        return leases;
    }
}
