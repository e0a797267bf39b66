package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.agent.Conditions.Weight;
import io.canal.config.AgentConfig;
import io.canal.lease.Standing;
import io.canal.lease.keeper.KeeperStanding;
import io.canal.lease.keeper.OwnSubnet;
import io.canal.model.SubnetKey;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Stage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class SourcesTest {

    private static final KeeperStanding WHOLE = new KeeperStanding(true, true, true, 1, List.of(), List.of());

    @TempDir
    Path folder;

    private final List<Boolean> passes = Collections.synchronizedList(new ArrayList<>());
    private final AtomicReference<Sources> sources = new AtomicReference<>();

    private final class Recording implements Stage {
        @Override
        public String name() {
            return "recording";
        }

        @Override
        public void run(Pass pass) {
            passes.add(pass.mayRemove());
        }
    }

    private static final OwnSubnet HELD = new OwnSubnet(Optional.of(SubnetKey.of("10.1.49.0-24")), Optional.empty(), 1, Standing.HELD, Optional.empty(), 0);

    private boolean mayRemove() {
        return sources.get().mayRemove();
    }

    /** With facts that reach the passes. */
    private void begin(ApplyLoop loop) {
        Facts facts = new Facts(new LocalFacts(AgentConfig.defaults(), Optional.empty(), OwnSubnet.NONE, Optional.empty(), "node", Optional.empty(), ""));
        facts.feed(loop);
        sources.set(new Sources(loop, new Tables(), facts, NetworkMemory.load(folder), new Conditions(() -> {}), 0, () -> {}));
        loop.start();
    }

    @Test
    void a_pass_that_has_not_seen_the_peers_removes_nothing() throws Exception {
        CountDownLatch inPass = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try (ApplyLoop loop = new ApplyLoop(Clock.system(), List.of(new Recording()), this::mayRemove, _ -> {})) {
            LocalFacts facts = new LocalFacts(AgentConfig.defaults(), Optional.empty(), OwnSubnet.NONE, Optional.empty(), "node", Optional.empty(), "");
            sources.set(new Sources(loop, new Tables(), new Facts(facts), NetworkMemory.load(folder), new Conditions(() -> {}), 0, () -> {}));
            loop.start();
            loop.write(() -> {
                inPass.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                }
            });
            inPass.await();
            sources.get().peersListed(Map.of());
            sources.get().own(HELD);
            sources.get().standing(WHOLE);
            goOn.countDown();
            loop.applied(loop.write(() -> {})).toCompletableFuture().get(60, TimeUnit.SECONDS);
            assertFalse(passes.getFirst());
            assertTrue(passes.getLast());
        }
    }

    @Test
    void what_came_in_at_once_goes_into_one_pass() throws Exception {
        try (ApplyLoop loop = new ApplyLoop(Clock.system(), List.of(new Recording()), this::mayRemove, _ -> {})) {
            begin(loop);
            CountDownLatch told = new CountDownLatch(1);
            sources.get().together(() -> {
                sources.get().own(HELD);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
                sources.get().peersListed(Map.of());
                told.countDown();
            });
            assertEquals(0, told.getCount());
            loop.applied(2).toCompletableFuture().get(60, TimeUnit.SECONDS);
            assertEquals(1, passes.size());
        }
    }

    @Test
    void while_our_own_subnet_is_not_known_nothing_is_removed() throws Exception {
        try (ApplyLoop loop = new ApplyLoop(Clock.system(), List.of(new Recording()), this::mayRemove, _ -> {})) {
            begin(loop);
            sources.get().peersListed(Map.of());
            sources.get().standing(WHOLE);
            loop.applied(loop.write(() -> {})).toCompletableFuture().get(60, TimeUnit.SECONDS);
            assertFalse(passes.getLast());
            sources.get().own(HELD);
            loop.applied(loop.write(() -> {})).toCompletableFuture().get(60, TimeUnit.SECONDS);
            assertTrue(passes.getLast());
        }
    }

    @Test
    void a_bad_row_of_another_node_is_a_note_and_leaves_this_one_ready() {
        try (ApplyLoop loop = new ApplyLoop(Clock.system(), List.of(), () -> false, _ -> {})) {
            LocalFacts facts = new LocalFacts(AgentConfig.defaults(), Optional.empty(), OwnSubnet.NONE, Optional.empty(), "node", Optional.empty(), "");
            Conditions conditions = new Conditions(() -> {});
            Sources told = new Sources(loop, new Tables(), new Facts(facts), NetworkMemory.load(folder), conditions, 0, () -> {});
            told.own(new OwnSubnet(Optional.empty(), Optional.empty(), 1, Standing.HELD, Optional.empty(), 0));
            told.standing(new KeeperStanding(true, true, true, 1, List.of(), List.of("/coreos.com/network/subnets/x is no lease")));
            assertEquals(List.of(), conditions.sentences(Weight.NOT_READY));
            assertEquals(List.of("/coreos.com/network/subnets/x is no lease."), conditions.sentences(Weight.NOTE));
        }
    }
}
