package io.canal.dataplane.link;

import io.canal.dataplane.file.AtomicFile;
import io.canal.model.Ip.Family;
import io.canal.model.Mac;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tunnels that are ours, with their MACs, on disk: a line {@code name MAC} each.
 *
 * <p>A reboot thus keeps the MAC, so that peers need not learn another one, and a tunnel that the network no longer names is
 * still known to be ours to remove. A line that cannot be read is dropped.
 */
final class KnownTunnels {

    private static final Logger log = LoggerFactory.getLogger(KnownTunnels.class);

    private final Path file;
    private final Map<String, Mac> macs;

    private KnownTunnels(Path file, Map<String, Mac> macs) {
        this.file = file;
        this.macs = macs;
    }

    static KnownTunnels load(Path stateDir) {
        Path file = stateDir.resolve("tunnels");
        Map<String, Mac> macs = new LinkedHashMap<>();
        try {
            for (String line : new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList()) {
                String[] words = line.strip().split(" ");
                Optional<Mac> mac = words.length == 2 ? Mac.parse(words[1]) : Optional.empty();
                if (mac.isPresent()) {
                    macs.put(words[0], mac.get());
                } else {
                    log.warn("{}: line \"{}\" is not a name and a MAC; it is dropped", file, line);
                }
            }
        } catch (NoSuchFileException first) {
            // Nothing is ours yet.
        } catch (IOException unreadable) {
            log.warn("{} cannot be read, and counts as empty: {}", file, unreadable.toString());
        }
        return new KnownTunnels(file, macs);
    }

    Set<String> names() {
        return Set.copyOf(macs.keySet());
    }

    /** The MAC of this tunnel, or of another that we had for the family: the network's identifier may have changed. */
    Optional<Mac> mac(Family family, String name) {
        Mac own = macs.get(name);
        String prefix = family == Family.V4 ? "flannel." : "flannel-v6.";
        return own != null
                ? Optional.of(own)
                : macs.entrySet().stream().filter(entry -> entry.getKey().startsWith(prefix)).map(Map.Entry::getValue).findFirst();
    }

    void put(String name, Mac mac) throws IOException {
        if (!mac.equals(macs.put(name, mac))) {
            write();
        }
    }

    void remove(String name) throws IOException {
        if (macs.remove(name) != null) {
            write();
        }
    }

    private void write() throws IOException {
        if (macs.isEmpty()) {
            Files.deleteIfExists(file);
            return;
        }
        String text = macs.entrySet().stream().map(entry -> entry.getKey() + " " + entry.getValue() + "\n").collect(Collectors.joining());
        AtomicFile.write(file, text, AtomicFile.SECRET);
    }
}
