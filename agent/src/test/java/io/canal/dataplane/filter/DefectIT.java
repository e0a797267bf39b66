package io.canal.dataplane.filter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.LocalEndpoint;
import io.canal.model.Mac;
import io.canal.reconcile.Applied;
import io.canal.reconcile.Repair;
import io.canal.ruleset.Dialect;
import io.canal.ruleset.Ruleset;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A defect of ours, in the midst of taking up what has changed. */
final class DefectIT {

    @TempDir
    Path root;

    /** A dataplane that takes half of what changed, and then fails, once; and tells when it wrote. */
    private record Fragile(Plane plane, AtomicBoolean breaks, Hearing.Work applied) implements Plane {

        @Override
        public Dialect dialect() {
            return plane.dialect();
        }

        @Override
        public FilterBackend backend() {
            return plane.backend();
        }

        @Override
        public void wantAll(Ruleset ruleset) {
            plane.wantAll(ruleset);
        }

        @Override
        public void want(Ruleset ruleset, Ruleset.Changes changes) {
            if (!changes.chains().isEmpty() && breaks.getAndSet(false)) {
                throw new IllegalStateException("a defect");
            }
            plane.want(ruleset, changes);
        }

        @Override
        public boolean apply(boolean mayRemove) throws IOException {
            boolean changed = plane.apply(mayRemove);
            return applied.run() || changed;
        }

        @Override
        public List<String> problems() {
            return plane.problems();
        }

        @Override
        public List<Repair> takeRepairs() {
            return plane.takeRepairs();
        }

        @Override
        public void distrust() {
            plane.distrust();
        }

        @Override
        public void removeAll() throws IOException {
            plane.removeAll();
        }

        @Override
        public void close() {
            plane.close();
        }
    }

    @Test
    void what_was_taken_up_when_it_struck_is_in_the_kernel_with_the_next_pass() throws Exception {
        AtomicBoolean breaks = new AtomicBoolean();
        try (FilterHost host = new FilterHost(root, FilterMode.NFTABLES)) {
            host.seam = plane -> new Fragile(plane, breaks, () -> false);
            host.start();
            host.know("cali-a");
            breaks.set(true);
            Applied struck = host.tryWrite(() -> host.endpoints.put("cali-b", new LocalEndpoint("cali-b", "default", "b", "b", "b", List.of(),
                    Mac.parse("02:00:00:00:00:02").orElseThrow(), Map.of(), List.of(), List.of())));
            assertFalse(breaks.get(), "it struck");
            assertFalse(struck.clean(), "and the pass says so");
            host.write(() -> { });
            String rules = TestNamespaces.run(host.node, "nft", "list", "table", "inet", "canal");
            assertTrue(rules.contains("\"cali-a\" : goto filter-cali-tw-cali-a") && rules.contains("\"cali-b\" : goto filter-cali-tw-cali-b"), rules);
            assertEquals(List.of(), host.filter.status().problems());
        }
    }

    @Test
    void what_others_change_while_the_first_rules_come_is_put_right() throws Exception {
        AtomicBoolean first = new AtomicBoolean(true);
        try (FilterHost host = new FilterHost(root, FilterMode.NFTABLES)) {
            host.seam = plane -> new Fragile(plane, new AtomicBoolean(), () -> {
                if (first.getAndSet(false)) {
                    TestNamespaces.run(host.node, "nft", "flush", "chain", "inet", "canal", "filter-FORWARD");
                }
                return false;
            });
            host.start();
            host.write(() -> { });
            assertFalse(first.get(), "it was changed");
            String rules = TestNamespaces.run(host.node, "nft", "list", "chain", "inet", "canal", "filter-FORWARD");
            assertTrue(rules.contains("jump "), rules);
        }
    }

    @Test
    void first_rules_that_the_kernel_refuses_are_tried_again_after_pauses() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        try (FilterHost host = new FilterHost(root, FilterMode.NFTABLES)) {
            host.seam = plane -> new Fragile(plane, new AtomicBoolean(), () -> {
                tries.incrementAndGet();
                throw new IOException("refused");
            });
            long start = System.nanoTime();
            host.tryStart();
            Thread.sleep(500);
            int tried = tries.get();
            long millis = (System.nanoTime() - start) / 1_000_000;
            // At once, after 100 ms, after 200 ms more, and so on; and the write that the start waited for. That is 5 in half a second.
            long most = 2 + Long.SIZE - Long.numberOfLeadingZeros(millis / 100 + 1);
            assertTrue(tried <= most, () -> tried + " tries in " + millis + " ms");
        }
    }

    @Test
    void what_takes_several_transactions_while_no_policy_is_known_is_not_taken_for_changes_of_others() throws Exception {
        AtomicInteger passes = new AtomicInteger();
        try (FilterHost host = new FilterHost(root, FilterMode.NFTABLES)) {
            host.policyKnown = false;
            host.seam = plane -> new Fragile(plane, new AtomicBoolean(), () -> {
                passes.incrementAndGet();
                return true;
            });
            host.start();
            host.write(() -> { });
            Thread.sleep(200);
            assertTrue(passes.get() <= 4, () -> passes + " passes in 200 ms");
        }
    }
}
