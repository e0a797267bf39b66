package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.testing.Script;
import io.canal.model.NodePaths;
import io.canal.reconcile.Clock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NudgeTest {

    @TempDir
    Path folder;

    /** A juju-exec that writes down how it was called. */
    private Function<String, Path> recorder() throws IOException {
        return recorder("");
    }

    /** One that does this afterwards. */
    private Function<String, Path> recorder(String end) throws IOException {
        Path program = Script.write(folder.resolve("juju-exec"), "#!/bin/sh\nprintf '%s\\n' \"$*\" >> " + folder.resolve("calls") + "\n" + end);
        return unit -> program;
    }

    private List<String> calls() throws IOException {
        Path calls = folder.resolve("calls");
        return Files.exists(calls) ? Files.readAllLines(calls) : List.of();
    }

    private void awaitCalls(int count) throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (calls().size() < count && System.nanoTime() < end) {
            Thread.sleep(5);
        }
        assertTrue(calls().size() >= count, () -> "only some of " + count + " calls came");
    }

    @Test
    void juju_runs_update_status_for_the_unit() throws Exception {
        try (Nudge nudge = new Nudge(recorder(), () -> "canal/0", Clock.system(), Duration.ZERO, Duration.ofMillis(1))) {
            nudge.changed();
            awaitCalls(1);
        }
        assertEquals(List.of("canal/0 JUJU_DISPATCH_PATH=hooks/update-status $JUJU_CHARM_DIR/dispatch"), calls());
    }

    @Test
    void a_burst_is_one_call_now_and_one_after_the_pause() throws Exception {
        // The burst comes while the first call is being made, and by this clock no time passes with that.
        Path gate = folder.resolve("gate");
        Duration pause = Duration.ofMillis(300);
        Function<String, Path> program = recorder("while [ ! -e " + gate + " ]; do sleep 0.01; done\n");
        try (Nudge nudge = new Nudge(program, () -> "canal/0", new Hand(), Duration.ZERO, pause)) {
            nudge.changed();
            awaitCalls(1);
            for (int i = 0; i < 20; i++) {
                nudge.changed();
            }
            long opened = System.nanoTime();
            Files.createFile(gate);
            awaitCalls(2);
            assertTrue(System.nanoTime() - opened >= pause.toNanos(), "it began before the pause was over");
            Thread.sleep(400);
            assertEquals(2, calls().size());
        }
    }

    @Test
    void what_a_start_says_is_told_in_one_call_after_it() throws Exception {
        Duration first = Duration.ofMillis(300);
        long start = System.nanoTime();
        try (Nudge nudge = new Nudge(recorder(), () -> "canal/0", Clock.system(), first, Duration.ofMillis(1))) {
            nudge.changed();
            nudge.changed();
            awaitCalls(1);
            assertTrue(System.nanoTime() - start >= first.toNanos(), "it began at once");
            Thread.sleep(100);
        }
        assertEquals(1, calls().size());
    }

    @Test
    void a_call_that_failed_is_made_again() throws Exception {
        Function<String, Path> program = recorder("[ $(wc -l < " + folder.resolve("calls") + ") -ge 3 ]\n");
        try (Nudge nudge = new Nudge(program, () -> "canal/0", Clock.system(), Duration.ZERO, Duration.ofMillis(1))) {
            nudge.changed();
            awaitCalls(3);
            Thread.sleep(100);
        }
        assertEquals(3, calls().size());
    }

    @Test
    void without_juju_nothing_is_called() throws Exception {
        try (Nudge nudge = new Nudge(unit -> folder.resolve("absent"), () -> "canal/0", Clock.system(), Duration.ZERO, Duration.ofMillis(1));
                Nudge other = new Nudge(recorder(), () -> "", Clock.system(), Duration.ZERO, Duration.ofMillis(1))) {
            nudge.changed();
            other.changed();
            Thread.sleep(50);
        }
        assertFalse(Files.exists(folder.resolve("calls")));
    }

    @Test
    void without_juju_the_program_is_the_one_beside_the_units_hook_tools() throws Exception {
        NodePaths paths = new NodePaths(folder);
        Path ours = folder.resolve("var/lib/juju/tools/unit-canal-0/juju-exec");
        assertEquals(ours, Nudge.program(paths, "canal/0"));
        Path juju = folder.resolve("usr/bin/juju-exec");
        Files.createDirectories(juju.getParent());
        Files.createFile(juju, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        assertEquals(juju, Nudge.program(paths, "canal/0"));
    }
}
