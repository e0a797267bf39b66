package io.canal.dataplane.file;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded.Good;
import io.canal.model.Json;
import io.canal.reconcile.Clock;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks CNI plugins which versions of the specification they speak. For one thread.
 *
 * <p>A program that has answered is not started again before its file changes. One that is there but does not answer, on a node that
 * is overloaded say, keeps the answer that it, or what was in its place, gave before: a plugin must not leave the chain for being slow.
 */
final class PluginProbe {

    private static final Logger log = LoggerFactory.getLogger(PluginProbe.class);
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final Duration SILENT_FOR = Duration.ofSeconds(30);

    private final Path folder;
    private final Clock clock;
    private final Duration patience;
    private final Map<String, Asked> asked = new HashMap<>();

    /** A program's file; another one, or another content, makes another of these. */
    private record Program(String file, FileTime modified, long size) {}

    /**
     * What came of asking.
     *
     * @param answered whether this very program has answered
     * @param versions the last answer
     * @param at nanoseconds of the clock
     */
    private record Asked(Program program, boolean answered, Optional<Set<String>> versions, long at) {}

    PluginProbe(Path folder, Clock clock) {
        this(folder, clock, PATIENCE);
    }

    PluginProbe(Path folder, Clock clock, Duration patience) {
        this.folder = folder;
        this.clock = clock;
        this.patience = patience;
    }

    /** What the plugin answers to VERSION, or answered last; empty where it is absent, or never answered. */
    Optional<Set<String>> versions(String plugin) {
        Path path = folder.resolve(plugin);
        Optional<Program> program = program(path);
        if (program.isEmpty()) {
            asked.remove(plugin);
            return Optional.empty();
        }
        Asked before = asked.get(plugin);
        if (before != null && before.program.equals(program.get()) && (before.answered || clock.since(before.at).compareTo(SILENT_FOR) < 0)) {
            return before.versions;
        }
        Optional<Set<String>> answer = ask(plugin, path);
        Optional<Set<String>> versions = answer.isPresent() || before == null ? answer : before.versions;
        asked.put(plugin, new Asked(program.get(), answer.isPresent(), versions, clock.nanos()));
        return versions;
    }

    private static Optional<Program> program(Path path) {
        if (!Files.isExecutable(path)) {
            return Optional.empty();
        }
        try {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            return Optional.of(new Program(String.valueOf(attributes.fileKey()), attributes.lastModifiedTime(), attributes.size()));
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

    private Optional<Set<String>> read(String plugin, Process process) throws IOException, InterruptedException {
        try {
            process.getOutputStream().write("{\"cniVersion\":\"1.0.0\"}".getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().close();
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                log.warn("the CNI plugin {} did not answer VERSION within {} ms", plugin, patience.toMillis());
                return Optional.empty();
            }
            // The answer is a few hundred bytes, so it fits the pipe and the plugin could end before it is read.
            try (InputStream out = process.getInputStream()) {
                String text = new String(out.readAllBytes(), StandardCharsets.UTF_8);
                if (process.exitValue() == 0 && Json.object(plugin, text) instanceof Good<ObjectNode>(ObjectNode answer)) {
                    Set<String> versions = new TreeSet<>();
                    answer.path("supportedVersions").forEach(version -> versions.add(version.asText()));
                    return Optional.of(versions);
                }
                log.warn("the CNI plugin {} answered VERSION with exit code {} and \"{}\"", plugin, process.exitValue(), text);
                return Optional.empty();
            }
        } finally {
            process.destroyForcibly();
        }
    }
}
