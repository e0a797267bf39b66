package io.canal.dataplane.sysctl;

import io.canal.dataplane.file.AtomicFile;
import io.canal.kernel.sysctl.Sysctl;
import io.canal.reconcile.Repair;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What controls were before canal set them, on disk: a line {@code name before set} each, written before the control is. */
public final class SavedSysctls {

    /** Of all stages for controls. */
    static final Repair.Kind REPAIRS = new Repair.Kind("sysctl", "system controls");

    private static final Logger log = LoggerFactory.getLogger(SavedSysctls.class);

    private final Path file;
    private final Map<String, Change> changes;
    /** What each control was set to, or found to be as wanted, in this life. */
    private final Map<String, String> left = new HashMap<>();
    private final List<Repair> repairs = new ArrayList<>();

    private record Change(String before, String set) {}

    private SavedSysctls(Path file, Map<String, Change> changes) {
        this.file = file;
        this.changes = changes;
    }

    /** Reads the file; one that is absent, or cannot be read, counts as empty. */
    public static SavedSysctls load(Path stateDir) {
        Path file = stateDir.resolve("sysctls");
        Map<String, Change> changes = new LinkedHashMap<>();
        try {
            for (String line : new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList()) {
                String[] words = line.strip().split(" ");
                if (words.length == 3) {
                    changes.put(words[0], new Change(words[1], words[2]));
                }
            }
        } catch (NoSuchFileException first) {
            // Nothing was changed yet.
        } catch (IOException unreadable) {
            log.warn("{} cannot be read, and counts as empty: {}", file, unreadable.toString());
        }
        return new SavedSysctls(file, changes);
    }

    /** Sets the control, remembering what it was the first time; one that this kernel lacks is left out. */
    public void set(String name, String value) throws IOException {
        var before = Sysctl.read(name);
        if (before.isEmpty()) {
            return;
        }
        boolean wasSo = value.equals(left.get(name));
        if (before.get().equals(value)) {
            left.put(name, value);
            return;
        }
        Change first = changes.get(name);
        Change now = new Change(first == null ? before.get() : first.before, value);
        if (!now.equals(first)) {
            changes.put(name, now);
            write();
        }
        Sysctl.write(name, value);
        left.put(name, value);
        if (wasSo) {
            repairs.add(Repair.changed(REPAIRS, name, before.get(), value));
        }
    }

    /** The interface is a new one, with controls of its own. */
    public void renew(String interfaceName) {
        left.keySet().removeIf(name -> name.contains("/" + interfaceName + "/"));
    }

    /** What others changed and is again as it should be, since the last call. */
    List<Repair> takeRepairs() {
        List<Repair> taken = List.copyOf(repairs);
        repairs.clear();
        return taken;
    }

    /** Puts one control back, if it is still as we set it. */
    public void putBack(String name) throws IOException {
        left.remove(name);
        Change change = changes.get(name);
        if (change == null) {
            return;
        }
        if (Sysctl.read(name).filter(change.set::equals).isPresent()) {
            Sysctl.write(name, change.before);
        }
        changes.remove(name);
        write();
    }

    /** The controls that are set and have a name of this kind. */
    List<String> names(String ending) {
        return changes.keySet().stream().filter(name -> name.endsWith(ending)).toList();
    }

    /** Puts back what is still as we set it; what somebody changed since is theirs. */
    void restore() throws IOException {
        List<Map.Entry<String, Change>> latestFirst = new ArrayList<>(changes.entrySet()).reversed();
        for (Map.Entry<String, Change> entry : latestFirst) {
            if (Sysctl.read(entry.getKey()).filter(entry.getValue().set::equals).isPresent()) {
                Sysctl.write(entry.getKey(), entry.getValue().before);
            }
        }
        changes.clear();
        Files.deleteIfExists(file);
    }

    private void write() throws IOException {
        AtomicFile.write(file, changes.entrySet().stream().map(entry -> entry.getKey() + " " + entry.getValue().before + " " + entry.getValue().set + "\n")
                .collect(Collectors.joining()), AtomicFile.READABLE);
    }
}
