package io.canal.dataplane.file;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.dataplane.file.PluginMemory.Answer;
import io.canal.files.Spoken;
import io.canal.model.Decoded.Good;
import io.canal.model.Json;
import io.canal.reconcile.Clock;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks CNI plugins which versions of the specification they speak, on threads of its own: nobody waits for a plugin.
 *
 * <p>An answer is kept on disk with what identifies the program's file, so that neither a restart nor a reboot has to ask again. A
 * program that is there but does not answer, on a node that has just booted say, keeps the answer that it, or what was in its place,
 * gave before, and is asked again later: a plugin must not leave the chain for being slow.
 */
final class PluginProbe {

    private static final Logger log = LoggerFactory.getLogger(PluginProbe.class);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration SILENT_FOR = Duration.ofSeconds(30);

    private final Path folder;
    private final PluginMemory memory;
    private final Clock clock;
    private final Duration patience;
    private final Runnable onNews;
    // Guarded by this.
    private final Map<String, Asked> asked = new HashMap<>();

    /**
     * How it stands with a plugin.
     *
     * @param program identifies the file that was asked last; empty before the first time
     * @param asking the thread that asks; null where none does
     * @param answered whether this very program has answered
     * @param silent whether this very program was asked in vain
     * @param versions the last answer, of whichever program
     * @param at nanoseconds of the clock when it was asked
     */
    private record Asked(String program, @Nullable Thread asking, boolean answered, boolean silent, Optional<Set<String>> versions, long at) {

        // A silent program that is asked again stays silent until it answers: the status must not flap.
        Spoken spoken() {
            return versions.<Spoken>map(Spoken.Versions::new).orElseGet(() -> silent ? new Spoken.Silent() : new Spoken.Asking());
        }
    }

    /**
     * Asks nobody yet.
     *
     * @param folder where the plugins are
     * @param onNews told on a thread of this class when more is known of a plugin
     */
    PluginProbe(Path folder, PluginMemory memory, Clock clock, Runnable onNews) {
        this(folder, memory, clock, PATIENCE, onNews);
    }

    PluginProbe(Path folder, PluginMemory memory, Clock clock, Duration patience, Runnable onNews) {
        this.folder = folder;
        this.memory = memory;
        this.clock = clock;
        this.patience = patience;
        this.onNews = onNews;
    }

    /** What is known of the plugin now; where that is too little, it is being asked from now on. */
    synchronized Spoken spoken(String plugin) {
        Path path = folder.resolve(plugin);
        Optional<String> program = program(path);
        if (program.isEmpty()) {
            return new Spoken.Absent();
        }
        Asked before = asked.computeIfAbsent(plugin, this::remembered);
        boolean another = !before.program.equals(program.get());
        boolean again = before.asking == null && !before.answered && clock.since(before.at).compareTo(SILENT_FOR) >= 0;
        if (!another && !again) {
            return before.spoken();
        }
        Thread asking = Thread.ofVirtual().name("asks " + plugin).unstarted(() -> answered(plugin, program.get(), ask(plugin, path)));
        Asked now = new Asked(program.get(), asking, false, !another && before.silent, before.versions, clock.nanos());
        asked.put(plugin, now);
        asking.start();
        return now.spoken();
    }

    /** Waits until each plugin that is being asked has answered, or has not in time. */
    void settle() throws InterruptedException {
        for (Thread thread : asking()) {
            thread.join();
        }
    }

    private synchronized List<Thread> asking() {
        return asked.values().stream().map(Asked::asking).filter(Objects::nonNull).toList();
    }

    private Asked remembered(String plugin) {
        return memory.last(plugin)
                .map(answer -> new Asked(answer.program(), null, true, false, Optional.of(answer.versions()), 0))
                .orElseGet(() -> new Asked("", null, false, false, Optional.empty(), 0));
    }

    private void answered(String plugin, String program, Optional<Set<String>> versions) {
        synchronized (this) {
            Asked before = asked.get(plugin);
            if (before == null || !before.program.equals(program)) {
                return;
            }
            versions.ifPresent(answer -> memory.keep(plugin, new Answer(program, answer)));
            asked.put(plugin, new Asked(program, null, versions.isPresent(), versions.isEmpty(), versions.or(before::versions), clock.nanos()));
        }
        onNews.run();
    }

    /** Device, inode, time and size of the program's file. */
    private static Optional<String> program(Path path) {
        if (!Files.isExecutable(path)) {
            return Optional.empty();
        }
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            return Optional.of(attributes.fileKey() + " " + attributes.lastModifiedTime() + " " + attributes.size());
        } catch (IOException gone) {
            return Optional.empty();
        }
    }

    private Optional<Set<String>> ask(String plugin, Path program) {
        ProcessBuilder builder = new ProcessBuilder(program.toString()).redirectError(Redirect.DISCARD);
        builder.environment().clear();
        builder.environment().put("CNI_COMMAND", "VERSION");
        builder.environment().put("CNI_PATH", folder.toString());
        try {
            return read(plugin, builder.start());
        } catch (IOException failure) {
            log.warn("the CNI plugin {} could not be asked for its version: {}", program, failure.getMessage());
            return Optional.empty();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /** Old plugins want a configuration even here. Newer ones end without reading it, and that may be before it is written. */
    static void offer(OutputStream stdin) {
        try (stdin) {
            stdin.write("{\"cniVersion\":\"1.0.0\"}".getBytes(StandardCharsets.UTF_8));
        } catch (IOException unread) {
            log.debug("a CNI plugin did not read its input: {}", unread.getMessage());
        }
    }

    private Optional<Set<String>> read(String plugin, Process process) throws IOException, InterruptedException {
        try {
            offer(process.getOutputStream());
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                log.warn("the CNI plugin {} did not answer VERSION within {} ms", plugin, patience.toMillis());
                return Optional.empty();
            }
            // The answer is a few hundred bytes, so it fits the pipe and the plugin could end before it is read.
            try (InputStream out = process.getInputStream()) {
                String text = new String(out.readAllBytes(), StandardCharsets.UTF_8);
                Set<String> versions = new TreeSet<>();
                if (process.exitValue() == 0 && Json.object(plugin, text) instanceof Good<ObjectNode>(ObjectNode answer)) {
                    answer.path("supportedVersions").forEach(version -> versions.add(version.asText()));
                }
                if (versions.isEmpty()) {
                    log.warn("the CNI plugin {} answered VERSION with exit code {} and \"{}\"", plugin, process.exitValue(), text);
                }
                return Optional.<Set<String>>of(versions).filter(answer -> !answer.isEmpty());
            }
        } finally {
            process.destroyForcibly();
        }
    }
}
