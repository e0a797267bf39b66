package io.canal.agent;

import io.canal.agent.Conditions.Weight;
import io.canal.config.Listen;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where health and metrics are served: as soon as nobody else has the port. */
final class HealthPort implements AutoCloseable {

    private final Opening opening;
    private final Conditions conditions;
    private @Nullable Listen wanted;
    private @Nullable HealthServer server;
    private volatile int port;

    /** Makes a server that listens. */
    interface Opening {
        HealthServer at(Listen listen) throws IOException;
    }

    HealthPort(Opening opening, Conditions conditions) {
        this.opening = opening;
        this.conditions = conditions;
    }

    /** Listens here and no longer where it was; that it cannot is noted. */
    synchronized void listen(Listen listen) {
        close();
        wanted = listen;
        open(listen);
    }

    /** Tries again what could not be listened on. */
    synchronized void retry() {
        if (wanted != null && server == null) {
            open(wanted);
        }
    }

    /** The port that is listened on; 0 for none. */
    int port() {
        return port;
    }

    @Override
    public synchronized void close() {
        wanted = null;
        port = 0;
        if (server != null) {
            server.close();
            server = null;
        }
    }

    private void open(Listen listen) {
        try {
            HealthServer opened = opening.at(listen);
            server = opened;
            port = opened.port();
            conditions.set("health", Weight.NOTE, Optional.empty());
        } catch (IOException failure) {
            conditions.set("health", Weight.NOTE,
                    Optional.of("Health and metrics are not served: " + listen + " cannot be listened on (" + failure.getMessage() + ")."));
        }
    }
}
