package io.canal.lab;

import io.canal.kernel.libc.Flock;
import io.canal.kernel.libc.KernelException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The folder of one lab. It is made before anything else of the lab, and removed after everything else, so that what a killed
 * command leaves can always be found by it.
 */
final class LabFolder {

    private final LabName lab;
    private final Path folder;

    LabFolder(Places places, LabName lab) {
        this.lab = lab;
        this.folder = places.lab(lab);
    }

    LabName lab() {
        return lab;
    }

    /** All labs that have a folder. */
    static List<LabFolder> all(Places places) {
        if (Files.notExists(places.labs())) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(places.labs())) {
            return folders.filter(Files::isDirectory).flatMap(path -> LabName.parse(path.getFileName().toString()).stream()).sorted()
                    .map(name -> new LabFolder(places, name)).toList();
        } catch (IOException refused) {
            throw new LabException("The labs in " + places.labs() + " cannot be listed: " + refused.getMessage(), refused);
        }
    }

    boolean exists() {
        return Files.exists(folder);
    }

    void make() {
        Folders.makePrivate(folder);
    }

    /** Takes the lab for one command; empty where another has it, or where there is no such lab. */
    Optional<Flock> tryLock() {
        if (!exists()) {
            return Optional.empty();
        }
        try {
            return Flock.tryAcquire(folder).filter(this::isOfTheFolderThatIsThere);
        } catch (KernelException refused) {
            throw new LabException("The lab's folder " + folder + " cannot be locked: " + refused.getMessage(), refused);
        }
    }

    /** The folder may have been removed while we waited for its lock. */
    private boolean isOfTheFolderThatIsThere(Flock lock) {
        if (!exists()) {
            lock.close();
            return false;
        }
        return true;
    }

    LabKeys keys() {
        return new LabKeys(folder.resolve("keys"));
    }

    Path hosts() {
        return folder.resolve("hosts");
    }

    HostTree tree(Host host) {
        return new HostTree(hosts().resolve(host.name()), keys());
    }

    /** Where the lab's users keep what they know of it: the model, the pods. */
    Path part(String name) {
        return folder.resolve(name);
    }

    /** The hosts that were ever switched on, in order. */
    List<Host> known() {
        if (Files.notExists(hosts())) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(hosts())) {
            return folders.map(path -> Integer.parseInt(path.getFileName().toString().substring(1))).sorted()
                    .map(number -> new Host(lab, this, number)).toList();
        } catch (IOException refused) {
            throw new LabException("The hosts in " + hosts() + " cannot be listed: " + refused.getMessage(), refused);
        }
    }

    Host host(int number) {
        return new Host(lab, this, number);
    }

    /** The script that a host lives in, as this program brought it. */
    Path hostScript() {
        Path script = folder.resolve("host.sh");
        try (InputStream from = Objects.requireNonNull(LabFolder.class.getResourceAsStream("host.sh"), "host.sh")) {
            byte[] text = from.readAllBytes();
            // A running shell reads its script as it goes: the file is replaced, never changed.
            if (Files.notExists(script) || !Arrays.equals(Files.readAllBytes(script), text)) {
                Path fresh = Files.createTempFile(folder, "host", ".new");
                Files.write(fresh, text);
                Files.move(fresh, script, StandardCopyOption.ATOMIC_MOVE);
            }
            return script;
        } catch (IOException refused) {
            throw new LabException(script + " cannot be written: " + refused.getMessage(), refused);
        }
    }

    /** Marks the lab as one to keep when no command runs. It holds for this boot of the machine: none of its processes outlives it. */
    void keep() {
        try {
            Files.writeString(folder.resolve("kept"), machineBoot());
        } catch (IOException refused) {
            throw new LabException("The lab in " + folder + " cannot be marked as kept: " + refused.getMessage(), refused);
        }
    }

    boolean kept() {
        try {
            return Files.readString(folder.resolve("kept"), StandardCharsets.UTF_8).equals(machineBoot());
        } catch (IOException notMarked) {
            return false;
        }
    }

    void remove() {
        Folders.remove(folder);
    }

    private static String machineBoot() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/random/boot_id"), StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return folder.toString();
    }
}
