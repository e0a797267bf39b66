package io.canal.controller;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.OperatingSystemMXBean;
import io.canal.controller.testing.SettlingProcess;
import io.canal.controller.testing.ShellCharm;
import io.canal.controller.testing.SshServer;
import io.canal.controller.text.Trees;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is left when a controller, a connection or a hook comes to a bad end. */
final class FaultIT {

    private static final Duration LONG = Duration.ofSeconds(60);

    /** Writes through hook tools, leaves a child in its process group, and goes on for a minute while the file slow is there. */
    private static final String SLOW = """
            case $JUJU_DISPATCH_PATH in
              hooks/install) relation-ids fleet ;;
              hooks/start)
                if [ -e /var/lib/juju/slow ]; then
                  state-set written=1
                  relation-set -r "$(relation-ids fleet)" written=1
                  sleep 60 & echo $! >/var/lib/juju/child
                  echo $$ >/var/lib/juju/hook
                  wait
                fi ;;
            esac
            status-set active "done $JUJU_DISPATCH_PATH"
            """;

    @TempDir
    Path temp;

    private SshServer host;
    private Path folder;

    @BeforeEach
    void start() throws Exception {
        host = SshServer.start(temp.resolve("host"), "127.0.0.1");
        folder = temp.resolve("model");
    }

    @AfterEach
    void stop() throws Exception {
        host.close();
    }

    private Model open() throws Exception {
        return Model.open(folder, "test", Watcher.NONE);
    }

    private void deploy(String dispatch) throws Exception {
        ShellCharm charm = ShellCharm.make(temp, "worker", "peers:\n  fleet: {interface: fleet}\n", dispatch)
                .file("actions.yaml", "wait: {}\n");
        try (Model model = open()) {
            model.addMachine(LifecycleIT.spec("h1", host));
            model.deploy("worker", model.charm(charm.folder()), Map.of(), List.of("h1"));
        }
    }

    private Path at(String name) {
        return host.juju().resolve(name);
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        Instant end = Instant.now().plus(LONG);
        while (!condition.getAsBoolean()) {
            assertTrue(Instant.now().isBefore(end), () -> "waited in vain: " + what);
            Thread.sleep(20);
        }
    }

    /** Whether a line is in the file, and not only the file there. */
    private boolean isWritten(String file) {
        return at(file).toFile().length() > 0;
    }

    private boolean lives(String pidFile) {
        try {
            // The host shares our process ids. What has not written its own has not begun.
            return isWritten(pidFile) && ProcessHandle.of(Long.parseLong(Files.readString(at(pidFile)).strip()))
                    .filter(process -> !isZombie(process.pid()))
                    .isPresent();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static boolean isZombie(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/stat")).contains(") Z ");
        } catch (java.io.IOException e) {
            return true;
        }
    }

    private void hookIsGone() throws Exception {
        await("the hook's end", () -> !lives("hook"));
        await("the end of its child", () -> !lives("child"));
        assertFalse(Files.exists(at("agents/unit-worker-0/agent.socket")), "the socket is removed");
    }

    private void nothingWasWritten(Model model) {
        ModelState state = model.view().state();
        UnitState unit = state.unit(UnitName.of("worker/0"));
        assertFalse(unit.started);
        assertTrue(unit.store.isEmpty());
        assertFalse(state.relation(0).unitBag(unit.name).values().containsKey("written"));
    }

    private void runsToItsEnd(Model model) throws Exception {
        Files.delete(at("slow"));
        Settled settled = model.settle(LONG);
        assertTrue(settled.isActive(), settled::toString);
        assertEquals("done hooks/start", model.view().unit("worker/0").orElseThrow().workload().message());
    }

    @Test
    void a_killed_controller_leaves_no_hook_and_nothing_half_written() throws Exception {
        deploy(SLOW);
        Files.createFile(at("slow"));
        Process controller = SettlingProcess.start(folder);
        await("the start hook", () -> isWritten("hook"));
        ModelBusyException busy = assertThrows(ModelBusyException.class, this::open);
        assertTrue(busy.getMessage().contains("process " + controller.pid()), busy::getMessage);
        controller.destroyForcibly();
        assertTrue(controller.waitFor(10, TimeUnit.SECONDS));
        hookIsGone();
        try (Model model = open()) {
            nothingWasWritten(model);
            runsToItsEnd(model);
        }
    }

    @Test
    void a_cut_connection_kills_the_hook_and_the_hook_is_run_again() throws Exception {
        deploy(SLOW);
        Files.createFile(at("slow"));
        try (Model model = open()) {
            Thread settling = Thread.ofVirtual().start(() -> {
                try {
                    model.settle(Duration.ofSeconds(90));
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            await("the start hook", () -> isWritten("hook"));
            String first = Files.readString(at("hook"));
            host.cutConnections();
            await("the hook's second run", () -> {
                try {
                    String now = Files.readString(at("hook"));
                    return !now.isEmpty() && !now.equals(first);
                } catch (java.io.IOException e) {
                    return false;
                }
            });
            nothingWasWritten(model);
            Files.delete(at("slow"));
            // The second run still waits; its own end lets the model settle.
            ProcessHandle.of(Long.parseLong(Files.readString(at("child")).strip())).ifPresent(ProcessHandle::destroy);
            settling.join();
            assertEquals("active", model.view().unit("worker/0").orElseThrow().workload().status());
        }
    }

    @Test
    void a_failing_hook_is_repeated_and_what_it_wrote_is_dropped() throws Exception {
        deploy("""
                status-set maintenance trying
                if [ "$JUJU_DISPATCH_PATH" = hooks/config-changed ] && [ -e /var/lib/juju/broken ]; then
                  state-set written=1; exit 5
                fi
                status-set active ok
                """);
        Files.createFile(at("broken"));
        try (Model model = open()) {
            // The hooks before it take their time.
            await("the hook's failure", () -> settledFor(model, Duration.ofSeconds(3)).equals(List.of("worker/0 is error: hook failed: \"config-changed\"")));
            assertTrue(model.view().state().unit(UnitName.of("worker/0")).store.isEmpty());
            Files.delete(at("broken"));
            model.resolve("worker/0", true);
            assertTrue(model.settle(LONG).isActive());
        }
    }

    private static List<String> settledFor(Model model, Duration span) {
        try {
            return model.settle(span).reasons();
        } catch (Exception failure) {
            throw new AssertionError(failure);
        }
    }

    @Test
    void an_action_that_is_not_over_in_time_is_stopped() throws Exception {
        deploy("""
                [ "$JUJU_DISPATCH_PATH" != actions/wait ] || { echo $$ >/var/lib/juju/hook; exec sleep 100; }
                status-set active ok
                """);
        try (Model model = open()) {
            assertTrue(model.settle(LONG).isActive());
            TaskResult result = model.run("worker/0", "wait", Trees.object(), Duration.ofSeconds(2));
            assertEquals("aborted", result.status(), result::toString);
        }
        await("the action's end", () -> !lives("hook"));
        try (Model model = open()) {
            assertTrue(model.settle(LONG).isActive());
        }
    }

    @Test
    void after_a_reboot_start_runs_first() throws Exception {
        deploy("echo $JUJU_DISPATCH_PATH >>/var/lib/juju/trace; status-set active ok\n");
        try (Model model = open()) {
            assertTrue(model.settle(LONG).isActive());
        }
        Files.delete(at("trace"));
        host.reboot();
        try (Model model = open()) {
            model.refreshStatuses();
            assertTrue(model.settle(LONG).isActive());
        }
        assertEquals(List.of("hooks/start", "hooks/update-status"), Files.readAllLines(at("trace")));
    }

    @Test
    void machines_with_nothing_to_do_rest_while_another_one_works() throws Exception {
        Duration works = Duration.ofMillis(1500);
        try (SshServer second = SshServer.start(temp.resolve("second"), "127.0.0.2"); SshServer third = SshServer.start(temp.resolve("third"), "127.0.0.3");
                Model model = open()) {
            model.addMachine(LifecycleIT.spec("h1", host));
            model.addMachine(LifecycleIT.spec("h2", second));
            model.addMachine(LifecycleIT.spec("h3", third));
            ShellCharm charm = ShellCharm.make(temp, "worker", "", "if [ -e /var/lib/juju/works ]; then sleep 1.5; fi\nstatus-set active ready\n");
            model.deploy("worker", model.charm(charm.folder()), Map.of(), List.of("h1", "h2", "h3"));
            assertTrue(model.settle(LONG).isActive());
            Files.writeString(at("works"), "");
            model.refreshStatuses();
            long before = processorTime();
            assertTrue(model.settle(LONG).isActive());
            Duration used = Duration.ofNanos(processorTime() - before);
            assertTrue(used.compareTo(works.dividedBy(2)) < 0, () -> "the controller used " + used + " of processor time");
        }
    }

    private static long processorTime() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
    }
}
