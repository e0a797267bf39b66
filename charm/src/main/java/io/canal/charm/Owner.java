package io.canal.charm;

import io.canal.model.NodePaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Which canal unit a node belongs to. Two may come to one machine, one below each principal; the first one does the work.
 *
 * @param unit our unit
 * @param charmDir our charm's folder, beside whose unit's folder those of the machine's other units are
 */
record Owner(NodePaths node, String unit, Path charmDir) {

    /** Takes the node for our unit if nobody has it; the other unit, where one has it. */
    Optional<String> claim() throws IOException {
        String owner = NodeFile.text(node.ownerUnit());
        if (owner.equals(unit)) {
            return Optional.empty();
        }
        if (!owner.isEmpty() && isThere(owner)) {
            return Optional.of(owner);
        }
        NodeFile.put(node.ownerUnit(), unit + "\n", "rw-r--r--");
        return Optional.empty();
    }

    /** Whether the node is another unit's, without claiming it. */
    boolean isAnothers() throws IOException {
        String owner = NodeFile.text(node.ownerUnit());
        return !owner.isEmpty() && !owner.equals(unit) && isThere(owner);
    }

    /** A unit that vanished without any of its hooks being run holds nothing. */
    private boolean isThere(String other) {
        Path unitDir = charmDir.getParent();
        Path agents = unitDir == null ? null : unitDir.getParent();
        return agents == null || Files.exists(agents.resolve("unit-" + other.replace('/', '-')), LinkOption.NOFOLLOW_LINKS);
    }
}
