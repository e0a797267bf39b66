package io.canal.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The cgroup of one host, in each hierarchy in which systemd keeps processes apart. Whatever the host started is in it. */
record Cgroup(String name) {

    private static final List<Path> HIERARCHIES =
            List.of(Path.of("/sys/fs/cgroup/systemd"), Path.of("/sys/fs/cgroup/unified"), Path.of("/sys/fs/cgroup"));

    /** The names of all cgroups at the top of the hierarchies. */
    static List<String> names() {
        return hierarchies().flatMap(Cgroup::children).map(path -> path.getFileName().toString()).distinct().toList();
    }

    /** All processes, those of folders below too. */
    List<Long> processes() {
        return folders().flatMap(Cgroup::processesOf).distinct().toList();
    }

    /** The processes of one folder below. */
    List<Long> processes(String below) {
        return hierarchies().map(path -> path.resolve(name).resolve(below)).flatMap(Cgroup::processesOf).distinct().toList();
    }

    /** Kills all processes, again and again until there are none. */
    void kill() {
        for (List<Long> left = processes(); !left.isEmpty(); left = processes()) {
            left.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
            Pause.ofMillis(5);
        }
    }

    /** Removes the folders, which must hold no process any more. */
    void remove() {
        List<Path> deepestFirst = folders().sorted(Comparator.comparing(Path::getNameCount).reversed()).toList();
        for (Path folder : deepestFirst) {
            try {
                Files.deleteIfExists(folder);
            } catch (IOException busy) {
                throw new LabException("The cgroup " + folder + " cannot be removed: " + busy.getMessage(), busy);
            }
        }
    }

    private static Stream<Path> hierarchies() {
        return HIERARCHIES.stream().filter(path -> Files.exists(path.resolve("cgroup.procs")));
    }

    private Stream<Path> folders() {
        return hierarchies().map(path -> path.resolve(name)).filter(Files::isDirectory).flatMap(Cgroup::withAllBelow);
    }

    private static Stream<Path> withAllBelow(Path folder) {
        return Stream.concat(Stream.of(folder), children(folder).flatMap(Cgroup::withAllBelow));
    }

    private static Stream<Path> children(Path folder) {
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.filter(Files::isDirectory).toList().stream();
        } catch (IOException gone) {
            return Stream.empty();
        }
    }

    private static Stream<Long> processesOf(Path folder) {
        try {
            return Files.readAllLines(folder.resolve("cgroup.procs")).stream().map(Long::valueOf);
        } catch (NoSuchFileException gone) {
            return Stream.empty();
        } catch (IOException gone) {
            // A folder that is removed while it is read says ENODEV.
            return Stream.empty();
        }
    }
}
