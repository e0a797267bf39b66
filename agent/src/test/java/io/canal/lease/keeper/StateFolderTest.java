package io.canal.lease.keeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Json;
import io.canal.model.NetworkKeys;
import io.canal.reconcile.Clock;
import io.canal.store.MemoryStore;
import io.canal.store.Txn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A state folder in which something is not as it should be. */
class StateFolderTest {

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
            assertEquals(damaged.length, Files.size(file));
        }
        Files.delete(file);
        Files.createDirectory(file);
        assertThrows(IOException.class, () -> LeaseKeeper.identify(folder, new Random()));
    }

    @Test
    void a_disk_that_takes_nothing_more_is_asked_now_and_then_and_the_lease_is_kept() throws Exception {
        MemoryStore store = new MemoryStore(Clock.system());
        store.commit(Txn.when().put(NetworkKeys.DEFAULT.config(), KeeperScene.CONFIG, 0));
        // Nothing can take the place of a folder that has something in it.
        Path full = Files.createDirectories(folder.resolve("lease.json/x"));
        Looks looks = new Looks();
        try (TestNode node = new TestNode(store, folder, TestNode.facts(1), Duration.ofSeconds(3), looks)) {
            node.awaitHeld();
            node.await(() -> Files.exists(folder.resolve("network.json")));
            int before = looks.count.get();
            Thread.sleep(300);
            int more = looks.count.get() - before;
            assertTrue(more < 200, () -> "the keeper looked at its clock " + more + " times in 0.3 s");
            Files.delete(full);
            Files.delete(folder.resolve("lease.json"));
            long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
            while (!Files.isRegularFile(folder.resolve("lease.json"))) {
                assertTrue(System.nanoTime() < deadline);
                Thread.sleep(50);
            }
        }
        assertTrue(Json.object("lease.json", Files.readString(folder.resolve("lease.json"))).toString().contains("10.1."));
    }

    private static final class Looks implements Clock {

        private final AtomicInteger count = new AtomicInteger();

        @Override
        public long nanos() {
            count.incrementAndGet();
            return Clock.system().nanos();
        }

        @Override
        public Instant now() {
            return Clock.system().now();
        }
    }
}
