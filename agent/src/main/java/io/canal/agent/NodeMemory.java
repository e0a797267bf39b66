package io.canal.agent;

import io.canal.dataplane.file.AtomicFile;
import io.canal.lease.Standing;
import io.canal.lease.keeper.LeaseKeeper;
import io.canal.model.DiskReason;
import io.canal.model.NodePaths;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this node the one that it is where somebody removes its state folder: as another one it would have another subnet, and its
 * pods would be cut off.
 *
 * <p>While the agent lives, what it knows is written again. A start without a node id finds it beside the sockets, where it lies for
 * this boot once the node has held a subnet under it: so not on a copied machine, which is blocked from its start.
 */
final class NodeMemory {

    private static final Logger log = LoggerFactory.getLogger(NodeMemory.class);

    private static final Pattern NODE_ID = Pattern.compile("[0-9a-f]{32}");
    private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_FOLDER =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
    private static final Set<Standing> SURELY_ITSELF = EnumSet.of(Standing.HELD, Standing.REMEMBERED, Standing.STOLEN, Standing.UNREADABLE);

    /** What restarts and the removal of canal go by: the network's port, whose the tunnels are, what was set before canal, what was chosen. */
    private static final List<String> SMALL = List.of("networks.json", "tunnels", "sysctls", "packet-filter", "plugins.json", "etcd-servers", "agent.yaml.good",
            "uplink-addresses");

    private final NodePaths paths;
    private final Supplier<Optional<LeaseKeeper>> keeper;
    private final Supplier<Standing> standing;
    // Both are guarded by this.
    private final Map<String, Kept> kept = new HashMap<>();
    private final List<Runnable> others = new ArrayList<>();

    /** A small file as it was when it was looked at last. */
    private record Kept(FileTime written, String text, Set<PosixFilePermission> mode) {}

    /** @param keeper who knows which node this is; empty while no etcd is known */
    NodeMemory(NodePaths paths, Supplier<Optional<LeaseKeeper>> keeper, Supplier<Standing> standing) {
        this.paths = paths;
        this.keeper = keeper;
        this.standing = standing;
    }

    /** Who has more to write again. */
    synchronized void putsBack(Runnable other) {
        others.add(other);
    }

    /** At start, before the node id is read. */
    static NodeMemory recalled(NodePaths paths, Supplier<Optional<LeaseKeeper>> keeper, Supplier<Standing> standing) {
        NodeMemory made = new NodeMemory(paths, keeper, standing);
        made.recall();
        return made;
    }

    /** Puts the node id back from this boot's copy where it is gone or damaged. */
    void recall() {
        try {
            Optional<String> kept = id(paths.bootNodeId());
            if (kept.isPresent() && id(paths.nodeId()).isEmpty()) {
                putBack(kept.get());
            }
        } catch (IOException failure) {
            log.warn("which node this is could not be put back from {}: {}", paths.bootNodeId(), DiskReason.of(failure));
        }
    }

    private void putBack(String id) throws IOException {
        log.warn("{} is {}; it is put back from {}, so that this node keeps its subnet", paths.nodeId(),
                Files.exists(paths.nodeId()) ? "damaged" : "gone", paths.bootNodeId());
        place(id, paths.nodeId());
    }

    /** Looks whether the state folder is there, and has it written again where it is not. Cheap, to be called now and then. */
    void check() {
        keeper.get().ifPresent(known -> check(standing.get(), known.nodeId(), known::writeAgain));
    }

    synchronized void check(Standing standing, String nodeId, Runnable writeAgain) {
        try {
            if (standing == Standing.HELD && !id(paths.bootNodeId()).equals(Optional.of(nodeId))) {
                place(nodeId, paths.bootNodeId());
            }
            if (SURELY_ITSELF.contains(standing) && Files.notExists(paths.nodeId())) {
                log.warn("put back {} and what is known of it, with the journal of pods: somebody had removed it", paths.nodeId());
                for (Path folder : Set.of(paths.endpointJournal(), paths.spool())) {
                    Files.createDirectories(folder, PRIVATE_FOLDER);
                }
                writeSmall();
                others.forEach(Runnable::run);
                writeAgain.run();
            } else if (Files.exists(paths.nodeId())) {
                look();
            }
        } catch (IOException failure) {
            log.warn("what this node must remember cannot be kept: {}", DiskReason.of(failure));
        }
    }

    /** The node leaves: it is no longer the one that it was. */
    void forget() {
        try {
            Files.deleteIfExists(paths.bootNodeId());
        } catch (IOException failure) {
            log.warn("{} could not be removed: {}", paths.bootNodeId(), DiskReason.of(failure));
        }
    }

    private static Optional<String> id(Path file) throws IOException {
        try {
            return Optional.of(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).strip()).filter(text -> NODE_ID.matcher(text).matches());
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        }
    }

    private static void place(String id, Path file) throws IOException {
        AtomicFile.write(file, id + "\n", AtomicFile.SECRET);
    }

    /** Notes what others of this agent have in the folder, and write only when it changes. */
    private void look() throws IOException {
        for (String name : SMALL) {
            Path file = paths.stateDir().resolve(name);
            try {
                FileTime written = Files.getLastModifiedTime(file);
                Kept before = kept.get(name);
                if (before == null || !before.written.equals(written)) {
                    kept.put(name, new Kept(written, Files.readString(file), Files.getPosixFilePermissions(file)));
                }
            } catch (NoSuchFileException none) {
                kept.remove(name);
            }
        }
    }

    private void writeSmall() throws IOException {
        for (Map.Entry<String, Kept> each : kept.entrySet()) {
            Path file = paths.stateDir().resolve(each.getKey());
            if (Files.notExists(file)) {
                AtomicFile.write(file, each.getValue().text, each.getValue().mode);
            }
        }
    }
}
