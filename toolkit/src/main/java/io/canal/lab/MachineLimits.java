package io.canal.lab;

import io.canal.kernel.sysctl.KernelFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Limits that all hosts of a machine share because the kernel has them once. They are only ever raised: another lab, or the
 * machine's owner, may need more than we do.
 */
final class MachineLimits {

    /** A systemd host takes some 20 inotify instances, and one neighbour entry for each peer that it talks to. */
    private static final Map<String, Long> WANTED = Map.of(
            "fs/inotify/max_user_instances", 8192L,
            "fs/inotify/max_user_watches", 262_144L,
            "net/ipv4/neigh/default/gc_thresh1", 8192L,
            "net/ipv4/neigh/default/gc_thresh2", 32_768L,
            "net/ipv4/neigh/default/gc_thresh3", 65_536L);

    private MachineLimits() {}

    static void raise() {
        WANTED.forEach((name, wanted) -> {
            Path file = Path.of("/proc/sys", name);
            if (!Files.exists(file)) {
                // The neighbour table's limits are shown in the machine's own network namespace alone; labs made from
                // within another one live with what its owner has set.
                return;
            }
            try {
                if (Long.parseLong(KernelFile.read(file).strip()) < wanted) {
                    Files.writeString(file, wanted.toString());
                }
            } catch (IOException refused) {
                throw new LabException(file + " cannot be raised to " + wanted + ": " + refused.getMessage(), refused);
            }
        });
    }
}
