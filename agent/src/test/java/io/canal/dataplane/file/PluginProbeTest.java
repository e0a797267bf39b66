package io.canal.dataplane.file;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.files.Spoken;
import io.canal.kernel.testing.Script;
import io.canal.reconcile.Clock;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginProbeTest {

    private static final Spoken ANSWER = new Spoken.Versions(Set.of("0.4.0", "1.0.0"));
    private static final String ANSWERS = "echo '{\"supportedVersions\":[\"0.4.0\",\"1.0.0\"]}'";
    private static final String FAILS = "exit 3";
    private static final String HANGS = "exec sleep 60";

    @TempDir
    Path folder;

    private final Hand hand = new Hand();
    private final AtomicInteger news = new AtomicInteger();
    private PluginProbe probe = probe(Path.of("/nowhere"), Duration.ofSeconds(20));

    @BeforeEach
    void setUp() {
        probe = probe(folder, Duration.ofSeconds(20));
    }

    private PluginProbe probe(Path bin, Duration patience) {
        return new PluginProbe(bin, new PluginMemory(bin), hand, patience, news::incrementAndGet);
    }

    @Test
    void nobody_waits_for_an_answer_which_is_told_when_it_comes() throws Exception {
        install(ANSWERS);
        assertEquals(new Spoken.Asking(), probe.spoken("portmap"));
        assertEquals(ANSWER, settled());
        assertEquals(1, news.get());
    }

    @Test
    void a_plugin_that_answered_is_not_started_again() throws Exception {
        install(ANSWERS);
        settled();
        assertEquals(ANSWER, settled());
        assertEquals(1, starts());
    }

    @Test
    void not_even_after_a_restart() throws Exception {
        install(ANSWERS);
        settled();
        probe = probe(folder, Duration.ofSeconds(20));
        assertEquals(ANSWER, probe.spoken("portmap"));
        probe.settle();
        assertEquals(1, starts());
    }

    @Test
    void another_program_in_its_place_is_asked_and_has_the_old_answer_meanwhile() throws Exception {
        install(ANSWERS);
        settled();
        install(ANSWERS.replace("1.0.0", "1.1.0"));
        assertEquals(ANSWER, probe.spoken("portmap"));
        assertEquals(new Spoken.Versions(Set.of("0.4.0", "1.1.0")), settled());
    }

    @Test
    void a_program_that_does_not_answer_keeps_the_answer_from_before_a_restart() throws Exception {
        install(ANSWERS);
        settled();
        install(FAILS);
        probe = probe(folder, Duration.ofSeconds(20));
        assertEquals(ANSWER, settled());
        assertEquals(2, starts());
    }

    @Test
    void a_program_that_is_too_slow_is_silent_and_not_absent() throws Exception {
        probe = probe(folder, Duration.ofMillis(300));
        install(HANGS);
        assertEquals(new Spoken.Asking(), probe.spoken("portmap"));
        assertEquals(new Spoken.Silent(), settled());
        assertEquals(1, news.get());
    }

    @Test
    void a_silent_program_is_asked_again_after_a_while_and_is_silent_until_it_answers() throws Exception {
        install(FAILS);
        assertEquals(new Spoken.Silent(), settled());
        assertEquals(new Spoken.Silent(), settled());
        assertEquals(1, starts());
        hand.nanos += Duration.ofSeconds(30).toNanos();
        assertEquals(new Spoken.Silent(), probe.spoken("portmap"));
        settled();
        assertEquals(2, starts());
    }

    @Test
    void an_answer_without_versions_is_none() throws Exception {
        install("echo '{}'");
        assertEquals(new Spoken.Silent(), settled());
    }

    @Test
    void a_program_that_is_gone_is_absent_and_known_when_it_comes_back() throws Exception {
        install(ANSWERS);
        settled();
        Files.move(folder.resolve("portmap"), folder.resolve("away"));
        assertEquals(new Spoken.Absent(), probe.spoken("portmap"));
        Files.move(folder.resolve("away"), folder.resolve("portmap"));
        assertEquals(ANSWER, probe.spoken("portmap"));
        assertEquals(1, starts());
    }

    @Test
    void a_program_that_ended_before_its_input_was_written_may_have_answered() {
        OutputStream broken = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        assertDoesNotThrow(() -> PluginProbe.offer(broken));
    }

    @Test
    void a_damaged_memory_is_passed_over() throws Exception {
        Files.writeString(folder.resolve("plugins.json"), "{");
        install(ANSWERS);
        assertEquals(ANSWER, settled());
        probe = probe(folder, Duration.ofSeconds(20));
        assertEquals(ANSWER, probe.spoken("portmap"));
    }

    /** What is known once nobody is being asked any more. */
    private Spoken settled() throws InterruptedException {
        probe.spoken("portmap");
        probe.settle();
        return probe.spoken("portmap");
    }

    /** Puts a program in place, which counts how often it is started. */
    private void install(String end) throws IOException {
        Path made = Script.write(folder.resolve("made"), "#!/bin/sh\nread _; echo >> " + folder.resolve("starts") + "\n" + end + "\n");
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
