package io.canal.agent;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.dataplane.file.AtomicFile;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Json;
import io.canal.model.NetworkConfig;
import io.canal.model.Problem;
import io.canal.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the network's configuration into etcd, once for each request of a leader's hook.
 *
 * <p>While etcd is away the request waits on disk, with what this node knew of the network then. It is carried out once, and only
 * if that is still so: another leader may have put another one meanwhile.
 */
final class NetworkPut {

    private static final Logger log = LoggerFactory.getLogger(NetworkPut.class);

    private final Path waiting;

    /**
     * Without a request.
     *
     * @param stateDir where a request waits
     */
    NetworkPut(Path stateDir) {
        this.waiting = stateDir.resolve("network-put.json");
    }

    /** What became of a request. */
    sealed interface Outcome {

        /** It is in force. */
        record Done() implements Outcome {}

        /** It will be put when etcd answers; {@code reason} is why it is not now. */
        record Waits(String reason) implements Outcome {}

        /** It will not be put, for the reason in the sentence. */
        record Refused(String sentence) implements Outcome {}
    }

    /** Who puts it: gives why not, as a sentence, or nothing where it is in force. */
    interface Putter {
        Optional<String> put(String json, Predicate<Optional<NetworkConfig>> expected) throws StoreException;
    }

    /**
     * Carries out a request, or keeps it.
     *
     * @param putter empty while there is no etcd to talk to
     * @param seen the text of the configuration that this node knows of, empty for none; or nothing where it knows nothing yet
     */
    synchronized Outcome put(Optional<Putter> putter, String json, Optional<String> seen) {
        return put(putter, json, seen, _ -> true);
    }

    private Outcome put(Optional<Putter> putter, String json, Optional<String> seen, Predicate<Optional<NetworkConfig>> expected) {
        if (NetworkConfig.parse("request network", json) instanceof Bad<NetworkConfig>(Problem problem)) {
            return new Outcome.Refused(problem.sentence() + ".");
        }
        if (putter.isEmpty()) {
            return keep(json, seen, "No etcd is known yet.");
        }
        try {
            Optional<String> refusal = putter.get().put(json, expected);
            Files.deleteIfExists(waiting);
            return refusal.<Outcome>map(Outcome.Refused::new).orElseGet(Outcome.Done::new);
        } catch (StoreException away) {
            return keep(json, seen, String.valueOf(away.getMessage()));
        } catch (IOException failure) {
            return new Outcome.Refused(waiting + " could not be removed: " + failure.getMessage() + ".");
        }
    }

    /** Whether a request waits for etcd. */
    boolean pending() {
        return Files.exists(waiting);
    }

    /** Carries out the request that waits, if there is one, now that etcd answers. */
    synchronized Optional<Outcome> retry(Putter putter) {
        String text;
        try {
            text = Files.readString(waiting);
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (IOException failure) {
            return Optional.of(new Outcome.Refused(waiting + " could not be read: " + failure.getMessage() + "."));
        }
        Outcome outcome = switch (Json.object(waiting.toString(), text)) {
            case Good<ObjectNode>(ObjectNode spooled) -> {
                Optional<String> seen = Optional.ofNullable(spooled.get("seen")).map(JsonNode::asText);
                yield put(Optional.of(putter), spooled.path("network").asText(), seen,
                        now -> seen.isEmpty() || seen.get().equals(now.map(NetworkConfig::text).orElse("")));
            }
            case Bad<ObjectNode>(Problem problem) -> discard(problem);
        };
        log.info("the network configuration that waited: {}", outcome);
        return Optional.of(outcome);
    }

    private Outcome discard(Problem damaged) {
        try {
            Files.deleteIfExists(waiting);
        } catch (IOException failure) {
            log.warn("{} could not be removed: {}", waiting, failure.getMessage());
        }
        return new Outcome.Refused(damaged.sentence() + ".");
    }

    private Outcome keep(String json, Optional<String> seen, String reason) {
        try {
            ObjectNode spooled = Json.object().put("network", json);
            seen.ifPresent(text -> spooled.put("seen", text));
            AtomicFile.write(waiting, Json.pretty(spooled), AtomicFile.SECRET);
            return new Outcome.Waits(reason);
        } catch (IOException failure) {
            return new Outcome.Refused("etcd is away, and " + waiting + " could not be written: " + failure.getMessage() + ".");
        }
    }
}
