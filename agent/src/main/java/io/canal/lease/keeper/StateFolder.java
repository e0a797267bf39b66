package io.canal.lease.keeper;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.lease.Remembered;
import io.canal.model.Decoded;
import io.canal.model.HolderRecord;
import io.canal.model.Json;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Clock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What must outlive a restart. A file that cannot be read counts as absent: it is a memory, not the truth; but for the node id. */
final class StateFolder {

    private static final Logger log = LoggerFactory.getLogger(StateFolder.class);

    /** Longer than any lease lives; nanoseconds hold it. */
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private static final Pattern NODE_ID = Pattern.compile("[0-9a-f]{32}");

    private final Path folder;

    /**
     * Which etcd we last spoke to.
     *
     * @param leases the highest revision that the watch of the leases told
     * @param holders likewise
     * @param distrust nothing is removed before it ends
     */
    record Known(long clusterId, long leases, long holders, Optional<Distrust> distrust) {

        static final Known NOTHING = new Known(0, 0, 0, Optional.empty());

        Known revisions(long ofLeases, long ofHolders) {
            return new Known(clusterId, ofLeases, ofHolders, distrust);
        }
    }

    /**
     * Of an etcd that was replaced or restored.
     *
     * @param until when it ends, as people read it
     * @param endsNanos the same by the clock that nobody sets
     */
    record Distrust(Instant until, long endsNanos) {}

    /** Our last subnet, and the etcd that we had it from. */
    record Last(Optional<Remembered> subnet, Known known) {

        /** Whether it is more than that the network has changed. */
        boolean differs(Last before) {
            return !subnet.equals(before.subnet) || known.clusterId() != before.known.clusterId() || !known.distrust().equals(before.known.distrust());
        }
    }

    /** The network as it was last known whole. */
    record Tables(Optional<NetworkConfig> config, Map<SubnetKey, LeaseValue> leases, Map<SubnetKey, HolderRecord> holders) {}

    StateFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * The node id; made and kept where there is none.
     *
     * @throws UncheckedIOException where there is one that cannot be read: another in its place would make this another node, with
     *         another subnet
     */
    String nodeId(RandomGenerator random) {
        Path file = folder.resolve("node-id");
        try {
            String id = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).strip();
            if (!NODE_ID.matcher(id).matches()) {
                throw new IOException("it has " + id.length() + " bytes that begin with \"" + readable(id) + "\", expected 32 hexadecimal digits");
            }
            return id;
        } catch (NoSuchFileException absent) {
            byte[] id = new byte[16];
            random.nextBytes(id);
            String made = HexFormat.of().formatHex(id);
            write("node-id", made + "\n");
            return made;
        } catch (IOException unreadable) {
            throw new UncheckedIOException(file + ", which says which node this is, cannot be read: " + unreadable.getMessage()
                    + "; put it back, or remove it, and the node counts as a new one", unreadable);
        }
    }

    /** Puts back the node id where it is gone. */
    void keep(String nodeId) {
        if (Files.notExists(folder.resolve("node-id"))) {
            write("node-id", nodeId + "\n");
        }
    }

    /** The beginning, for a line of the journal. */
    private static String readable(String text) {
        return text.substring(0, Math.min(text.length(), 40)).replaceAll("[^ -~]", "?");
    }

    /**
     * What was written last. In the boot in which it was written all spans are what they are, whatever was done to the time of day
     * meanwhile; in another one only that tells them, and none is taken to begin in the future.
     *
     * @param clock of which the nanoseconds go on while the machine sleeps
     */
    Last last(String boot, Clock clock) {
        Optional<ObjectNode> object = object("lease.json");
        boolean sameBoot = object.filter(o -> o.path("boot").asText().equals(boot)).isPresent();
        // Programs before this one wrote a clock that leaves out sleep, and beside it how long that was.
        Times times = new Times(sameBoot, clock.now(), clock.nanos(), object.map(o -> o.path("slept").asLong()).orElse(0L));
        Optional<Remembered> subnet = object.flatMap(o -> remembered(o, times));
        Known known = object.map(o -> o.path("etcd")).filter(JsonNode::isObject)
                .map(etcd -> new Known(etcd.path("cluster").asLong(), etcd.path("leases").asLong(), etcd.path("holders").asLong(), distrust(etcd, times)))
                .orElse(Known.NOTHING);
        return new Last(subnet, known);
    }

    void last(Last last, String boot) {
        ObjectNode object = Json.object();
        object.put("boot", boot);
        last.subnet().ifPresent(subnet -> {
            object.put("subnet", subnet.subnet().text());
            object.put("value", subnet.value().text());
            object.put("confirmedAt", subnet.confirmedAt().toString());
            object.put("confirmedNanos", subnet.confirmedNanos());
        });
        ObjectNode etcd = object.putObject("etcd");
        etcd.put("cluster", last.known().clusterId());
        etcd.put("leases", last.known().leases());
        etcd.put("holders", last.known().holders());
        last.known().distrust().ifPresent(distrust -> {
            etcd.put("distrustedUntil", distrust.until().toString());
            etcd.put("distrustEndsNanos", distrust.endsNanos());
        });
        write("lease.json", Json.pretty(object));
    }

    Optional<Tables> tables() {
        return object("network.json").map(object -> {
            Optional<NetworkConfig> config = Optional.of(object.path("config").asText()).filter(text -> !text.isEmpty())
                    .flatMap(text -> good(NetworkConfig.parse("network.json", text)));
            Map<SubnetKey, LeaseValue> leases = new HashMap<>();
            object.path("leases").properties().forEach(field -> good(SubnetKey.parse("network.json", field.getKey())).ifPresent(subnet ->
                    good(LeaseValue.parse("network.json", field.getValue().asText())).ifPresent(value -> leases.put(subnet, value))));
            Map<SubnetKey, HolderRecord> holders = new HashMap<>();
            object.path("holders").properties().forEach(field -> good(SubnetKey.parse("network.json", field.getKey())).ifPresent(subnet ->
                    good(HolderRecord.parse("network.json", field.getValue().asText())).ifPresent(value -> holders.put(subnet, value))));
            return new Tables(config, leases, holders);
        });
    }

    void tables(Tables tables) {
        ObjectNode object = Json.object();
        object.put("config", tables.config().map(NetworkConfig::text).orElse(""));
        ObjectNode leases = object.putObject("leases");
        tables.leases().forEach((subnet, value) -> leases.put(subnet.text(), value.text()));
        ObjectNode holders = object.putObject("holders");
        tables.holders().forEach((subnet, value) -> holders.put(subnet.text(), value.text()));
        write("network.json", Json.compact(object));
    }

    /**
     * How times on disk are to be read.
     *
     * @param leftOut how much of sleep is not in what is written
     */
    private record Times(boolean sameBoot, Instant now, long nanos, long leftOut) {

        /** @param written by the clock that nobody sets, in its boot */
        long past(JsonNode written, Instant at) {
            return sameBoot && written.isIntegralNumber() ? written.asLong() + leftOut : nanos - span(at, now).toNanos();
        }

        long future(JsonNode written, Instant at) {
            return sameBoot && written.isIntegralNumber() ? written.asLong() + leftOut : nanos + span(now, at).toNanos();
        }

        private static Duration span(Instant from, Instant to) {
            Duration span = Duration.between(from, to);
            return span.isNegative() ? Duration.ZERO : span.compareTo(LONGEST) > 0 ? LONGEST : span;
        }
    }

    private static Optional<Distrust> distrust(JsonNode etcd, Times times) {
        return instant(etcd.path("distrustedUntil").asText()).map(until -> new Distrust(until, times.future(etcd.path("distrustEndsNanos"), until)));
    }

    private static Optional<Remembered> remembered(ObjectNode object, Times times) {
        Instant at = instant(object.path("confirmedAt").asText()).orElse(Instant.EPOCH);
        return good(SubnetKey.parse("lease.json", object.path("subnet").asText())).flatMap(subnet ->
                good(LeaseValue.parse("lease.json", object.path("value").asText())).map(value ->
                        new Remembered(subnet, value, at, times.past(object.path("confirmedNanos"), at))));
    }

    private static <T> Optional<T> good(Decoded<T> decoded) {
        return decoded instanceof Decoded.Good<T>(T value) ? Optional.of(value) : Optional.empty();
    }

    private static Optional<Instant> instant(String text) {
        try {
            return Optional.of(Instant.parse(text));
        } catch (DateTimeParseException malformed) {
            return Optional.empty();
        }
    }

    private Optional<ObjectNode> object(String name) {
        return read(name).flatMap(text -> {
            Decoded<ObjectNode> decoded = Json.object(folder.resolve(name).toString(), text);
            if (decoded instanceof Decoded.Bad<ObjectNode>(var problem)) {
                log.warn("{}; it is passed over", problem.sentence());
            }
            return good(decoded);
        });
    }

    private Optional<String> read(String name) {
        try {
            return Optional.of(Files.readString(folder.resolve(name)));
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        } catch (IOException unreadable) {
            log.warn("{} cannot be read: {}; it is passed over", folder.resolve(name), unreadable.getMessage());
            return Optional.empty();
        }
    }

    /** Whether the disk took what is written. One that does not is full, or has failed, and may be asked again. */
    static boolean took(Runnable write) {
        try {
            write.run();
            return true;
        } catch (UncheckedIOException full) {
            log.warn("{}; tried again later", full.getMessage());
        } catch (RuntimeException defect) {
            log.error("the state could not be written; this is a defect of canal", defect);
        }
        return false;
    }

    /** Whole or not at all, also over a crash of the machine. */
    private void write(String name, String text) {
        Path file = folder.resolve(name);
        Path half = folder.resolve("." + name + ".new");
        try {
            Files.createDirectories(folder);
            try (FileChannel out = FileChannel.open(half, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
                out.force(true);
            }
            Files.move(half, file, StandardCopyOption.ATOMIC_MOVE);
            try (FileChannel directory = FileChannel.open(folder)) {
                directory.force(true);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(file + " cannot be written: " + failure.getMessage(), failure);
        }
    }
}
