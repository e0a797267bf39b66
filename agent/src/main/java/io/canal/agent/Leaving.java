package io.canal.agent;

import io.canal.model.NodePaths;
import io.canal.reconcile.Clock;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removes canal from a node on which no agent runs. */
final class Leaving {

    private static final Logger log = LoggerFactory.getLogger(Leaving.class);

    private Leaving() {}

    static void run(Arguments arguments) throws IOException {
        Path stateDir = new NodePaths(arguments.root()).stateDir();
        List<String> left;
        try (Agent agent = new Agent(arguments, config -> EtcdLink.store(config.etcd(), stateDir, Clock.system()), Clock.system())) {
            agent.etcd().connect();
            left = agent.leave();
        }
        if (!left.isEmpty()) {
            throw new IOException(String.join(" ", left));
        }
        log.info("canal has left this node");
    }
}
