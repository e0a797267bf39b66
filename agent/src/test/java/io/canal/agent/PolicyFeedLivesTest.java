package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.agent.Conditions.Weight;
import io.canal.lease.keeper.KeeperStanding;
import io.canal.model.Ip;
import io.canal.model.calico.HostEndpoint;
import io.canal.model.calico.Kind;
import io.canal.model.calico.PolicyRule;
import io.canal.model.calico.ResourceKey;
import io.canal.model.calico.RuleAction;
import io.canal.policy.rules.PolicyRules;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Stage;
import io.canal.ruleset.Ruleset;
import io.canal.store.Feed.Change;
import io.canal.store.Store.Entry;
import io.canal.store.Store.Listing;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class PolicyFeedLivesTest {

    private static final KeeperStanding WHOLE = new KeeperStanding(true, true, true, 1, List.of(), List.of());
    private static final KeeperStanding DISTRUSTING = new KeeperStanding(true, true, false, 1, List.of(), List.of());

    @TempDir
    private Path folder;

    private volatile KeeperStanding standing = WHOLE;
    private final Conditions conditions = new Conditions(() -> {});

    /** A life of the agent, as far as it is about policy. */
    private final class Life implements AutoCloseable, Stage {

        private final Ruleset ruleset = new Ruleset();
        private final PolicySettings settings = new PolicySettings(before -> before);
        private final PolicyRules rules = new PolicyRules(ruleset, settings.rules());
        private final PolicyMemory memory = new PolicyMemory(folder);
        private final PolicyTables tables = new PolicyTables(() -> "h1", () -> standing, Map.of(), iface -> false, settings, memory, () -> {});
        private final ApplyLoop loop = new ApplyLoop(Clock.system(), List.of(this), () -> false, _ -> {});
        private final PolicyFeed feed = new PolicyFeed(loop, tables, memory, conditions);

        Life() {
            loop.start();
        }

        @Override
        public String name() {
            return "policy";
        }

        @Override
        public void run(Pass pass) {
            if (tables.settle()) {
                tables.flush(rules);
                rules.settle();
            }
        }

        int policies() throws Exception {
            loop.applied(loop.write(() -> {})).toCompletableFuture().get(60, TimeUnit.SECONDS);
            return tables.counts().policies();
        }

        List<RuleAction> actions(ResourceKey key) throws Exception {
            policies();
            return ((PolicyObject.Rules) Objects.requireNonNull(tables.row(key))).policy().ingress().stream().map(PolicyRule::action).toList();
        }

        @Override
        public void close() {
            memory.close();
            loop.close();
        }
    }

    private Life life;

    @BeforeEach
    void begin() {
        life = new Life();
    }

    @AfterEach
    void end() {
        life.close();
    }

    @Test
    void another_etcd_is_remembered_once_it_is_trusted_though_it_has_as_many_values() throws Exception {
        life.feed.listed(new Listing(1, 10, List.of(policy("a", "[]"))));
        assertEquals(1, life.policies());
        standing = DISTRUSTING;
        life.feed.listed(new Listing(2, 3, List.of(policy("b", "[]"))));
        assertEquals(2, life.policies());
        assertEquals(Set.of(policy("a", "[]").key()), life.memory.recall().keySet());
        standing = WHOLE;
        assertEquals(1, life.policies());
        assertEquals(Set.of(policy("b", "[]").key()), life.memory.recall().keySet());
    }

    @Test
    void what_a_bad_value_said_before_stays_in_force_across_a_restart() throws Exception {
        life.feed.listed(new Listing(1, 10, List.of(policy("a", "[]"))));
        assertEquals(1, life.policies());
        life.feed.changed(11, List.of(new Change.Put(policy("a", "7"))));
        assertEquals(1, life.policies());
        for (int restart = 0; restart < 2; restart++) {
            life.close();
            life = new Life();
            life.feed.listed(new Listing(1, 11, List.of(policy("a", "7"))));
            assertEquals(1, life.policies());
            assertTrue(conditions.sentences(Weight.NOTE).getFirst().contains("what it said before stays in force"));
        }
        life.close();
        life = new Life();
        life.feed.recall();
        assertEquals(1, life.policies());
    }

    @Test
    void a_policy_with_a_bad_rule_leaves_the_version_before_in_force_and_is_named() throws Exception {
        ResourceKey key = ResourceKey.parse(policy("a", "[]").key()).orElseThrow();
        Entry flawed = policy("a", "[{\"action\":\"Allow\",\"protocol\":\"nosuch\"}]");
        life.feed.listed(new Listing(1, 10, List.of(policy("a", "[{\"action\":\"Deny\"}]"), policy("b", "[]"))));
        assertEquals(2, life.policies());
        life.feed.changed(11, List.of(new Change.Put(flawed)));
        assertEquals(List.of(RuleAction.DENY), life.actions(key));
        assertTrue(conditions.sentences(Weight.NOTE).getFirst().contains("nosuch"));
        life.close();
        life = new Life();
        life.feed.listed(new Listing(1, 11, List.of(flawed, policy("b", "[]"))));
        assertEquals(List.of(RuleAction.DENY), life.actions(key));
        life.feed.changed(12, List.of(new Change.Deleted(flawed.key())));
        life.feed.changed(13, List.of(new Change.Put(flawed)));
        assertEquals(List.of(), life.actions(key), "there is none before it now");
        assertEquals(2, life.policies());
    }

    @Test
    void a_bad_value_that_is_deleted_before_the_listing_is_taken_up_is_gone() throws Exception {
        life.feed.listed(new Listing(1, 10, List.of(policy("a", "[]"))));
        assertEquals(1, life.policies());
        standing = KeeperStanding.START;
        life.feed.listed(new Listing(1, 11, List.of(policy("a", "7"))));
        life.feed.changed(12, List.of(new Change.Deleted(policy("a", "7").key())));
        assertEquals(1, life.policies());
        standing = WHOLE;
        assertEquals(0, life.policies());
    }

    @Test
    void a_host_endpoint_with_a_name_that_no_interface_has_is_on_none() throws Exception {
        life.loop.write(() -> life.tables.interfaces(Map.of("eth0", Set.of(Ip.of("10.0.0.1")))));
        life.feed.listed(new Listing(1, 10, List.of(
                host("good", "eth0"), host("long", "eth0-of-the-second-floor"), host("wild", "eth+"), host("lines", "x\\n-A cali-INPUT"), host("all", "*"))));
        life.policies();
        Set<String> chains = new TreeSet<>(life.ruleset.chains().keySet().stream().map(chain -> chain.name())
                .filter(name -> name.startsWith("cali-fh-")).toList());
        assertEquals(Set.of("cali-fh-eth0", "cali-fh-any-interface-at-all"), chains);
        assertFalse(conditions.sentences(Weight.NOTE).stream().anyMatch(note -> note.contains("defect")));
    }

    private static Entry policy(String name, String ingress) {
        ResourceKey key = ResourceKey.of(Kind.GLOBAL_NETWORK_POLICY, name);
        return new Entry(key.path(), "{\"kind\":\"GlobalNetworkPolicy\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\"" + name
                + "\"},\"spec\":{\"selector\":\"all()\",\"types\":[\"Ingress\"],\"ingress\":" + ingress + "}}", 1, 1, 0);
    }

    private static Entry host(String name, String iface) {
        return new Entry(HostEndpoint.key(name).path(), "{\"kind\":\"HostEndpoint\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\"" + name
                + "\"},\"spec\":{\"node\":\"h1\",\"interfaceName\":\"" + iface + "\"}}", 1, 1, 0);
    }
}
