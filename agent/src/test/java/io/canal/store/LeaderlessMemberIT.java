package io.canal.store;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.reconcile.Clock;
import io.canal.store.testing.PartedEtcd;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One of three real members is cut off from the others and not from its clients. It needs a second or two to notice that it has no
 * leader, and three more until it ends its watches; whoever asked it goes to another one then.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("long")
class LeaderlessMemberIT {

    /** More than there are members: whatever way the client spreads them, some watch the member that is cut off. */
    private static final int FEEDS = 6;

    private static final Duration BOUND = Duration.ofSeconds(15);

    private final PartedEtcd etcd;

    LeaderlessMemberIT(@TempDir Path folder) {
        etcd = new PartedEtcd(folder);
    }

    @AfterAll
    void stop() {
        etcd.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whoever_is_connected_to_it_follows_by_another_member(boolean leads) throws Exception {
        EtcdStore store = new EtcdStore(EtcdSettings.plain(etcd.endpoints()), Clock.system());
        List<RecordingListener> listeners = new ArrayList<>();
        try (store) {
            await("the members answer", () -> answers(store));
            for (int i = 0; i < FEEDS; i++) {
                RecordingListener listener = new RecordingListener();
                store.feed("/followed/" + i, listener);
                listener.await(() -> listener.listings() == 1);
                listeners.add(listener);
            }
            int member = leads ? etcd.leader() : (etcd.leader() + 1) % 3;
            List<String> others = new ArrayList<>(etcd.endpoints());
            others.remove(member);
            long cut = System.nanoTime();
            etcd.cutOff(member);
            try {
                AtomicReference<Duration> asked = new AtomicReference<>();
                Thread asker = Thread.startVirtualThread(() -> {
                    // Every call in a row goes to the next member.
                    for (int inARow = 0; inARow < 6; ) {
                        inARow = answers(store) ? inARow + 1 : 0;
                    }
                    asked.set(since(cut));
                });
                String told = "told " + leads;
                try (EtcdStore rest = new EtcdStore(EtcdSettings.plain(others), Clock.system())) {
                    await("the others take writes", () -> wrote(rest, told));
                    Duration written = since(cut);
                    for (RecordingListener listener : listeners) {
                        listener.awaitRows(rows -> rows.containsValue(told));
                    }
                    Duration followed = since(cut);
                    asker.join(BOUND);
                    System.out.println((leads ? "the leader" : "a follower") + " cut off: the others took writes after " + written.toMillis()
                            + " ms, all feeds had them after " + followed.toMillis() + " ms, every call was answered after " + asked.get());
                    assertTrue(followed.compareTo(BOUND) < 0, followed::toString);
                    assertTrue(asked.get() != null && asked.get().compareTo(BOUND) < 0, () -> "every call was answered after " + asked.get());
                }
            } finally {
                etcd.heal(member);
            }
        }
    }

    private static boolean answers(EtcdStore store) {
        try {
            store.get("/followed");
            return true;
        } catch (StoreException failure) {
            return false;
        }
    }

    private static boolean wrote(EtcdStore store, String value) {
        try {
            Txn txn = Txn.when();
            for (int i = 0; i < FEEDS; i++) {
                txn = txn.put("/followed/" + i, value, 0);
            }
            return store.commit(txn).done();
        } catch (StoreException failure) {
            return false;
        }
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(since(start).compareTo(BOUND) < 0, what);
            Thread.sleep(50);
        }
    }
}
