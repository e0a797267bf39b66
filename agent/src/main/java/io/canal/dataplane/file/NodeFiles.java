package io.canal.dataplane.file;

import io.canal.files.CniVersions;
import io.canal.files.Conflist;
import io.canal.files.FileFacts;
import io.canal.files.Spoken;
import io.canal.files.Templates;
import io.canal.kernel.libc.Flock;
import io.canal.model.Decoded;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.DiskReason;
import io.canal.model.NodePaths;
import io.canal.model.Problem;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Repair;
import io.canal.reconcile.StageFailed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The one writer of {@code subnet.env} and {@code 10-canal.conflist}: in the agent, and in the repair action while no agent runs.
 *
 * <p>Both are written under a flock, each whole and at once ({@link AtomicFile}).
 */
public final class NodeFiles {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    /** Of a thread that has more to do than the files. */
    private static final Duration SHORT_PATIENCE = Duration.ofMillis(20);

    private final NodePaths paths;
    private final Path templates;
    private final PluginProbe probe;
    /** What each file said when it was last written, or looked at and found right. */
    private final Map<Path, String> left = new HashMap<>();
    private final List<Repair> repairs = new ArrayList<>();

    /**
     * Asks no plugin yet.
     *
     * @param templates the folder with the templates
     * @param onNews told on another thread when more is known of the plugins, and the files should be rendered again
     */
    public NodeFiles(NodePaths paths, Path templates, Runnable onNews) {
        this(paths, templates, new PluginProbe(paths.cniBinDir(), new PluginMemory(paths.stateDir()), Clock.system(), onNews));
    }

    NodeFiles(NodePaths paths, Path templates, PluginProbe probe) {
        this.paths = paths;
        this.templates = templates;
        this.probe = probe;
    }

    /**
     * The files as they should be.
     *
     * @param digest of both; changes when one of them does
     * @param settled whether enough is known of the chained plugins for the conflist
     * @param notes what an operator should know of chained plugins, in sentences
     */
    public record Rendered(String subnetEnv, String conflist, String digest, boolean settled, List<String> notes) {}

    /** Renders both files from what is known now. Chained plugins that are new are being asked meanwhile. */
    public Rendered render(FileFacts facts) throws StageFailed {
        Templates texts = new Templates(template(Templates.SUBNET_ENV), template(Templates.CONFLIST));
        Map<String, Spoken> spoken = new HashMap<>();
        Conflist.CHAINED.forEach(plugin -> spoken.put(plugin, probe.spoken(plugin)));
        Map<String, Set<String>> inUse = inUse();
        CniVersions versions = CniVersions.choose(spoken, inUse);
        String subnetEnv = orFail(texts.render(facts.subnetEnv()));
        String conflist = orFail(texts.render(facts.conflist(versions)));
        boolean settled = spoken.entrySet().stream().allMatch(plugin -> !(plugin.getValue() instanceof Spoken.Asking) || inUse.containsKey(plugin.getKey()));
        return new Rendered(subnetEnv, conflist, digest(subnetEnv + conflist), settled, versions.notes());
    }

    /** As {@link #render}, after the answers of the plugins, or when they have not come in time. */
    public Rendered renderSettled(FileFacts facts) throws StageFailed, InterruptedException {
        render(facts);
        probe.settle();
        return render(facts);
    }

    /** What the conflist that is in use chains with. */
    private Map<String, Set<String>> inUse() throws StageFailed {
        Optional<String> text = read(paths.conflist());
        Map<String, Set<String>> inUse = new HashMap<>();
        Conflist.CHAINED.forEach(plugin -> text.flatMap(used -> Conflist.versionsWith(plugin, used)).ifPresent(versions -> inUse.put(plugin, versions)));
        return inUse;
    }

    /**
     * Writes the files that do not say what they should; the conflist last, and not before it is settled.
     *
     * @param conflistToo whether the conflist may be made where it is absent: runtimes use it from then on
     */
    public void put(Rendered files, boolean conflistToo) throws StageFailed {
        put(files, conflistToo, PATIENCE);
    }

    /** As {@link #put}, without waiting for another process that writes. */
    void putSoon(Rendered files, boolean conflistToo) throws StageFailed {
        put(files, conflistToo, SHORT_PATIENCE);
    }

    private void put(Rendered files, boolean conflistToo, Duration patience) throws StageFailed {
        Map<Path, Wrong> wrong = new LinkedHashMap<>();
        addIfWrong(wrong, paths.subnetEnv(), files.subnetEnv());
        if (files.settled() && (conflistToo || Files.exists(paths.conflist()))) {
            addIfWrong(wrong, paths.conflist(), files.conflist());
        }
        if (wrong.isEmpty()) {
            return;
        }
        locked(patience, () -> {
            for (Map.Entry<Path, Wrong> file : wrong.entrySet()) {
                String text = file.getValue().text();
                AtomicFile.write(file.getKey(), text, AtomicFile.READABLE);
                if (text.equals(left.put(file.getKey(), text))) {
                    repairs.add(FileRepairs.of(file.getKey(), file.getValue().found(), text));
                }
            }
        });
    }

    /** The files that others changed or removed and that are again as they were left, since the last call. */
    List<Repair> takeRepairs() {
        List<Repair> taken = List.copyOf(repairs);
        repairs.clear();
        return taken;
    }

    /** Removes both files, for when canal leaves the node. */
    public void remove() throws StageFailed {
        locked(PATIENCE, () -> {
            Files.deleteIfExists(paths.conflist());
            Files.deleteIfExists(paths.subnetEnv());
        });
    }

    private interface Writing {
        void run() throws IOException;
    }

    private void locked(Duration patience, Writing writing) throws StageFailed {
        try {
            Files.createDirectories(paths.filesLock().toAbsolutePath().getParent());
            Optional<Flock> lock = Flock.acquire(paths.filesLock(), patience);
            if (lock.isEmpty()) {
                throw new StageFailed("Another process holds " + paths.filesLock() + "; the node's files are not written before it lets go.");
            }
            try (Flock _ = lock.get()) {
                writing.run();
            }
        } catch (IOException failure) {
            throw new StageFailed("The node's files could not be written: " + DiskReason.of(failure) + ".", failure);
        }
    }

    private record Wrong(Optional<String> found, String text) {}

    private void addIfWrong(Map<Path, Wrong> wrong, Path path, String text) throws StageFailed {
        Optional<String> found = read(path);
        if (found.filter(text::equals).isPresent()) {
            left.put(path, text);
        } else {
            wrong.put(path, new Wrong(found, text));
        }
    }

    /** The text of a file; empty where there is none. */
    static Optional<String> read(Path path) throws StageFailed {
        try {
            return Optional.of(new String(Files.readAllBytes(path), StandardCharsets.UTF_8));
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        } catch (IOException failure) {
            throw new StageFailed(path + " could not be read: " + failure.getMessage() + ".", failure);
        }
    }

    private String template(String name) throws StageFailed {
        return read(templates.resolve(name)).orElseThrow(() -> new StageFailed("The template " + templates.resolve(name) + " is absent; install canal again."));
    }

    private static String orFail(Decoded<String> rendered) throws StageFailed {
        return switch (rendered) {
            case Good<String>(String text) -> text;
            case Bad<String>(Problem problem) -> throw new StageFailed(problem.sentence() + ".");
        };
    }

    private static String digest(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, 8);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
