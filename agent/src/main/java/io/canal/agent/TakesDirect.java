package io.canal.agent;

import io.canal.dataplane.file.FileStage;
import io.canal.model.NetworkConfig;
import io.canal.reconcile.Applied;
import java.util.Optional;

/**
 * Whether the kernel was brought to take packets that come without a tunnel: peers send them as soon as our lease asks for it. Asked
 * after each pass, on the loop's thread.
 */
final class TakesDirect {

    private boolean takes;

    /** @param network that the pass was for */
    boolean after(Applied applied, Optional<NetworkConfig> network) {
        boolean asked = network.filter(config -> !config.backend().isVxlan()).isPresent();
        // A file that cannot be written is no reason to go on in tunnels.
        boolean done = applied.failures().keySet().stream().allMatch(FileStage.NAME::equals);
        takes = asked && (takes || done);
        return takes;
    }
}
