package io.canal.agent;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.dataplane.file.AtomicFile;
import io.canal.model.Cidr;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Json;
import io.canal.model.NetworkConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The networks that this node has known, and the overlay's last port, in {@code /var/lib/canal/networks.json}.
 *
 * <p>The port is guarded from the first moment after a start, before etcd says which it is. A network that was replaced keeps its
 * rules while some node still has a subnet of it.
 */
final class NetworkMemory {

    private static final Logger log = LoggerFactory.getLogger(NetworkMemory.class);

    private final Path file;
    private int port;
    private List<Cidr> networks;

    private NetworkMemory(Path file, int port, List<Cidr> networks) {
        this.file = file;
        this.port = port;
        this.networks = networks;
    }

    /** Reads the file; one that is absent or damaged counts as empty. */
    static NetworkMemory load(Path stateDir) {
        Path file = stateDir.resolve("networks.json");
        try {
            switch (Json.object(file.toString(), Files.readString(file))) {
                case Good<ObjectNode>(ObjectNode object) -> {
                    List<Cidr> networks = new ArrayList<>();
                    object.path("networks").forEach(text -> Cidr.parse(text.asText()).ifPresent(networks::add));
                    return new NetworkMemory(file, object.path("port").asInt(), networks);
                }
                case Bad<ObjectNode>(var problem) -> log.warn("{}; it is passed over", problem.sentence());
            }
        } catch (NoSuchFileException first) {
            log.debug("{} is not there yet", file);
        } catch (IOException unreadable) {
            log.warn("{} cannot be read: {}; it is passed over", file, unreadable.getMessage());
        }
        return new NetworkMemory(file, 0, List.of());
    }

    /** The overlay's last UDP port; empty before the first. */
    synchronized Optional<Integer> port() {
        return port == 0 ? Optional.empty() : Optional.of(port);
    }

    /** The networks that were replaced, the latest first. */
    synchronized List<Cidr> before(NetworkConfig config) {
        return networks.stream().filter(network -> !config.networks().contains(network)).toList();
    }

    /** This is in force. A failure to write is logged: the node works on without. */
    synchronized void learn(NetworkConfig config) {
        List<Cidr> now = new ArrayList<>(config.networks());
        networks.stream().filter(network -> !now.contains(network)).forEach(now::add);
        int nowPort = config.backend().isVxlan() ? config.backend().udpPort() : port;
        if (!now.equals(networks) || nowPort != port) {
            networks = now;
            port = nowPort;
            write();
        }
    }

    /** No node has a subnet of this network any more. */
    synchronized void forget(Cidr network) {
        if (networks.contains(network)) {
            networks = networks.stream().filter(other -> !other.equals(network)).toList();
            write();
        }
    }

    private void write() {
        ObjectNode object = Json.object().put("port", port);
        ArrayNode list = object.putArray("networks");
        networks.forEach(network -> list.add(network.toString()));
        try {
            AtomicFile.write(file, Json.pretty(object) + "\n", AtomicFile.SECRET);
        } catch (IOException failure) {
            log.error("{} could not be written, so a restart will not know of the last change: {}", file, failure.getMessage());
        }
    }
}
