package io.canal.lab;

import io.canal.kernel.libc.Flock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a lab leaves on the machine, and its removal. A leftover is a lab that no command holds and that is not marked as kept. Only
 * things whose names begin with the lab's own prefix are touched.
 */
final class Leftovers {

    private static final Path NAMESPACES = Path.of("/run/netns");
    private static final Path PROPAGATED = Path.of("/run/systemd/nspawn/propagate");

    private Leftovers() {}

    /** Removes all labs that are leftovers. */
    static void remove(Places places) {
        for (LabFolder folder : LabFolder.all(places)) {
            if (!folder.kept()) {
                folder.tryLock().ifPresent(lock -> removeHeld(folder, lock));
            }
        }
    }

    private static void removeHeld(LabFolder folder, Flock lock) {
        try {
            remove(folder);
        } finally {
            lock.close();
        }
    }

    /** Removes one lab, which the caller holds: processes, mounts, namespaces, cgroups, and last its folder. */
    static void remove(LabFolder folder) {
        String prefix = folder.lab().prefix();
        List<Cgroup> cgroups = Cgroup.names().stream().filter(name -> name.startsWith(prefix)).map(Cgroup::new).toList();
        cgroups.forEach(Cgroup::kill);
        folder.known().forEach(host -> folder.tree(host).unmount());
        entries(NAMESPACES, prefix).forEach(name -> Program.of("ip", "netns", "delete", name).must());
        cgroups.forEach(Cgroup::remove);
        entries(PROPAGATED, prefix).forEach(name -> Folders.remove(PROPAGATED.resolve(name)));
        folder.remove();
    }

    private static List<String> entries(Path folder, String prefix) {
        if (Files.notExists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString()).filter(name -> name.startsWith(prefix)).toList();
        } catch (IOException refused) {
            throw new LabException(folder + " cannot be listed: " + refused.getMessage(), refused);
        }
    }
}
