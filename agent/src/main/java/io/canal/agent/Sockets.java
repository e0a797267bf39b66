package io.canal.agent;

import io.canal.control.FrameServer;
import io.canal.model.DiskReason;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The sockets that others reach the agent by. They are made again where somebody has removed them, and until then the node is not ready. */
final class Sockets {

    private static final Logger log = LoggerFactory.getLogger(Sockets.class);

    private final List<FrameServer> servers = new CopyOnWriteArrayList<>();
    private final Map<Path, String> failures = new ConcurrentHashMap<>();
    private final Consumer<String> journal;
    private final Runnable onChange;

    /**
     * @param journal takes a line for each that was made again
     * @param onChange told when one was found removed, and when it is there again
     */
    Sockets(Consumer<String> journal, Runnable onChange) {
        this.journal = journal;
        this.onChange = onChange;
    }

    /** From now on it is looked after. */
    FrameServer kept(FrameServer server) {
        servers.add(server);
        return server;
    }

    /** Looks whether they are there, and makes again what is not. Cheap, to be called now and then. */
    synchronized void check() {
        boolean missed = false;
        for (FrameServer server : servers) {
            if (!server.isReachable()) {
                missed = true;
                restore(server);
            }
        }
        if (missed) {
            onChange.run();
        }
    }

    private void restore(FrameServer server) {
        try {
            if (server.restore()) {
                journal.accept("put back " + server.path() + ": somebody had removed it");
            }
            failures.remove(server.path());
        } catch (IOException failure) {
            String reason = DiskReason.of(failure);
            if (!reason.equals(failures.put(server.path(), reason))) {
                log.warn("{} is gone and cannot be made again: {}", server.path(), reason);
            }
        }
    }

    /** Which of them nobody reaches now, in sentences. */
    List<String> problems() {
        return servers.stream().filter(server -> !server.isReachable()).map(this::sentence).toList();
    }

    private String sentence(FrameServer server) {
        String failure = failures.get(server.path());
        return "Nobody reaches the agent by " + server.path() + ", which somebody has removed: "
                + (failure == null ? "it is made again in a moment." : "it cannot be made again, " + failure + ".");
    }
}
