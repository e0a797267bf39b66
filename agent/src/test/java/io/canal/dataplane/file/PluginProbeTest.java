package io.canal.dataplane.file;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.reconcile.Clock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginProbeTest {

    private static final Optional<Set<String>> ANSWER = Optional.of(Set.of("0.4.0", "1.0.0"));
    private static final String ANSWERS = "echo '{\"supportedVersions\":[\"0.4.0\",\"1.0.0\"]}'";
    private static final String FAILS = "exit 3";

    @TempDir
    Path folder;

    private final Hand hand = new Hand();
    private PluginProbe probe = new PluginProbe(Path.of("/nowhere"), hand);

    @BeforeEach
    void setUp() {
        probe = new PluginProbe(folder, hand, Duration.ofSeconds(20));
    }

    @Test
    void a_plugin_that_answered_is_not_started_again() throws Exception {
        install(ANSWERS);
        assertEquals(ANSWER, probe.versions("portmap"));
        assertEquals(ANSWER, probe.versions("portmap"));
        assertEquals(1, starts());
    }

    @Test
    void another_program_in_its_place_is_asked() throws Exception {
        install(ANSWERS);
        probe.versions("portmap");
        install(ANSWERS.replace("1.0.0", "1.1.0"));
        assertEquals(Optional.of(Set.of("0.4.0", "1.1.0")), probe.versions("portmap"));
    }

    @Test
    void a_program_that_does_not_answer_keeps_the_answer_from_before() throws Exception {
        install(ANSWERS);
        probe.versions("portmap");
        install(FAILS);
        assertEquals(ANSWER, probe.versions("portmap"));
    }

    @Test
    void a_program_that_is_too_slow_is_not_waited_for() throws Exception {
        probe = new PluginProbe(folder, hand, Duration.ofSeconds(1));
        install("exec sleep 60");
        assertEquals(Optional.empty(), probe.versions("portmap"));
    }

    @Test
    void a_silent_program_is_asked_again_after_a_while_only() throws Exception {
        install(FAILS);
        assertEquals(Optional.empty(), probe.versions("portmap"));
        probe.versions("portmap");
        assertEquals(1, starts());
        hand.nanos += Duration.ofSeconds(30).toNanos();
        probe.versions("portmap");
        assertEquals(2, starts());
    }

    @Test
    void a_program_that_is_gone_has_no_answer() throws Exception {
        install(ANSWERS);
        probe.versions("portmap");
        Files.delete(folder.resolve("portmap"));
        assertEquals(Optional.empty(), probe.versions("portmap"));
    }

    /** Puts a program in place, which counts how often it is started. */
    private void install(String end) throws IOException {
        Path made = folder.resolve("made");
        Files.writeString(made, "#!/bin/sh\nread _; echo >> " + folder.resolve("starts") + "\n" + end + "\n");
        Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.move(made, folder.resolve("portmap"), StandardCopyOption.REPLACE_EXISTING);
    }

    private int starts() throws IOException {
        return Files.readAllLines(folder.resolve("starts")).size();
    }

    /** A clock that is moved by hand. */
    private static final class Hand implements Clock {

        private long nanos;

        @Override
        public long nanos() {
            return nanos;
        }

        @Override
        public Instant now() {
            return Instant.EPOCH.plusNanos(nanos);
        }
    }
}
