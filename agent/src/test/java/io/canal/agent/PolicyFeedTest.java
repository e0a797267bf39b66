package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.lease.keeper.KeeperStanding;
import io.canal.model.calico.ResourceKey;
import io.canal.policy.rules.PolicyRules;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Stage;
import io.canal.ruleset.Ruleset;
import io.canal.store.Feed;
import io.canal.store.Store.Entry;
import io.canal.store.Store.Listing;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class PolicyFeedTest {

    private static final Entry POLICY = new Entry(ResourceKey.ROOT + "globalnetworkpolicies/default.closed", """
            {"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3","metadata":{"name":"default.closed"},
            "spec":{"tier":"default","selector":"all()","types":["Ingress"]}}""", 1, 1, 0);

    @TempDir
    Path folder;

    private volatile KeeperStanding standing = standing(true);
    private PolicyMemory memory;
    private PolicyTables tables;

    @BeforeEach
    void open() {
        memory = new PolicyMemory(folder);
        tables = new PolicyTables(() -> "node", () -> standing, Map.of(), _ -> false, new PolicySettings(defaults -> defaults), memory, () -> { });
    }

    @Test
    void what_another_etcd_lacks_stays_though_the_keeper_has_not_noticed_yet_that_it_is_another() throws Exception {
        try (ApplyLoop loop = loop()) {
            PolicyFeed feed = new PolicyFeed(loop, tables, memory, new Conditions(() -> { }));
            feed.listed(new Listing(1, 10, List.of(POLICY)));
            assertPolicies(1, loop);

            feed.lost("etcd is gone");
            feed.listed(new Listing(2, 3, List.of()));
            assertPolicies(1, loop);
            standing = standing(false);
            assertPolicies(1, loop);
            standing = standing(true);
            assertPolicies(0, loop);
        }
    }

    @Test
    void what_a_restored_etcd_lacks_stays_until_it_is_listed_again() throws Exception {
        try (ApplyLoop loop = loop()) {
            PolicyFeed feed = new PolicyFeed(loop, tables, memory, new Conditions(() -> { }));
            feed.listed(new Listing(1, 10, List.of()));
            feed.changed(11, List.of(new Feed.Change.Put(POLICY)));
            assertPolicies(1, loop);

            feed.lost("etcd is gone");
            feed.listed(new Listing(1, 10, List.of()));
            assertPolicies(1, loop);
            feed.lost("etcd is gone");
            feed.listed(new Listing(1, 12, List.of()));
            assertPolicies(1, loop);
            standing = new KeeperStanding(true, true, true, 2, List.of(), List.of());
            assertPolicies(0, loop);
        }
    }

    @Test
    void what_another_etcd_lacks_stays_though_the_watch_breaks_again_before_the_keeper_has_listed() throws Exception {
        try (ApplyLoop loop = loop()) {
            PolicyFeed feed = new PolicyFeed(loop, tables, memory, new Conditions(() -> { }));
            feed.listed(new Listing(1, 10, List.of(POLICY)));
            assertPolicies(1, loop);
            feed.listed(new Listing(2, 3, List.of()));
            assertPolicies(1, loop);
            feed.listed(new Listing(2, 4, List.of()));
            assertPolicies(1, loop);
            standing = new KeeperStanding(true, true, false, 2, List.of(), List.of());
            assertPolicies(1, loop);
            standing = new KeeperStanding(true, true, true, 2, List.of(), List.of());
            assertPolicies(0, loop);
        }
    }

    /** Two threads read a long listing, each a half. */
    @Test
    void of_many_values_each_is_taken_and_each_that_cannot_be_read_is_named() throws Exception {
        try (ApplyLoop loop = loop()) {
            PolicyFeed feed = new PolicyFeed(loop, tables, memory, new Conditions(() -> { }));
            List<Entry> many = IntStream.range(0, 1_000).mapToObj(i -> new Entry(POLICY.key() + i,
                    i % 100 == 7 ? "{" : POLICY.value().replace("default.closed", "default.closed" + i), 1, 1, 0)).toList();
            feed.listed(new Listing(1, 10, many));
            assertTaken(990, loop);
            assertEquals(many.stream().filter(entry -> entry.value().equals("{")).map(entry -> ResourceKey.parse(entry.key()).orElseThrow()).collect(Collectors.toSet()),
                    feed.doubted());
            feed.listed(new Listing(1, 12, many.subList(0, 500)));
            assertTaken(495, loop);
            assertEquals(495, memory.recall().size());
        }
    }

    @Test
    void what_the_same_etcd_lacks_goes_at_once() throws Exception {
        try (ApplyLoop loop = loop()) {
            PolicyFeed feed = new PolicyFeed(loop, tables, memory, new Conditions(() -> { }));
            feed.listed(new Listing(1, 10, List.of(POLICY)));
            assertPolicies(1, loop);
            feed.lost("etcd is gone");
            feed.listed(new Listing(1, 12, List.of()));
            assertPolicies(0, loop);
        }
    }

    @Test
    void what_was_not_written_since_stays_as_it_is_and_what_the_watch_missed_is_taken_from_the_next_listing() throws Exception {
        try (ApplyLoop loop = loop()) {
            PolicyFeed feed = new PolicyFeed(loop, tables, memory, new Conditions(() -> { }));
            feed.listed(new Listing(1, 10, List.of(POLICY)));
            assertPolicies(1, loop);
            // It is not read again: a text that could not be read would be a problem, and be remembered.
            Entry same = new Entry(POLICY.key(), "not read", 1, POLICY.modRevision(), 0);
            Entry missed = new Entry(ResourceKey.ROOT + "globalnetworkpolicies/default.other", POLICY.value().replace("default.closed", "default.other"), 11, 11, 0);
            feed.listed(new Listing(1, 12, List.of(same, missed)));
            settled(loop);
            assertEquals(2, tables.counts().policies());
            assertEquals(Map.of(POLICY.key(), POLICY.value(), missed.key(), missed.value()), memory.recall());
            feed.listed(new Listing(1, 13, List.of(missed)));
            settled(loop);
            assertEquals(1, tables.counts().policies());
            assertEquals(Set.of(missed.key()), memory.recall().keySet());
        }
    }

    @Test
    void what_a_listing_brought_before_it_could_be_taken_up_is_not_lost_with_the_next_one() throws Exception {
        standing = new KeeperStanding(true, false, true, 1, List.of(), List.of());
        try (ApplyLoop loop = loop()) {
            PolicyFeed feed = new PolicyFeed(loop, tables, memory, new Conditions(() -> { }));
            feed.listed(new Listing(1, 10, List.of(POLICY)));
            settled(loop);
            feed.lost("etcd is gone");
            feed.listed(new Listing(1, 11, List.of(POLICY)));
            settled(loop);
            assertEquals(0, tables.counts().policies());
            standing = standing(true);
            settled(loop);
            assertEquals(1, tables.counts().policies());
        }
    }

    private static void settled(ApplyLoop loop) throws Exception {
        loop.applied(loop.write(() -> { })).toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    @Test
    void a_revision_counts_as_in_the_kernel_when_a_pass_has_taken_it_up_and_not_before() throws Exception {
        try (ApplyLoop loop = loop()) {
            PolicyFeed feed = new PolicyFeed(loop, tables, memory, new Conditions(() -> { }));
            standing = new KeeperStanding(true, false, false, 0, List.of(), List.of());
            feed.listed(new Listing(1, 10, List.of()));
            feed.applied(passed(loop));
            assertEquals(0, feed.enforced(), "the rest of etcd is not known yet");

            standing = standing(true);
            long before = passed(loop);
            feed.applied(before);
            assertEquals(10, feed.enforced());

            feed.changed(11, List.of(new Feed.Change.Put(POLICY)));
            feed.applied(before);
            assertEquals(10, feed.enforced(), "a pass of before");
            feed.applied(passed(loop));
            assertEquals(11, feed.enforced());

            feed.changed(12, List.of(new Feed.Change.Deleted(ResourceKey.ROOT + "blockaffinities/any")));
            assertEquals(12, feed.enforced(), "nothing of it matters");
        }
    }

    private static long passed(ApplyLoop loop) throws Exception {
        return loop.applied(loop.write(() -> { })).toCompletableFuture().get(60, TimeUnit.SECONDS).revision();
    }

    private static KeeperStanding standing(boolean mayRemove) {
        return new KeeperStanding(true, true, mayRemove, 1, List.of(), List.of());
    }

    /** In force, and remembered for a start without etcd. */
    private void assertTaken(int expected, ApplyLoop loop) throws Exception {
        loop.applied(loop.write(() -> { })).toCompletableFuture().get(60, TimeUnit.SECONDS);
        assertEquals(expected, tables.counts().policies());
    }

    private void assertPolicies(int expected, ApplyLoop loop) throws Exception {
        assertTaken(expected, loop);
        assertEquals(expected == 0 ? Set.of() : Set.of(POLICY.key()), memory.recall().keySet());
    }

    private ApplyLoop loop() {
        PolicyRules rules = new PolicyRules(new Ruleset(), tables.settings());
        ApplyLoop loop = new ApplyLoop(Clock.system(), List.of(new Stage() {
            @Override
            public String name() {
                return "policy";
            }

            @Override
            public void run(Pass pass) {
                if (tables.settle()) {
                    tables.flush(rules);
                }
            }
        }), () -> true, _ -> { });
        loop.start();
        return loop;
    }
}
