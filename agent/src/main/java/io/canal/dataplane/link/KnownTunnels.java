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
 * The tunnels that are ours, on disk: a line {@code name MAC boot} each, with the id of the boot in which it was last seen.
 *
 * <p>A reboot thus keeps the MAC, so that peers need not learn another one, and a tunnel that the network no longer names is
 * still known to be ours to remove. A line that cannot be read is dropped.
 */
final class KnownTunnels {

    private static final Logger log = LoggerFactory.getLogger(KnownTunnels.class);

    private final Path file;
    private final String boot;
    private final Map<String, Seen> tunnels;

    /** @param boot empty where it is not known, as programs before this one did not write it */
    private record Seen(Mac mac, String boot) {}

    private KnownTunnels(Path file, String boot, Map<String, Seen> tunnels) {
        this.file = file;
        this.boot = boot;
        this.tunnels = tunnels;
    }

    /** @param boot the id of this one */
    static KnownTunnels load(Path stateDir, String boot) {
        Path file = stateDir.resolve("tunnels");
        Map<String, Seen> tunnels = new LinkedHashMap<>();
        try {
            for (String line : new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList()) {
                String[] words = line.strip().split(" ");
                Optional<Mac> mac = words.length == 2 || words.length == 3 ? Mac.parse(words[1]) : Optional.empty();
                if (mac.isPresent()) {
                    tunnels.put(words[0], new Seen(mac.get(), words.length == 3 ? words[2] : ""));
                } else {
                    log.warn("{}: line \"{}\" is not a name, a MAC and a boot; it is dropped", file, line);
                }
            }
        } catch (NoSuchFileException first) {
            // Nothing is ours yet.
        } catch (IOException unreadable) {
            log.warn("{} cannot be read, and counts as empty: {}", file, unreadable.toString());
        }
        return new KnownTunnels(file, boot, tunnels);
    }

    Set<String> names() {
        return Set.copyOf(tunnels.keySet());
    }

    /** Whether this tunnel was ours in this boot already: a device that is there since an earlier one would be others'. */
    boolean isOfThisBoot(String name) {
        Seen seen = tunnels.get(name);
        return seen != null && !boot.isEmpty() && seen.boot.equals(boot);
    }

    /** The MAC of this tunnel, or of another that we had for the family: the network's identifier may have changed. */
    Optional<Mac> mac(Family family, String name) {
        Seen own = tunnels.get(name);
        String prefix = family == Family.V4 ? "flannel." : "flannel-v6.";
        return own != null
                ? Optional.of(own.mac)
                : tunnels.entrySet().stream().filter(entry -> entry.getKey().startsWith(prefix)).map(entry -> entry.getValue().mac).findFirst();
    }

    void put(String name, Mac mac) throws IOException {
        Seen now = new Seen(mac, boot);
        if (!now.equals(tunnels.put(name, now))) {
            write();
        }
    }

    void remove(String name) throws IOException {
        if (tunnels.remove(name) != null) {
            write();
        }
    }

    private void write() throws IOException {
        if (tunnels.isEmpty()) {
            Files.deleteIfExists(file);
            return;
        }
        String text = tunnels.entrySet().stream().map(entry -> entry.getKey() + " " + entry.getValue().mac + " " + entry.getValue().boot + "\n")
                .collect(Collectors.joining());
        AtomicFile.write(file, text, AtomicFile.SECRET);
    }
}
