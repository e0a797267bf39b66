package io.canal.lease.keeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lease.Remembered;
import io.canal.lease.Standing;
import io.canal.model.Json;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Clock;
import io.canal.reconcile.testing.JumpingClock;
import io.canal.store.MemoryStore;
import io.canal.store.Txn;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A state folder in which something is not as it should be. */
class StateFolderTest {

    private static final LeaseValue LEASE = LeaseValue.parse("", "{\"PublicIP\":\"10.10.0.1\",\"PublicIPv6\":null,\"BackendType\":\"host-gw\"}").orThrow();

    @TempDir
    Path folder;

    @Test
    void a_node_id_is_made_once() throws IOException {
        String id = new StateFolder(folder).nodeId(new Random());
        assertEquals(id, new StateFolder(folder).nodeId(new Random()));
        assertEquals(id + "\n", Files.readString(folder.resolve("node-id")));
    }

    @Test
    void a_node_id_that_cannot_be_read_is_not_replaced() throws IOException {
        Path file = folder.resolve("node-id");
        for (byte[] damaged : new byte[][] {{}, {(byte) 0xff, 10}, "0123\n".getBytes(), new byte[32]}) {
            Files.write(file, damaged);
            IOException refusal = assertThrows(IOException.class, () -> LeaseKeeper.identify(folder, new Random()));
            assertTrue(refusal.getMessage().contains(file.toString()), refusal.getMessage());
            assertTrue(refusal.getMessage().matches("[ -~]+"), "the journal shows no line with other bytes: " + refusal.getMessage());
            assertEquals(damaged.length, Files.size(file));
        }
        Files.delete(file);
        Files.createDirectory(file);
        assertThrows(IOException.class, () -> LeaseKeeper.identify(folder, new Random()));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, -2})
    void after_a_restart_spans_are_what_they_were_however_the_clock_has_jumped(int days) {
        JumpingClock clock = new JumpingClock();
        StateFolder state = new StateFolder(folder);
        Remembered subnet = new Remembered(SubnetKey.of("10.1.49.0-24"), LEASE, clock.now(), clock.nanos());
        StateFolder.Distrust distrust = new StateFolder.Distrust(clock.now().plusSeconds(60), clock.nanos() + 60_000_000_000L);
        StateFolder.Last last = new StateFolder.Last(Optional.of(subnet), new StateFolder.Known(1, 2, 3, Optional.of(distrust)));
        state.last(last, "boot");
        clock.set(Duration.ofDays(days));
        assertEquals(last, state.last("boot", clock));
        // In another boot only the time of day tells, and nothing was confirmed in the future.
        StateFolder.Last later = state.last("another", clock);
        long age = clock.nanos() - later.subnet().orElseThrow().confirmedNanos();
        assertEquals(Math.max(days, 0), Duration.ofNanos(age).plusSeconds(1).toDays());
        long left = later.known().distrust().orElseThrow().endsNanos() - clock.nanos();
        assertEquals(Math.max(-days, 0), Duration.ofNanos(left).plusSeconds(1).toDays());
    }

    @Test
    void what_a_machine_slept_through_has_passed() {
        JumpingClock clock = new JumpingClock();
        clock.sleep(Duration.ofHours(1));
        Clock through = clock.throughSleep();
        StateFolder state = new StateFolder(folder);
        Remembered subnet = new Remembered(SubnetKey.of("10.1.49.0-24"), LEASE, clock.now(), through.nanos());
        StateFolder.Distrust distrust = new StateFolder.Distrust(clock.now().plusSeconds(60), through.nanos() + 60_000_000_000L);
        state.last(new StateFolder.Last(Optional.of(subnet), new StateFolder.Known(1, 2, 3, Optional.of(distrust))), "boot");
        clock.sleep(Duration.ofHours(25));
        StateFolder.Last last = state.last("boot", through);
        assertEquals(25, through.since(last.subnet().orElseThrow().confirmedNanos()).toHours());
        assertTrue(last.known().distrust().orElseThrow().endsNanos() < through.nanos());
    }

    @Test
    void what_a_program_wrote_whose_clock_left_out_sleep_is_as_old_as_it_is() throws IOException {
        JumpingClock clock = new JumpingClock();
        long confirmed = clock.nanos();
        Files.writeString(folder.resolve("lease.json"), Json.compact(Json.object().put("boot", "boot").put("slept", Duration.ofHours(2).toNanos())
                .put("subnet", "10.1.49.0-24").put("value", LEASE.text()).put("confirmedAt", clock.now().toString()).put("confirmedNanos", confirmed)));
        clock.sleep(Duration.ofHours(5));
        Clock through = clock.throughSleep();
        assertEquals(3, through.since(new StateFolder(folder).last("boot", through).subnet().orElseThrow().confirmedNanos()).toHours());
    }

    /** A node that goes by what its disk remembers. */
    private TestNode startedWithoutEtcd(MemoryStore store, Duration ttl, JumpingClock clock) {
        TestNode node = new TestNode(store, folder, TestNode.facts(1), ttl, clock);
        clock.pass(Duration.ofSeconds(6));
        node.keeper().facts(TestNode.facts(1));
        node.await(() -> node.own().standing() == Standing.REMEMBERED);
        return node;
    }

    @Test
    void a_lease_that_ran_out_while_the_machine_slept_gives_no_addresses() throws Exception {
        JumpingClock clock = new JumpingClock();
        MemoryStore store = new MemoryStore(clock);
        store.commit(Txn.when().put(NetworkKeys.DEFAULT.config(), KeeperScene.CONFIG, 0));
        Duration ttl = Duration.ofHours(24);
        try (TestNode node = new TestNode(store, folder, TestNode.facts(1), ttl, clock)) {
            node.awaitHeld();
            store.available(false);
            clock.sleep(Duration.ofHours(25));
        }
        try (TestNode node = startedWithoutEtcd(store, ttl, clock)) {
            assertTrue(node.own().refusesPods(ttl, clock).isPresent());
        }
    }

    @Test
    void what_the_disk_does_not_take_and_what_fails_otherwise_are_told_apart_from_what_it_took() {
        assertTrue(StateFolder.took(() -> {}));
        assertFalse(StateFolder.took(() -> {
            throw new UncheckedIOException(new IOException("No space left on device"));
        }));
        assertFalse(StateFolder.took(() -> {
            throw new IllegalStateException("a defect");
        }));
    }

    @Test
    void a_node_that_starts_without_etcd_after_the_clock_was_set_forward_still_gives_its_pods_addresses() throws Exception {
        JumpingClock clock = new JumpingClock();
        MemoryStore store = new MemoryStore(clock);
        store.commit(Txn.when().put(NetworkKeys.DEFAULT.config(), KeeperScene.CONFIG, 0));
        Duration ttl = Duration.ofHours(24);
        try (TestNode node = new TestNode(store, folder, TestNode.facts(1), ttl, clock)) {
            node.awaitHeld();
        }
        store.available(false);
        clock.set(Duration.ofDays(2));
        try (TestNode node = startedWithoutEtcd(store, ttl, clock)) {
            assertEquals(Optional.empty(), node.own().refusesPods(ttl, clock));
            clock.pass(ttl);
            assertTrue(node.own().refusesPods(ttl, clock).isPresent());
        }
    }

    @Test
    void a_disk_that_takes_nothing_more_is_asked_now_and_then_and_the_lease_is_kept() throws Exception {
        MemoryStore store = new MemoryStore(Clock.system());
        store.commit(Txn.when().put(NetworkKeys.DEFAULT.config(), KeeperScene.CONFIG, 0));
        // Nothing can take the place of a folder that has something in it.
        Path full = Files.createDirectories(folder.resolve("lease.json/x"));
        CountingClock clock = new CountingClock();
        try (TestNode node = new TestNode(store, folder, TestNode.facts(1), Duration.ofSeconds(3), clock)) {
            node.awaitHeld();
            node.await(() -> Files.exists(folder.resolve("network.json")));
            assertTrue(clock.looksASecond() < CountingClock.RESTLESS, "the keeper asks the disk again and again");
            Files.delete(full);
            Files.delete(folder.resolve("lease.json"));
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (!Files.isRegularFile(folder.resolve("lease.json"))) {
                assertTrue(System.nanoTime() < deadline);
                Thread.sleep(50);
            }
        }
        assertTrue(Json.object("lease.json", Files.readString(folder.resolve("lease.json"))).toString().contains("10.1."));
    }
}
