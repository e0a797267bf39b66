package io.canal.lease;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Backend;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.NetworkKeys;
import io.canal.model.SessionRecord;
import io.canal.model.SubnetKey;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A node whose holder record is garbage, and what etcd says beside it. */
class ReclaimTest {

    private static final SubnetKey SUBNET = SubnetKey.of("10.1.49.0-24");
    private static final NodeFacts SELF = new NodeFacts("a1", "boot", "canal/0", "h1", Ip.of("10.10.0.1"), new Mac(1)).withPods(true);

    private final Map<SubnetKey, Row<LeaseValue>> leases = new HashMap<>();
    private final Map<SubnetKey, Row<HolderRecord>> holders = new HashMap<>(Map.of(SUBNET, new Row<>(Optional.empty(), 7, 0)));
    private final Map<String, Row<SessionRecord>> sessions = new HashMap<>(Map.of("a1", new Row<>(Optional.of(SELF.session()), 5, 55)));

    @Test
    void what_this_node_had_last_and_nobody_else_claims_is_written_anew_over_exactly_what_was_read() {
        Reclaim.Plan.Do plan = assertInstanceOf(Reclaim.Plan.Do.class, plan());
        assertTrue(plan.sentence().startsWith("Write /canal/v1/holders/10.1.49.0-24, which cannot be read, anew: {\"node\":\"a1\",\"unit\":\"canal/0\""), plan.sentence());
        assertTrue(plan.txn().toString().contains("ModRevision[key=/canal/v1/holders/10.1.49.0-24, revision=7]"), plan.txn()::toString);
        assertTrue(plan.txn().toString().contains("Absent[key=/coreos.com/network/subnets/10.1.49.0-24]"), plan.txn()::toString);
    }

    @Test
    void it_is_refused_where_the_lease_is_anothers() {
        leases.put(SUBNET, lease(2));
        assertRefused("its lease is that of 10.10.0.2.");
    }

    @Test
    void it_is_refused_where_another_subnet_overlaps() {
        leases.put(SubnetKey.of("10.1.48.0-23"), lease(2));
        assertRefused("10.1.48.0/23 overlaps it, and has a lease or a holder of its own.");
    }

    @Test
    void it_is_refused_while_a_living_node_may_be_the_one_whose_record_it_was() {
        sessions.put("b2", new Row<>(Optional.of(new SessionRecord("boot", Optional.of(Ip.of("10.10.0.2")), Optional.empty())), 6, 66));
        assertRefused("the node at 10.10.0.2 is alive, and nothing in etcd says which subnet it has: it may be this one;"
                + " have that node repaired first, or stop its agent and wait a minute.");
        String release = assertInstanceOf(Release.Plan.Refused.class, Release.plan(NetworkKeys.DEFAULT, snapshot(), SUBNET)).sentence();
        assertTrue(release.contains("it may be that of the node at 10.10.0."), release);
        holders.put(SubnetKey.of("10.1.94.0-24"), new Row<>(Optional.of(new HolderRecord("b2", "canal/1", "h2", Instant.EPOCH, LeaseValue.UNKNOWN)), 8, 0));
        assertInstanceOf(Reclaim.Plan.Do.class, plan());
    }

    @Test
    void a_living_node_whose_record_is_damaged_too_is_known_by_its_lease() {
        sessions.put("b2", new Row<>(Optional.of(new SessionRecord("boot", Optional.of(Ip.of("10.10.0.2")), Optional.empty())), 6, 66));
        holders.put(SubnetKey.of("10.1.94.0-24"), new Row<>(Optional.empty(), 8, 0));
        leases.put(SubnetKey.of("10.1.94.0-24"), lease(2));
        assertInstanceOf(Reclaim.Plan.Do.class, plan());
    }

    @Test
    void without_a_session_of_this_boot_nothing_is_written() {
        sessions.put("a1", new Row<>(Optional.of(new SessionRecord("another", Optional.of(Ip.of("10.10.0.1")), Optional.empty())), 5, 55));
        assertRefused("this node has no address, or no session in etcd yet; try again.");
    }

    @Test
    void a_record_that_can_be_read_and_one_that_is_not_this_nodes_are_left_alone() {
        holders.put(SubnetKey.of("10.1.94.0-24"), new Row<>(Optional.empty(), 8, 0));
        holders.remove(SUBNET);
        assertInstanceOf(Reclaim.Plan.Nothing.class, plan());
    }

    private void assertRefused(String why) {
        assertEquals("The holder of 10.1.49.0/24 at /canal/v1/holders/10.1.49.0-24 cannot be read, and is not written anew: " + why,
                assertInstanceOf(Reclaim.Plan.Refused.class, plan()).sentence());
    }

    private Reclaim.Plan plan() {
        Remembered last = new Remembered(SUBNET, LeaseValue.vxlan(Ip.of("10.10.0.1"), 1, new Mac(1)), Instant.EPOCH, 0);
        Transition transition = new Transition(NetworkKeys.DEFAULT, Duration.ofHours(24), Duration.ofMinutes(1));
        KeeperState state = transition.on(KeeperState.initial(Optional.of(last), 0), new Event.Facts(SELF), 0, Instant.EPOCH, new Random(1)).state();
        return Reclaim.plan(NetworkKeys.DEFAULT, snapshot(), state, Instant.EPOCH);
    }

    private Snapshot snapshot() {
        return new Snapshot(Optional.of(Decoded.good(NetworkConfig.of(Cidr.of("10.1.0.0/16"), Backend.VXLAN))), leases, holders, sessions, 3, 9);
    }

    private static Row<LeaseValue> lease(int node) {
        return new Row<>(Optional.of(LeaseValue.vxlan(Ip.of("10.10.0." + node), 1, new Mac(node))), 4, 44);
    }
}
