package io.canal.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.dataplane.file.AtomicFile;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Json;
import io.canal.model.Mac;
import io.canal.model.SubnetKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the node remembers of itself over restarts and reboots, in {@code /var/lib/canal/node.json}.
 *
 * <p>A file that is damaged is put aside and begun anew: the node then has a new id, and takes its old subnet by its address.
 */
final class NodeState {

    private static final Logger log = LoggerFactory.getLogger(NodeState.class);

    private final Path file;
    private Facts facts;

    /**
     * The facts.
     *
     * @param id random, made once: who we are in holder and session records
     * @param mac the VTEP's; made once, so that peers need not learn another one after a reboot
     * @param subnet that we had last
     * @param renewed when the lease was last known to be good
     * @param port the UDP port of the overlay that we knew last; 0 for none yet
     * @param dataplane that was chosen last; empty for none yet
     */
    record Facts(String id, Mac mac, Optional<SubnetKey> subnet, Optional<Instant> renewed, int port, String dataplane) {

        Facts withMac(Mac other) {
            return new Facts(id, other, subnet, renewed, port, dataplane);
        }

        Facts withSubnet(Optional<SubnetKey> other, Instant when) {
            return new Facts(id, mac, other, Optional.of(when), port, dataplane);
        }

        Facts withPort(int other) {
            return new Facts(id, mac, subnet, renewed, other, dataplane);
        }

        Facts withDataplane(String other) {
            return new Facts(id, mac, subnet, renewed, port, other);
        }
    }

    private NodeState(Path file, Facts facts) {
        this.file = file;
        this.facts = facts;
    }

    /** Reads the facts, or makes and writes them at the first start. */
    static NodeState load(Path folder, RandomGenerator random) throws IOException {
        Path file = folder.resolve("node.json");
        Optional<Facts> known = read(file);
        if (known.isPresent()) {
            return new NodeState(file, known.get());
        }
        byte[] id = new byte[16];
        random.nextBytes(id);
        NodeState made = new NodeState(file, new Facts(HexFormat.of().formatHex(id), Mac.random(random), Optional.empty(), Optional.empty(), 0, ""));
        made.write(made.facts);
        return made;
    }

    synchronized Facts facts() {
        return facts;
    }

    /** Changes the facts, on disk too where they differ. A failure to write is logged: the node works on without. */
    synchronized void update(UnaryOperator<Facts> change) {
        Facts changed = change.apply(facts);
        if (!changed.equals(facts)) {
            facts = changed;
            try {
                write(changed);
            } catch (IOException failure) {
                log.error("{} could not be written, so a restart will not know of the last change: {}", file, failure.getMessage());
            }
        }
    }

    private void write(Facts now) throws IOException {
        ObjectNode object = Json.object().put("id", now.id()).put("mac", now.mac().toString());
        now.subnet().ifPresent(subnet -> object.put("subnet", subnet.text()));
        now.renewed().ifPresent(renewed -> object.put("renewed", renewed.toString()));
        object.put("port", now.port()).put("dataplane", now.dataplane());
        AtomicFile.write(file, Json.pretty(object) + "\n", AtomicFile.SECRET);
    }

    private static Optional<Facts> read(Path file) throws IOException {
        String text;
        try {
            text = Files.readString(file);
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        }
        Optional<Facts> facts = switch (Json.object(file.toString(), text)) {
            case Good<ObjectNode>(ObjectNode object) -> decode(object);
            case Bad<ObjectNode> _ -> Optional.empty();
        };
        if (facts.isEmpty()) {
            Path aside = file.resolveSibling(file.getFileName() + ".damaged");
            log.error("{} is damaged; it is kept as {}, and the node gets a new id", file, aside);
            Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
        }
        return facts;
    }

    private static Optional<Facts> decode(ObjectNode object) {
        String id = object.path("id").asText();
        Optional<Mac> mac = Mac.parse(object.path("mac").asText());
        if (!id.matches("[0-9a-f]{32}") || mac.isEmpty()) {
            return Optional.empty();
        }
        Optional<SubnetKey> subnet = switch (SubnetKey.parse("subnet", object.path("subnet").asText())) {
            case Good<SubnetKey>(SubnetKey key) -> Optional.of(key);
            case Bad<SubnetKey> _ -> Optional.empty();
        };
        return Optional.of(new Facts(id, mac.get(), subnet, instant(object.path("renewed").asText()), object.path("port").asInt(),
                object.path("dataplane").asText()));
    }

    private static Optional<Instant> instant(String text) {
        try {
            return Optional.of(Instant.parse(text));
        } catch (DateTimeParseException absent) {
            return Optional.empty();
        }
    }
}
