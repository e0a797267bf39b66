package io.canal.dataplane.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.files.Conflist;
import io.canal.files.FileFacts;
import io.canal.files.SubnetEnv;
import io.canal.kernel.libc.Flock;
import io.canal.kernel.testing.Script;
import io.canal.model.Cidr;
import io.canal.model.NodePaths;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Repair;
import io.canal.reconcile.Repair.Was;
import io.canal.reconcile.StageFailed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.jspecify.annotations.Nullable;

class FileStageTest {

    private static final Pass PASS = new Pass(1, true);

    @TempDir
    Path root;

    private NodePaths paths = new NodePaths(Path.of("/nowhere"));
    private @Nullable FileFacts facts;
    private boolean begun = true;

    @BeforeEach
    void setUp() {
        paths = new NodePaths(root);
        facts = facts("10.1.49.0/24");
    }

    private static FileFacts facts(String subnet) {
        SubnetEnv env = new SubnetEnv(Optional.of(SubnetEnv.Net.of(Cidr.of("10.1.0.0/16"), Cidr.of(subnet))), Optional.empty(), 1450, true);
        return new FileFacts(env, "h1", List.of("http://10.10.0.1:2379"), Optional.empty(), "");
    }

    private FileStage stage() {
        return new FileStage(new NodeFiles(paths, Path.of("..", "templates"), () -> {}), () -> Optional.ofNullable(facts), () -> begun);
    }

    @Test
    void both_files_are_made_readable_for_all_and_nothing_else_stays() throws Exception {
        stage().run(PASS);
        assertEquals("rw-r--r--", PosixFilePermissions.toString(Files.getPosixFilePermissions(paths.subnetEnv())));
        assertEquals("rw-r--r--", PosixFilePermissions.toString(Files.getPosixFilePermissions(paths.conflist())));
        try (var files = Files.list(paths.cniConfDir())) {
            assertEquals(List.of(paths.conflist()), files.toList());
        }
    }

    @Test
    void without_a_subnet_the_files_stay_as_they_are() throws Exception {
        facts = null;
        Files.createDirectories(paths.cniConfDir());
        Files.writeString(paths.conflist(), "old");
        stage().run(PASS);
        assertEquals("old", Files.readString(paths.conflist()));
        assertFalse(Files.exists(paths.subnetEnv()));
    }

    @Test
    void the_conflist_waits_for_the_beginning_and_subnet_env_does_not() throws Exception {
        FileStage stage = stage();
        begun = false;
        stage.run(PASS);
        assertTrue(Files.exists(paths.subnetEnv()));
        assertFalse(Files.exists(paths.conflist()));
        begun = true;
        stage.run(PASS);
        assertTrue(Files.exists(paths.conflist()));
    }

    @Test
    void a_conflist_that_is_there_already_is_corrected_at_once() throws Exception {
        Files.createDirectories(paths.cniConfDir());
        Files.writeString(paths.conflist(), "{\"plugins\":[]}");
        begun = false;
        stage().run(PASS);
        assertEquals(List.of(Cidr.of("10.1.49.0/24")), Conflist.subnets("conflist", Files.readString(paths.conflist())).orThrow());
    }

    @Test
    void another_subnet_reaches_both_files() throws Exception {
        FileStage stage = stage();
        stage.run(PASS);
        String before = stage.rendered().orElseThrow().digest();
        facts = facts("10.1.94.0/24");
        stage.run(PASS);
        assertTrue(Files.readString(paths.subnetEnv()).contains("FLANNEL_SUBNET=10.1.94.1/24"));
        assertTrue(Files.readString(paths.conflist()).contains("\"10.1.94.0/24\""));
        assertFalse(before.equals(stage.rendered().orElseThrow().digest()));
    }

    @Test
    void what_others_wrote_is_put_right_after_distrust_only() throws Exception {
        FileStage stage = stage();
        stage.run(PASS);
        String good = Files.readString(paths.subnetEnv());
        Files.writeString(paths.subnetEnv(), "FLANNEL_SUBNET=10.1.1.1/24\n");
        stage.run(PASS);
        assertEquals("FLANNEL_SUBNET=10.1.1.1/24\n", Files.readString(paths.subnetEnv()));
        stage.distrust();
        stage.run(PASS);
        assertEquals(good, Files.readString(paths.subnetEnv()));
    }

    @Test
    void what_others_did_to_the_files_is_told_with_the_first_line_that_differed() throws Exception {
        Files.createDirectories(paths.subnetEnv().getParent());
        Files.writeString(paths.subnetEnv(), "left from before\n");
        FileStage stage = stage();
        stage.run(PASS);
        facts = facts("10.1.94.0/24");
        stage.run(PASS);
        assertEquals(List.of(), stage.takeRepairs(), "our own first write, and our own change");
        Files.writeString(paths.conflist(), Files.readString(paths.conflist()).replace("10.1.94.0/24", "10.9.9.0/24"));
        Files.delete(paths.subnetEnv());
        stage.distrust();
        stage.run(PASS);
        List<Repair> repairs = stage.takeRepairs();
        assertEquals(List.of(Was.REMOVED, Was.CHANGED), repairs.stream().map(Repair::was).toList());
        assertEquals(paths.conflist().toString(), repairs.getLast().what());
        assertTrue(repairs.getLast().detail().matches(".*10\\.9\\.9\\.0/24.* in place of .*10\\.1\\.94\\.0/24.*"), repairs.getLast()::detail);
        assertEquals(List.of(), stage.takeRepairs());
    }

    @Test
    void a_file_that_is_right_is_not_written_again() throws Exception {
        stage().run(PASS);
        Object inode = Files.getAttribute(paths.conflist(), "unix:ino");
        stage().run(PASS);
        assertEquals(inode, Files.getAttribute(paths.conflist(), "unix:ino"));
    }

    @Test
    void an_absent_template_is_named() {
        FileStage stage = new FileStage(new NodeFiles(paths, root.resolve("none"), () -> {}), () -> Optional.ofNullable(facts), () -> true);
        StageFailed failed = assertThrows(StageFailed.class, () -> stage.run(PASS));
        assertEquals("The template " + root.resolve("none/subnet.env.ftl") + " is absent; install canal again.", failed.getMessage());
    }

    @Test
    void the_conflist_waits_for_the_first_answer_of_a_plugin_and_subnet_env_does_not() throws Exception {
        PluginProbe probe = probe(Duration.ofSeconds(20), "head -c 1 " + root.resolve("gate") + " > /dev/null; echo '{\"supportedVersions\":[\"0.4.0\",\"1.0.0\"]}'");
        Path gate = root.resolve("gate");
        assertEquals(0, new ProcessBuilder("mkfifo", gate.toString()).start().waitFor());
        FileStage stage = new FileStage(new NodeFiles(paths, Path.of("..", "templates"), probe), () -> Optional.ofNullable(facts), () -> begun);
        stage.run(PASS);
        assertTrue(Files.exists(paths.subnetEnv()));
        assertFalse(Files.exists(paths.conflist()));
        assertEquals(Optional.empty(), stage.placed());
        Files.writeString(gate, "x");
        probe.settle();
        stage.distrust();
        stage.run(PASS);
        assertEquals(Optional.of(Set.of("0.4.0", "1.0.0")), Conflist.versionsWith(Conflist.PORTMAP, Files.readString(paths.conflist())));
        assertEquals(Optional.ofNullable(facts), stage.placed());
        assertEquals(List.of(), stage.rendered().orElseThrow().notes());
    }

    @Test
    void a_conflist_in_use_keeps_its_chain_while_the_plugin_has_not_answered() throws Exception {
        PluginProbe probe = probe(Duration.ofMillis(500), "exec sleep 60");
        FileStage stage = new FileStage(new NodeFiles(paths, Path.of("..", "templates"), probe), () -> Optional.ofNullable(facts), () -> begun);
        String used = """
                {"cniVersion": "1.0.0", "cniVersions": ["0.4.0", "1.0.0"], "plugins": [{"type": "calico", "ipam": {"subnet": "10.1.1.0/24"}}, {"type": "portmap"}]}""";
        Files.createDirectories(paths.cniConfDir());
        Files.writeString(paths.conflist(), used);
        stage.run(PASS);
        assertEquals(Optional.of(Set.of("0.4.0", "1.0.0")), Conflist.versionsWith(Conflist.PORTMAP, Files.readString(paths.conflist())));
        assertEquals(List.of(Cidr.of("10.1.49.0/24")), Conflist.subnets("conflist", Files.readString(paths.conflist())).orThrow());
        assertEquals(List.of(), stage.rendered().orElseThrow().notes());
        probe.settle();
        stage.distrust();
        stage.run(PASS);
        assertEquals(Optional.of(Set.of("0.4.0", "1.0.0")), Conflist.versionsWith(Conflist.PORTMAP, Files.readString(paths.conflist())));
        assertEquals(1, stage.rendered().orElseThrow().notes().size());
    }

    /** Asks a plugin that is this script. */
    private PluginProbe probe(Duration patience, String script) throws IOException {
        Script.write(paths.cniBinDir().resolve("portmap"), "#!/bin/sh\n" + script + "\n");
        return new PluginProbe(paths.cniBinDir(), new PluginMemory(paths.stateDir()), Clock.system(), patience, () -> {});
    }

    @Test
    void a_lock_that_another_process_holds_does_not_hold_up_what_else_is_applied() throws Exception {
        Files.createDirectories(paths.filesLock().getParent());
        FileStage stage = stage();
        try (Flock _ = Flock.tryAcquire(paths.filesLock()).orElseThrow()) {
            long start = System.nanoTime();
            assertThrows(StageFailed.class, () -> stage.run(PASS));
            assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(2), "it waited");
        }
        stage.run(PASS);
        assertTrue(Files.exists(paths.conflist()));
    }

    @Test
    void removal_takes_both_files_and_nothing_else() throws Exception {
        FileStage stage = stage();
        stage.run(PASS);
        Files.writeString(paths.cniConfDir().resolve("99-other.conf"), "{}");
        stage.removeAll();
        try (var files = Files.list(paths.cniConfDir())) {
            assertEquals(List.of(paths.cniConfDir().resolve("99-other.conf")), files.toList());
        }
        assertFalse(Files.exists(paths.subnetEnv()));
    }

    @Test
    void a_touched_file_is_noticed_even_after_its_folder_was_replaced() throws Exception {
        stage().run(PASS);
        Touches touches = new Touches();
        try (FileWatch _ = new FileWatch(paths, touches)) {
            Files.writeString(paths.conflist(), "x");
            touches.await();
            Files.delete(paths.conflist());
            Files.delete(paths.cniConfDir());
            touches.await();
            Files.createDirectories(paths.cniConfDir());
            Files.writeString(paths.conflist(), "y");
            touches.await();
        }
    }

    /** Counts what a watch tells, and waits for one more. */
    private static final class Touches implements Runnable {

        private volatile CountDownLatch next = new CountDownLatch(1);

        @Override
        public void run() {
            next.countDown();
        }

        void await() throws InterruptedException, IOException {
            if (!next.await(60, TimeUnit.SECONDS)) {
                throw new IOException("nothing was noticed within 60 s");
            }
            next = new CountDownLatch(1);
        }
    }
}
