package io.canal.controller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.controller.testing.ShellCharm;
import io.canal.controller.testing.SshServer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** juju-exec on a host without Juju: it passes a nudge on to the controller, and does nothing else. */
final class NudgeIT {

    private static final String UPDATE = "JUJU_DISPATCH_PATH=hooks/update-status $JUJU_CHARM_DIR/dispatch";
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    Path temp;

    private SshServer host;

    @BeforeEach
    void start() throws Exception {
        host = SshServer.start(temp.resolve("one"), "127.0.0.1");
        try (Model model = open(Watcher.NONE)) {
            model.addMachine(LifecycleIT.spec("h1", host));
            ShellCharm node = ShellCharm.make(temp, "node", "", """
                    echo "$JUJU_DISPATCH_PATH" >>/var/lib/juju/trace
                    if [ -e /var/lib/juju/waits ]; then status-set waiting 'for something'; else status-set active ready; fi
                    """);
            model.deploy("node", model.charm(node.folder()), Map.of(), List.of("h1"));
            assertTrue(model.settle(LONG).isActive());
        }
        assertEquals(0, updates());
    }

    @AfterEach
    void stop() throws Exception {
        host.close();
    }

    private Model open(Watcher watcher) throws Exception {
        return Model.open(temp.resolve("model"), "test", watcher);
    }

    private long updates() throws Exception {
        return Files.readAllLines(host.juju().resolve("trace")).stream().filter("hooks/update-status"::equals).count();
    }

    private record Called(int code, String said) {}

    private Called jujuExec(String... args) throws Exception {
        List<String> argv = new ArrayList<>(List.of("nsenter", "--mount", "--target", Long.toString(host.pid()),
                "/var/lib/juju/tools/unit-node-0/juju-exec"));
        argv.addAll(List.of(args));
        Process process = new ProcessBuilder(argv).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Called(process.waitFor(), said);
    }

    @Test
    void a_nudge_waits_for_the_next_command() throws Exception {
        assertEquals(new Called(0, ""), jujuExec("node/0", UPDATE));
        assertEquals(new Called(0, ""), jujuExec("unit-node-0", UPDATE));
        try (Model model = open(Watcher.NONE)) {
            model.refreshStatuses();
            assertTrue(model.settle(LONG).isActive());
            long ran = updates();
            assertTrue(ran == 1 || ran == 2, () -> "two nudges and a refresh are one or two hooks, not " + ran);
            awaitNoNudge();
        }
    }

    @Test
    void a_nudge_that_a_controller_took_and_died_over_is_told_to_the_next_one() throws Exception {
        assertEquals(new Called(0, ""), jujuExec("node/0", UPDATE));
        UnitProgram program = UnitProgram.load();
        CountDownLatch taken = new CountDownLatch(1);
        HostSession dying = HostSession.open(LifecycleIT.spec("h1", host).endpoint(), program, tag -> {
            taken.countDown();
            throw new IllegalStateException("died before it had written the nudge down");
        });
        assertTrue(taken.await(60, TimeUnit.SECONDS), "the first controller was not told");
        dying.close();
        BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        HostSession next = HostSession.open(LifecycleIT.spec("h1", host).endpoint(), program, heard::add);
        try {
            assertEquals("unit-node-0", heard.poll(60, TimeUnit.SECONDS));
            awaitNoNudge();
        } finally {
            next.close();
        }
    }

    /** Waits until the host keeps no nudge any more: each was heard. */
    private void awaitNoNudge() throws Exception {
        List<Path> left = List.of();
        for (int i = 0; i < 6_000; i++) {
            try (Stream<Path> files = Files.list(host.juju().resolve("nudges"))) {
                left = files.toList();
            }
            if (left.isEmpty()) {
                return;
            }
            Thread.sleep(10);
        }
        assertEquals(List.of(), left);
    }

    @Test
    void a_nudge_while_a_command_is_connected_is_heard_at_once() throws Exception {
        try (Model model = open(Watcher.NONE)) {
            model.refreshStatuses();
            assertTrue(model.settle(LONG).isActive());
            long before = updates();
            assertEquals(0, jujuExec("node/0", UPDATE).code());
            for (int i = 0; i < 6_000 && !model.hasWork(); i++) {
                Thread.sleep(10);
            }
            assertTrue(model.hasWork(), "the nudge did not arrive");
            assertTrue(model.settle(LONG).isActive());
            assertEquals(before + 1, updates());
        }
    }

    @Test
    void what_is_due_after_a_nudge_runs_and_a_unit_that_goes_on_waiting_is_not_waited_for() throws Exception {
        Files.writeString(host.juju().resolve("waits"), "");
        try (Model model = open(Watcher.NONE)) {
            model.refreshStatuses();
            long start = System.nanoTime();
            Settled settled = model.finishDue(LONG);
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            assertEquals(List.of("node/0 is waiting: for something"), settled.reasons());
            assertEquals(1, updates());
            assertTrue(took.compareTo(LONG.dividedBy(4)) < 0, () -> "it took " + took);
        }
    }

    @Test
    void a_unit_that_goes_on_waiting_is_asked_again_only_while_there_is_patience() throws Exception {
        Files.writeString(host.juju().resolve("waits"), "");
        try (Model model = open(Watcher.NONE)) {
            model.refreshStatuses();
            long start = System.nanoTime();
            Settled settled = model.settle(LONG, Duration.ofSeconds(5));
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            assertEquals(List.of("node/0 is waiting: for something"), settled.reasons());
            assertTrue(updates() >= 2, () -> "once, and again after a second");
            assertTrue(took.compareTo(LONG.dividedBy(4)) < 0, () -> "it took " + took);
        }
    }

    @Test
    void what_is_due_on_a_host_that_is_down_is_not_waited_for() throws Exception {
        host.close();
        try (Model model = open(Watcher.NONE)) {
            model.refreshStatuses();
            long start = System.nanoTime();
            Settled settled = model.finishDue(LONG);
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            assertTrue(settled.reasons().toString().contains("machine h1: "), () -> settled.reasons().toString());
            assertTrue(took.compareTo(LONG.dividedBy(4)) < 0, () -> "it took " + took);
        }
    }

    @Test
    void anything_else_is_refused() throws Exception {
        assertEquals(new Called(2, "ERROR missing unit-name\n"), jujuExec());
        assertEquals(new Called(1, "ERROR unit \"nosuch/0\" not found on this machine\n"), jujuExec("nosuch/0", "true"));
        assertEquals(new Called(1, "ERROR unit \"../node/0\" not found on this machine\n"), jujuExec("../node/0", UPDATE));
        Called other = jujuExec("node/0", "config-get");
        assertEquals(1, other.code());
        assertTrue(other.said().contains("canal exec --unit node/0"), other::said);
    }
}
