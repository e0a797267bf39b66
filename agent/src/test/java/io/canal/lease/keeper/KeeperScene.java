package io.canal.lease.keeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lease.NodeFacts;
import io.canal.lease.Standing;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Clock;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Keepers of several nodes on one store, and what the tests do to them. */
abstract class KeeperScene {

    static final NetworkKeys KEYS = NetworkKeys.DEFAULT;
    static final String CONFIG = "{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}";
    static final Duration TTL = Duration.ofSeconds(3);

    @TempDir
    Path folder;

    Store store;
    private final List<TestNode> nodes = new ArrayList<>();

    abstract Store open();

    abstract void cut();

    abstract void mend();

    /** Another, empty cluster. */
    abstract void replace();

    @BeforeEach
    void openStore() throws StoreException {
        store = open();
        awaitStore();
        for (String prefix : List.of("/coreos.com/", "/canal/")) {
            for (Store.Entry entry : store.list(prefix).entries()) {
                store.commit(Txn.when().delete(entry.key()));
            }
        }
        put(KEYS.config(), CONFIG);
    }

    @AfterEach
    void close() {
        mend();
        nodes.forEach(TestNode::close);
        store.close();
    }

    /** A server that was killed by the test before needs a moment. */
    private void awaitStore() throws StoreException {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (true) {
            try {
                store.get("any");
                return;
            } catch (StoreException away) {
                if (System.nanoTime() > deadline) {
                    throw away;
                }
            }
        }
    }

    boolean remembers(String node, SubnetKey peer) {
        return holds(folder.resolve(node + "/network.json"), peer.text());
    }

    static boolean holds(Path file, String text) {
        try {
            return Files.readString(file).contains(text);
        } catch (IOException e) {
            return false;
        }
    }

    TestNode start(int number) {
        return node(number, TestNode.facts(number));
    }

    TestNode node(int number, NodeFacts facts) {
        return node(store, number, facts);
    }

    TestNode node(Store through, int number, NodeFacts facts) {
        return node(through, number, facts, KeeperSettings.withTtl(TTL));
    }

    /** A node none of whose leases, and no distrust of it, ends while the test looks, however long the machine stands still. */
    TestNode lasting(int number, NodeFacts facts) {
        return node(store, number, facts, KeeperSettings.withTtl(Duration.ofHours(1)));
    }

    /** Has a node give back what it holds, for which it has ten seconds; twice where the machine stands still. */
    static void leave(TestNode node) {
        assertEquals(Optional.empty(), node.keeper().leave().flatMap(_ -> node.keeper().leave()));
    }

    TestNode node(Store through, int number, NodeFacts facts, KeeperSettings settings) {
        return node(through, number, facts, settings, Clock.system());
    }

    TestNode node(Store through, int number, NodeFacts facts, KeeperSettings settings, Clock clock) {
        TestNode node = new TestNode(through, folder.resolve("" + number), facts, settings, clock);
        nodes.add(node);
        return node;
    }

    void stop(TestNode node) {
        node.close();
        nodes.remove(node);
    }

    void putConfig() {
        try {
            put(KEYS.config(), CONFIG);
        } catch (StoreException away) {
            throw new AssertionError(away);
        }
    }

    void put(String key, String value) throws StoreException {
        store.commit(Txn.when().put(key, value, 0));
    }

    void awaitNoKey(String key) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!isGone(key)) {
            assertTrue(System.nanoTime() < deadline, () -> key + " must go");
            Thread.sleep(50);
        }
    }

    /** As far as is known: an etcd on a machine that has much to do may miss the time that a call has. */
    private boolean isGone(String key) {
        try {
            return store.get(key).isEmpty();
        } catch (StoreException away) {
            return false;
        }
    }

    void awaitKey(String key) throws StoreException {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (true) {
            try {
                if (store.get(key).isPresent()) {
                    return;
                }
            } catch (StoreException away) {
                if (System.nanoTime() > deadline) {
                    throw away;
                }
            }
            assertTrue(System.nanoTime() < deadline, () -> key + " must come; there are " + dump());
            try {
                Thread.sleep(50);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    private String dump() {
        try {
            return store.list("/").entries().stream().map(Store.Entry::key).collect(Collectors.joining(" "));
        } catch (StoreException away) {
            return away.getMessage();
        }
    }
}
