package io.canal.reconcile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ApplyLoopTest {

    private static final long SECONDS = 60;

    private final List<String> events = Collections.synchronizedList(new ArrayList<>());

    private record Recording(String name, List<String> events) implements Stage {
        @Override
        public void run(Pass pass) {
            events.add(name + " " + pass.revision());
        }

        @Override
        public void distrust() {
            events.add("distrust " + name);
        }
    }

    @Test
    void an_error_in_a_stage_is_a_failure_of_that_stage_and_not_the_end() throws Exception {
        AtomicInteger passes = new AtomicInteger();
        Stage broken = new Stage() {
            @Override
            public String name() {
                return "broken";
            }

            @Override
            public void run(Pass pass) {
                if (passes.incrementAndGet() == 1) {
                    throw new StackOverflowError("in a test");
                }
            }
        };
        try (ApplyLoop loop = started(broken)) {
            assertEquals(List.of("broken"), List.copyOf(await(loop, loop.write(() -> {})).failures().keySet()));
            assertTrue(await(loop, loop.write(() -> {})).clean());
        }
    }

    @Test
    void a_write_is_seen_by_all_stages_in_order_before_its_revision_is_published() throws Exception {
        try (ApplyLoop loop = started(new Recording("one", events), new Recording("two", events))) {
            long revision = loop.write(() -> events.add("write"));
            Applied applied = await(loop, revision);
            assertTrue(applied.clean());
            assertEquals(List.of("write", "one 1", "two 1"), List.copyOf(events));
        }
    }

    @Test
    void writes_that_arrive_during_a_pass_share_the_next_one() throws Exception {
        CountDownLatch inPass = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicInteger passes = new AtomicInteger();
        Stage slow = new Stage() {
            @Override
            public String name() {
                return "slow";
            }

            @Override
            public void run(Pass pass) throws StageFailed {
                passes.incrementAndGet();
                inPass.countDown();
                try {
                    goOn.await();
                } catch (InterruptedException interrupted) {
                    throw new StageFailed("interrupted", interrupted);
                }
            }
        };
        try (ApplyLoop loop = started(slow)) {
            loop.write(() -> {});
            inPass.await();
            long last = 0;
            for (int i = 0; i < 100; i++) {
                last = loop.write(() -> {});
            }
            goOn.countDown();
            await(loop, last);
            assertEquals(2, passes.get());
        }
    }

    @Test
    void what_is_written_together_goes_into_one_pass_however_long_it_takes() throws Exception {
        try (ApplyLoop loop = started(new Recording("one", events))) {
            AtomicLong last = new AtomicLong();
            loop.together(() -> {
                loop.write(() -> events.add("first"));
                rest(100);
                last.set(loop.write(() -> events.add("second")));
            });
            await(loop, last.get());
            assertEquals(List.of("first", "second", "one 2"), List.copyOf(events));
        }
    }

    @Test
    void a_stage_that_failed_is_run_again_though_nothing_was_written_together_meanwhile() throws Exception {
        CountDownLatch failed = new CountDownLatch(1);
        CountDownLatch again = new CountDownLatch(2);
        Stage failing = new Stage() {
            @Override
            public String name() {
                return "failing";
            }

            @Override
            public void run(Pass pass) throws StageFailed {
                again.countDown();
                failed.countDown();
                if (again.getCount() > 0) {
                    throw new StageFailed("in a test");
                }
            }
        };
        try (ApplyLoop loop = started(failing)) {
            loop.write(() -> {});
            failed.await();
            loop.together(() -> rest(300));
            assertTrue(again.await(SECONDS, TimeUnit.SECONDS));
        }
    }

    @Test
    void a_failed_stage_is_reported_distrusted_and_run_again_while_the_others_go_on() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        CountDownLatch healed = new CountDownLatch(1);
        Stage failing = new Stage() {
            @Override
            public String name() {
                return "failing";
            }

            @Override
            public void run(Pass pass) throws StageFailed {
                if (runs.incrementAndGet() < 3) {
                    throw new StageFailed("device flannel.1 is busy");
                }
                healed.countDown();
            }

            @Override
            public void distrust() {
                events.add("distrust");
            }
        };
        try (ApplyLoop loop = started(failing, new Recording("after", events))) {
            Applied applied = await(loop, loop.write(() -> {}));
            assertEquals(Map.of("failing", "device flannel.1 is busy"), applied.failures());
            assertTrue(events.contains("after 1"));
            assertTrue(healed.await(SECONDS, TimeUnit.SECONDS));
            assertTrue(events.contains("distrust"));
        }
    }

    @Test
    void a_write_that_throws_does_not_stop_the_writes_behind_it() throws Exception {
        try (ApplyLoop loop = started(new Recording("one", events))) {
            loop.write(() -> {
                throw new IllegalStateException("broken");
            });
            Applied applied = await(loop, loop.write(() -> events.add("second")));
            assertTrue(events.contains("second"));
            assertTrue(applied.revision() >= 2);
        }
    }

    @Test
    void distrust_reaches_only_the_stage_that_is_named() throws Exception {
        try (ApplyLoop loop = started(new Recording("one", events), new Recording("two", events))) {
            loop.distrust("two");
            await(loop, loop.write(() -> {}));
            assertTrue(events.contains("distrust two"));
            assertEquals(0, events.stream().filter("distrust one"::equals).count());
            assertThrows(IllegalArgumentException.class, () -> loop.distrust("three"));
        }
    }

    @Test
    void who_waits_when_the_loop_closes_is_told() {
        ApplyLoop loop = new ApplyLoop(Clock.system(), List.of(), () -> true, applied -> {});
        var waiting = loop.applied(1).toCompletableFuture();
        loop.start();
        loop.close();
        assertThrows(ExecutionException.class, () -> waiting.get(SECONDS, TimeUnit.SECONDS));
    }

    private static ApplyLoop started(Stage... stages) {
        ApplyLoop loop = new ApplyLoop(Clock.system(), List.of(stages), () -> true, applied -> {});
        loop.start();
        return loop;
    }

    private static Applied await(ApplyLoop loop, long revision) throws Exception {
        return loop.applied(revision).toCompletableFuture().get(SECONDS, TimeUnit.SECONDS);
    }

    private static void rest(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }
}
