package io.canal.charm;

import io.canal.check.Examination;
import io.canal.check.NodeObserver;
import io.canal.check.Observation;
import io.canal.check.Report;
import io.canal.config.AgentConfig;
import io.canal.config.EtcdConfig;
import io.canal.model.Decoded;
import io.canal.model.NetworkKeys;
import io.canal.model.NodePaths;
import io.canal.model.Problem;
import io.canal.reconcile.Clock;
import io.canal.store.EtcdSettings;
import io.canal.store.EtcdStore;
import io.canal.store.Store;
import io.canal.store.TlsFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;

/** Looks at this node and at etcd, with a client of its own whose patience is short. */
final class SubnetCheck {

    /** The first call of a cold process with TLS takes seconds on a busy node, and who runs an action can wait. */
    private static final Duration DEADLINE = Duration.ofSeconds(10);

    // Held, because java.util.logging forgets a logger's level once nobody refers to the logger.
    private static final Logger LIBRARIES = Logger.getLogger("io");

    private final NodePaths node;
    private final String command;

    /** @param command as {@link io.canal.juju.HookContext#command()} */
    SubnetCheck(NodePaths node, String command) {
        this.node = node;
        this.command = command;
        // What an action prints is shown to the operator; what its libraries have to tell is not for him.
        LIBRARIES.setLevel(Level.SEVERE);
    }

    Report report() throws IOException {
        return Examination.of(observation());
    }

    Observation observation() throws IOException {
        String path = node.agentYaml().toString();
        String text;
        try {
            text = Files.readString(node.agentYaml());
        } catch (NoSuchFileException absent) {
            return look(AgentConfig.defaults(), "canal has not been configured yet: there is no " + path);
        }
        return switch (AgentConfig.parse(path, text)) {
            case Decoded.Bad<AgentConfig>(Problem problem) -> look(AgentConfig.defaults(), problem.sentence());
            case Decoded.Good<AgentConfig>(AgentConfig config) when !config.etcd().known() -> look(config, path + " names no etcd");
            case Decoded.Good<AgentConfig>(AgentConfig config) -> look(config, "");
        };
    }

    /** @param whyNoEtcd empty where etcd is to be asked */
    private Observation look(AgentConfig config, String whyNoEtcd) throws IOException {
        NodeObserver observer = new NodeObserver(node, new NetworkKeys(config.etcd().prefix()));
        if (!whyNoEtcd.isEmpty()) {
            return observer.look(config.unit(), command, config.mtu(), Optional.empty(), whyNoEtcd);
        }
        try (Store store = new EtcdStore(settings(config.etcd()), Clock.system())) {
            return observer.look(config.unit(), command, config.mtu(), Optional.of(store), "");
        }
    }

    private static EtcdSettings settings(EtcdConfig etcd) {
        Optional<TlsFiles> tls = etcd.ca().isEmpty()
                ? Optional.empty()
                : Optional.of(new TlsFiles(Path.of(etcd.ca()), Path.of(etcd.cert()), Path.of(etcd.key())));
        return new EtcdSettings(etcd.endpoints(), () -> tls, DEADLINE, DEADLINE);
    }
}
