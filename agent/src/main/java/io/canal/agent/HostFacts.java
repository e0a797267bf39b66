package io.canal.agent;

import io.canal.model.NodePaths;
import io.canal.network.ChecksumOffload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.UUID;

/** What the machine says of itself. */
final class HostFacts {

    /** The kernel does not change while we run. */
    static final boolean KERNEL_BREAKS_CHECKSUMS = ChecksumOffload.isBroken(kernelRelease());

    private HostFacts() {}

    /** As {@code uname -r} says it. */
    static String kernelRelease() {
        return text(Path.of("/proc/sys/kernel/osrelease"));
    }

    /** Changes with every start of the kernel. */
    static String bootId() {
        String id = text(Path.of("/proc/sys/kernel/random/boot_id"));
        // Without /proc nothing else would work; a random one says at least that it is not the last one.
        return id.isEmpty() ? UUID.randomUUID().toString() : id;
    }

    /** The node's name: as the operator says, else as Calico was told before, else the host's, in lower case. */
    static String nodename(String option, NodePaths paths) {
        if (!option.isEmpty()) {
            return option;
        }
        String before = text(paths.calicoNodename());
        return before.isEmpty() ? text(Path.of("/proc/sys/kernel/hostname")).toLowerCase(Locale.ROOT) : before;
    }

    private static String text(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException absent) {
            return "";
        }
    }
}
