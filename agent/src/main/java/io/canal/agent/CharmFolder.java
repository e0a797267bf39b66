package io.canal.agent;

import io.canal.agent.Conditions.Weight;
import io.canal.model.NodePaths;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices that the unit's folder is gone: Juju may remove a unit without running its last hooks, and then nobody tells the agent.
 *
 * <p>It is only said. Pods may still run here, and a folder that is missing is no proof that nobody wants them any more.
 */
final class CharmFolder {

    private static final Logger log = LoggerFactory.getLogger(CharmFolder.class);

    private final NodePaths paths;
    private final Supplier<String> charmDir;
    private final Conditions conditions;
    private boolean missedOnce;
    private boolean said;

    /** @param charmDir as the configuration has it; empty without Juju */
    CharmFolder(NodePaths paths, Supplier<String> charmDir, Conditions conditions) {
        this.paths = paths;
        this.charmDir = charmDir;
        this.conditions = conditions;
    }

    /** Looks. A folder that is missing once may be one that is just being replaced. */
    void check() {
        String folder = charmDir.get();
        boolean missing = !folder.isEmpty() && !Files.isDirectory(there(folder));
        boolean gone = missing && missedOnce;
        missedOnce = missing;
        String sentence = "The charm's folder " + folder + " is gone, so the unit was removed without its last hooks. This removes canal from this node: \""
                + "cd /opt/canal/current && runtime/bin/java @hook.args -Dcanal.home=/opt/canal/current io.canal.charm.Main --leave\".";
        if (gone && !said) {
            log.warn("{}", sentence);
        }
        said = gone;
        conditions.set("charm", Weight.NOTE, gone ? Optional.of(sentence) : Optional.empty());
    }

    private Path there(String folder) {
        return paths.root().resolve(folder.startsWith("/") ? folder.substring(1) : folder);
    }
}
