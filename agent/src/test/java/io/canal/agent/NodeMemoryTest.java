package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lease.Standing;
import io.canal.model.NodePaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class NodeMemoryTest {

    private static final String ID = "0123456789abcdef0123456789abcdef";

    private final AtomicInteger written = new AtomicInteger();
    private NodePaths paths = NodePaths.real();
    private NodeMemory memory = new NodeMemory(paths, Optional::empty, () -> Standing.WAITING);

    @BeforeEach
    void folders(@TempDir Path root) throws IOException {
        paths = new NodePaths(root);
        memory = new NodeMemory(paths, Optional::empty, () -> Standing.WAITING);
    }

    private void check(Standing standing) {
        memory.check(standing, ID, written::incrementAndGet);
    }

    @Test
    void a_node_that_held_a_subnet_in_this_boot_is_the_same_one_without_its_state_folder() throws IOException {
        check(Standing.HELD);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(paths.bootNodeId())));
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(paths.runDir())));
        memory.recall();
        assertEquals(ID + "\n", Files.readString(paths.nodeId()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "garbage", "0123456789ABCDEF0123456789abcdef"})
    void a_damaged_node_id_is_put_right_from_this_boots_copy(String damaged) throws IOException {
        check(Standing.HELD);
        Files.createDirectories(paths.stateDir());
        Files.writeString(paths.nodeId(), damaged);
        memory.recall();
        assertEquals(ID + "\n", Files.readString(paths.nodeId()));
    }

    @Test
    void the_id_on_disk_counts_more_than_the_copy() throws IOException {
        check(Standing.HELD);
        Files.createDirectories(paths.stateDir());
        String other = "f".repeat(32);
        Files.writeString(paths.nodeId(), other);
        memory.recall();
        assertEquals(other, Files.readString(paths.nodeId()));
    }

    @ParameterizedTest
    @EnumSource(value = Standing.class, names = "HELD", mode = EnumSource.Mode.EXCLUDE)
    void a_copied_machine_keeps_no_copy_of_the_id_as_it_holds_nothing(Standing standing) {
        check(standing);
        assertFalse(Files.exists(paths.bootNodeId()));
    }

    @Test
    void a_damaged_copy_makes_no_node_id() throws IOException {
        Files.createDirectories(paths.runDir());
        Files.writeString(paths.bootNodeId(), "garbage\n");
        memory.recall();
        assertFalse(Files.exists(paths.nodeId()));
    }

    @Test
    void a_state_folder_that_is_removed_while_the_agent_lives_is_written_again() throws IOException {
        Files.createDirectories(paths.stateDir());
        Files.writeString(paths.nodeId(), ID + "\n");
        check(Standing.HELD);
        assertEquals(0, written.get());
        Files.delete(paths.nodeId());
        Files.delete(paths.stateDir());
        check(Standing.HELD);
        assertEquals(1, written.get());
        assertTrue(Files.isDirectory(paths.endpointJournal()));
        assertTrue(Files.isDirectory(paths.spool()));
    }

    @Test
    void with_the_state_folder_come_back_the_small_files_that_are_written_only_when_they_change() throws IOException {
        Files.createDirectories(paths.stateDir());
        Files.writeString(paths.nodeId(), ID + "\n");
        Path sysctls = Files.writeString(paths.stateDir().resolve("sysctls"), "net/ipv4/ip_forward 0 1\n");
        Path departed = Files.writeString(paths.stateDir().resolve("departed-units"), "canal/7\n");
        check(Standing.HELD);
        Files.delete(departed);
        Files.delete(sysctls);
        Files.delete(paths.nodeId());
        Files.delete(paths.stateDir());
        AtomicInteger others = new AtomicInteger();
        memory.putsBack(others::incrementAndGet);
        check(Standing.HELD);
        assertEquals("net/ipv4/ip_forward 0 1\n", Files.readString(sysctls));
        assertFalse(Files.exists(departed), "what is to be done once is not done again");
        assertEquals(1, others.get());
    }

    @ParameterizedTest
    @EnumSource(value = Standing.class, names = {"WAITING", "BLOCKED", "LEFT"})
    void who_may_be_a_copy_or_leaves_lets_the_state_folder_be_removed(Standing standing) {
        check(standing);
        assertEquals(0, written.get());
    }

    @Test
    void who_has_left_is_not_the_one_that_it_was() throws IOException {
        check(Standing.HELD);
        memory.forget();
        memory.recall();
        assertFalse(Files.exists(paths.nodeId()));
    }
}
