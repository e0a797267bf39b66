package io.canal.agent;

import io.canal.dataplane.file.AtomicFile;
import io.canal.model.Decoded.Bad;
import io.canal.model.NetworkConfig;
import io.canal.model.Problem;
import io.canal.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the network's configuration into etcd, once for each request of a leader's hook.
 *
 * <p>While etcd is away the request waits on disk. It is carried out once: a difference that shows up later is only reported,
 * because another leader may have put another one meanwhile.
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
        Optional<String> put(String json) throws StoreException;
    }

    /**
     * Carries out a request, or keeps it.
     *
     * @param putter empty while there is no etcd to talk to
     */
    synchronized Outcome put(Optional<Putter> putter, String json) {
        if (NetworkConfig.parse("request network", json) instanceof Bad<NetworkConfig>(Problem problem)) {
            return new Outcome.Refused(problem.sentence() + ".");
        }
        if (putter.isEmpty()) {
            return keep(json, "No etcd is known yet.");
        }
        try {
            Optional<String> refusal = putter.get().put(json);
            Files.deleteIfExists(waiting);
            return refusal.<Outcome>map(Outcome.Refused::new).orElseGet(Outcome.Done::new);
        } catch (StoreException away) {
            return keep(json, String.valueOf(away.getMessage()));
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
        Outcome outcome = put(Optional.of(putter), text);
        log.info("the network configuration that waited: {}", outcome);
        return Optional.of(outcome);
    }

    private Outcome keep(String json, String reason) {
        try {
            AtomicFile.write(waiting, json, AtomicFile.SECRET);
            return new Outcome.Waits(reason);
        } catch (IOException failure) {
            return new Outcome.Refused("etcd is away, and " + waiting + " could not be written: " + failure.getMessage() + ".");
        }
    }
}
