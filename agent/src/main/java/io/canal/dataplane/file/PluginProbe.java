package io.canal.dataplane.file;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.model.Decoded.Good;
import io.canal.model.Json;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks CNI plugins which versions of the specification they speak. */
final class PluginProbe {

    private static final Logger log = LoggerFactory.getLogger(PluginProbe.class);
    private static final long PATIENCE_SECONDS = 2;

    private final Path folder;

    PluginProbe(Path folder) {
        this.folder = folder;
    }

    /** What the plugin answers to VERSION; empty where it is absent, fails, or does not answer. */
    Optional<Set<String>> versions(String plugin) {
        Path program = folder.resolve(plugin);
        if (!Files.isExecutable(program)) {
            return Optional.empty();
        }
        ProcessBuilder builder = new ProcessBuilder(program.toString()).redirectError(Redirect.DISCARD);
        builder.environment().clear();
        builder.environment().put("CNI_COMMAND", "VERSION");
        builder.environment().put("CNI_PATH", folder.toString());
        try {
            return ask(plugin, builder.start());
        } catch (IOException failure) {
            log.warn("the CNI plugin {} could not be asked for its version: {}", program, failure.getMessage());
            return Optional.empty();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private static Optional<Set<String>> ask(String plugin, Process process) throws IOException, InterruptedException {
        try {
            process.getOutputStream().write("{\"cniVersion\":\"1.0.0\"}".getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().close();
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                log.warn("the CNI plugin {} did not answer VERSION within {} s", plugin, PATIENCE_SECONDS);
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
