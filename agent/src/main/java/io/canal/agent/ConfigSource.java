package io.canal.agent;

import io.canal.config.AgentConfig;
import io.canal.dataplane.file.AtomicFile;
import io.canal.model.Decoded;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Problem;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads {@code agent.yaml}, and keeps a copy of the last one that was good: where the file is damaged when the agent starts, the
 * node works on from the copy and says so.
 */
final class ConfigSource {

    private static final Logger log = LoggerFactory.getLogger(ConfigSource.class);

    private final Path file;
    private final Path lastGood;

    /**
     * From a file.
     *
     * @param file {@code agent.yaml}
     * @param stateDir where the copy is kept
     */
    ConfigSource(Path file, Path stateDir) {
        this.file = file;
        this.lastGood = stateDir.resolve("agent.yaml.good");
    }

    /**
     * What to start with.
     *
     * @param problem what is wrong with the file, where something is
     */
    record First(AgentConfig config, Optional<Problem> problem) {}

    First first() {
        return switch (read()) {
            case Good<AgentConfig>(AgentConfig config) -> new First(config, Optional.empty());
            case Bad<AgentConfig>(Problem problem) -> {
                log.error("{}", problem.sentence());
                yield new First(load(lastGood) instanceof Good<AgentConfig>(AgentConfig before) ? before : AgentConfig.defaults(), Optional.of(problem));
            }
        };
    }

    /** Reads the file anew. */
    Decoded<AgentConfig> read() {
        Decoded<AgentConfig> config = load(file);
        if (config instanceof Good<AgentConfig>(AgentConfig good)) {
            keep(good);
        }
        return config;
    }

    private static Decoded<AgentConfig> load(Path path) {
        try {
            return AgentConfig.parse(path.toString(), Files.readString(path));
        } catch (NoSuchFileException absent) {
            return Decoded.bad(path.toString(), "", "", "a file, which the charm writes");
        } catch (CharacterCodingException garbage) {
            return Decoded.bad(path.toString(), "", "bytes that are no text", "YAML in UTF-8");
        } catch (IOException failure) {
            return Decoded.bad(path.toString(), "", String.valueOf(failure.getMessage()), "a file that can be read");
        }
    }

    private void keep(AgentConfig good) {
        try {
            String text = good.print();
            if (!Files.exists(lastGood) || !Arrays.equals(Files.readAllBytes(lastGood), text.getBytes(StandardCharsets.UTF_8))) {
                AtomicFile.write(lastGood, text, AtomicFile.SECRET);
            }
        } catch (IOException failure) {
            log.warn("{} could not be written: {}", lastGood, failure.getMessage());
        }
    }
}
