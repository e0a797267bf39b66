package io.canal.lease;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.model.Vtep;
import io.canal.store.MemoryKv;
import io.canal.store.Txn;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One node on a store that answers at once, with time moved by hand. */
class TransitionTest {

    private static final NetworkKeys KEYS = NetworkKeys.DEFAULT;
    private static final String V4 = "{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}";
    private static final String DUAL = "{\"EnableIPv6\":true,\"Network\":\"10.1.0.0/16\",\"IPv6Network\":\"fd00:1::/56\",\"Backend\":{\"Type\":\"vxlan\"}}";

    private static final String V6 = "{\"EnableIPv4\":false,\"EnableIPv6\":true,\"IPv6Network\":\"fd00:1::/56\",\"Backend\":{\"Type\":\"vxlan\"}}";

    private final MemoryKv kv = new MemoryKv(1);
    private Transition transition = new Transition(KEYS, Duration.ofSeconds(90), Duration.ofSeconds(60));
    private final SnapshotReader reader = new SnapshotReader(KEYS);
    private final Random random = new Random(1);
    private long now;
    private KeeperState state = KeeperState.initial(Optional.empty(), 0);

    @Test
    void session_and_lease_are_renewed_while_something_else_is_waited_for() {
        start(1);
        SubnetKey subnet = state.subnet().orElseThrow();
        long written = kv.get(KEYS.lease(subnet)).modRevision();
        config(DUAL);
        pass(Duration.ofMinutes(10));
        assertEquals(Standing.HELD, state.standing());
        assertTrue(state.problems().getFirst().contains("no address"), state.problems().toString());
        assertEquals(written, kv.get(KEYS.lease(subnet)).modRevision(), "the lease never lapsed");
        assertTrue(kv.get(NetworkKeys.session("node1")) != null);
    }

    @ParameterizedTest
    @CsvSource({"20, 86400", "86400, 20"})
    void a_lease_that_was_granted_for_another_time_never_lapses_and_gets_the_one_that_is_configured_now(long before, long wanted) {
        transition = lasting(before);
        start(1);
        SubnetKey subnet = state.subnet().orElseThrow();
        transition = lasting(wanted);
        state = KeeperState.initial(state.toRemember(), now);
        on(new Event.Facts(facts(1)));
        long written = kv.get(KEYS.lease(subnet)).modRevision();
        pass(Duration.ofHours(1));
        assertEquals(Standing.HELD, state.standing());
        assertEquals(Optional.of(subnet), state.subnet());
        assertEquals(written, kv.get(KEYS.lease(subnet)).modRevision(), "it lapsed, or was put again and again");
        assertTrue(kv.get(NetworkKeys.session("node1")) != null);
        kv.expire(now + Duration.ofSeconds(wanted / 2).toNanos());
        assertTrue(kv.get(KEYS.lease(subnet)) != null);
        kv.expire(now + Duration.ofSeconds(wanted).toNanos());
        assertTrue(kv.get(KEYS.lease(subnet)) == null);
    }

    private static Transition lasting(long seconds) {
        return new Transition(KEYS, Duration.ofSeconds(seconds), Duration.ofSeconds(Math.min(seconds, 60)));
    }

    @Test
    void the_session_of_a_node_without_a_subnet_lives() {
        config("{\"Network\":\"10.1.0.0/16\"}");
        on(new Event.Facts(facts(1)));
        pass(Duration.ofMinutes(10));
        assertEquals(Standing.WAITING, state.standing());
        assertEquals(3, kv.get(NetworkKeys.session("node1")).modRevision());
    }

    @Test
    void ipv4_becomes_dual_stack_with_the_same_ipv4_subnet() {
        start(1);
        SubnetKey subnet = state.subnet().orElseThrow();
        on(new Event.Facts(dual(1).withPods(true)));
        config(DUAL);
        pass(Duration.ofSeconds(30));
        assertEquals(Standing.HELD, state.standing());
        assertEquals(subnet.v4(), state.subnet().orElseThrow().v4());
        assertTrue(state.subnet().orElseThrow().v6().isPresent());
        assertEquals(1, kv.list(KEYS.leases()).entries().size());
        assertEquals(1, kv.list(NetworkKeys.HOLDERS).entries().size());
    }

    @Test
    void a_name_that_another_living_node_has_is_not_taken_over() {
        start(1);
        String before = kv.list(NetworkKeys.HOLDERS).entries().getFirst().value();
        state = KeeperState.initial(Optional.empty(), now);
        on(new Event.Facts(facts(2)));
        assertEquals(Standing.HELD, state.standing());
        NodeFacts renamed = new NodeFacts("node2", "boot2", "canal/2", "h1", Ip.of("10.10.0.2"), new Mac(2));
        on(new Event.Facts(renamed));
        pass(Duration.ofSeconds(1));
        assertTrue(state.problems().getFirst().contains("named \"h1\""), state.problems().toString());
        assertEquals(Standing.HELD, state.standing());
        assertEquals(2, kv.list(NetworkKeys.HOLDERS).entries().size());
        assertTrue(kv.list(NetworkKeys.HOLDERS).entries().stream().anyMatch(entry -> entry.value().equals(before)));
    }

    @Test
    void ipv6_alone_takes_the_lease_that_names_the_address_of_ipv6() {
        String reserved = "0.0.0.0-0&fd00:1:0:7::-64";
        kv.commit(Txn.when().put(KEYS.leases() + "0.0.0.0-0&fd00:1:0:6::-64", lease("fd00::9").text(), 0));
        kv.commit(Txn.when().put(KEYS.leases() + reserved, lease("fd00::1").text(), 0));
        config(V6);
        on(new Event.Facts(dual(1)));
        assertEquals(Optional.of(SubnetKey.of(reserved)), state.subnet());
    }

    @Test
    void ipv6_alone_remembers_its_subnet_on_a_host_that_also_has_an_ipv4_address() {
        config(V6);
        on(new Event.Facts(dual(1)));
        SubnetKey subnet = state.subnet().orElseThrow();
        state = KeeperState.initial(state.toRemember(), now);
        state = transition.on(state, new Event.Facts(dual(1)), now, Instant.EPOCH, random).state();
        now += Transition.REMEMBER_AFTER.toNanos();
        state = transition.on(state, new Event.Due(), now, Instant.EPOCH, random).state();
        assertEquals(Standing.REMEMBERED, state.standing());
        assertEquals(Optional.of(subnet), state.subnet());
    }

    @Test
    void a_real_flanneld_in_a_network_of_ipv6_alone_is_refused() {
        long granted = kv.grant(Duration.ofDays(1), now);
        kv.commit(Txn.when().put(KEYS.leases() + "0.0.0.0-0&fd00:1:0:7::-64", lease("fd00::9").text(), granted));
        config(V6);
        on(new Event.Facts(dual(1)));
        assertEquals(Standing.BLOCKED, state.standing());
        assertEquals("the lease of fd00:1:0:7::/64 belongs to fd00::9, which is no node of canal: flanneld cannot share an IPv6-only network"
                + " with other nodes; stop it there, and delete its lease with the action release-lease", state.problems().getFirst());
        kv.revoke(granted);
        pass(Duration.ofSeconds(10));
        assertEquals(Standing.HELD, state.standing());
    }

    private static LeaseValue lease(String ipv6) {
        return new LeaseValue(LeaseValue.NO_V4, Optional.of(Ip.of(ipv6)), LeaseValue.VXLAN, Optional.empty(),
                Optional.of(new Vtep(1, new Mac(9))));
    }

    @Test
    void a_permission_to_renumber_ends_where_nothing_had_to_move() {
        config(V4);
        on(new Event.Facts(facts(1).withPods(true)));
        SubnetKey subnet = state.subnet().orElseThrow();
        on(new Event.AllowRenumber());
        kv.commit(Txn.when().put(KEYS.lease(subnet), LeaseValue.vxlan(Ip.of("10.10.0.55"), 1, new Mac(0x55)).text(), 0));
        on(new Event.Hint());
        assertEquals(Standing.STOLEN, state.standing());
        assertEquals(subnet, state.subnet().orElseThrow());
        on(new Event.AllowRenumber());
        assertEquals(Standing.HELD, state.standing());
        assertNotEquals(subnet, state.subnet().orElseThrow());
    }

    @Test
    void a_lease_with_the_address_of_before_the_start_is_ones_own_where_the_holder_record_was_removed() {
        config(V4);
        on(new Event.Facts(facts(1).withPods(true)));
        SubnetKey subnet = state.subnet().orElseThrow();
        kv.commit(Txn.when().delete(NetworkKeys.holder(subnet)));
        state = KeeperState.initial(state.toRemember(), now);
        on(new Event.Facts(facts(1).withPublicIp(Ip.of("10.10.0.77")).withPods(true)));
        assertEquals(Standing.HELD, state.standing());
        assertEquals(Optional.of(subnet), state.subnet());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void a_lease_of_who_has_the_address_of_before_the_start_is_never_written_over(boolean held) {
        config(V4);
        on(new Event.Facts(facts(1).withPods(true)));
        SubnetKey subnet = state.subnet().orElseThrow();
        String others = LeaseValue.vxlan(Ip.of("10.10.0.1"), 1, new Mac(0x55)).text();
        Txn adopted = Txn.when().put(KEYS.lease(subnet), others, 0);
        kv.commit(held ? adopted : adopted.delete(NetworkKeys.holder(subnet)));
        state = KeeperState.initial(state.toRemember(), now);
        on(new Event.Facts(facts(1).withPublicIp(Ip.of("10.10.0.77")).withPods(true)));
        for (int look = 0; look < 3; look++) {
            assertEquals(Standing.STOLEN, state.standing());
            assertEquals(Optional.of(subnet), state.subnet());
            assertEquals(others, kv.get(KEYS.lease(subnet)).value());
            pass(Duration.ofSeconds(10));
            on(new Event.Hint());
        }
    }

    /** As an uplink of loopback left them. */
    @Test
    void records_that_name_an_address_of_no_host_are_written_anew_by_the_node_that_they_name() {
        config(V4);
        on(new Event.Facts(facts(1).withPods(true)));
        SubnetKey subnet = state.subnet().orElseThrow();
        for (String key : List.of(NetworkKeys.holder(subnet), KEYS.lease(subnet))) {
            kv.commit(Txn.when().put(key, kv.get(key).value().replace("10.10.0.1", "127.0.0.1"), 0));
        }
        String damaged = kv.get(NetworkKeys.holder(subnet)).value();
        assertTrue(damaged.contains("127.0.0.1"));
        state = KeeperState.initial(state.toRemember(), now);
        on(new Event.Facts(facts(1).withPods(true)));
        assertEquals(Standing.HELD, state.standing());
        assertEquals(Optional.of(subnet), state.subnet());
        assertEquals(damaged.replace("127.0.0.1", "10.10.0.1"), kv.get(NetworkKeys.holder(subnet)).value());
        assertEquals(state.value().orElseThrow().text(), kv.get(KEYS.lease(subnet)).value());
        assertNotEquals(0, kv.get(KEYS.lease(subnet)).lease(), "it is no reservation");
    }

    /** As a restart while the former was so left them: another subnet was taken beside the one that could not be read. */
    @Test
    void a_subnet_that_a_node_has_left_behind_is_given_back_though_its_record_cannot_be_read_whole() {
        start(1);
        SubnetKey subnet = state.subnet().orElseThrow();
        SubnetKey left = SubnetKey.of("10.1.250.0-24");
        kv.commit(Txn.when().put(NetworkKeys.holder(left), kv.get(NetworkKeys.holder(subnet)).value().replace("10.10.0.1", "127.0.0.1"), 0)
                .put(KEYS.lease(left), kv.get(KEYS.lease(subnet)).value().replace("10.10.0.1", "127.0.0.1"), 0));
        on(new Event.Hint());
        assertEquals(Standing.HELD, state.standing());
        assertEquals(Optional.of(subnet), state.subnet());
        assertEquals(1, kv.list(KEYS.leases()).entries().size());
        assertEquals(1, kv.list(NetworkKeys.HOLDERS).entries().size());
    }

    @Test
    void a_record_that_says_nothing_is_not_taken_for_ones_own_where_the_lease_is_anothers() {
        config(V4);
        on(new Event.Facts(facts(1).withPods(true)));
        SubnetKey subnet = state.subnet().orElseThrow();
        String others = LeaseValue.vxlan(Ip.of("10.10.0.1"), 1, new Mac(0x55)).text();
        kv.commit(Txn.when().put(NetworkKeys.holder(subnet), "damaged", 0).put(KEYS.lease(subnet), others, 0));
        on(new Event.Hint());
        assertEquals(Standing.UNREADABLE, state.standing());
        assertEquals("damaged", kv.get(NetworkKeys.holder(subnet)).value());
        assertEquals(others, kv.get(KEYS.lease(subnet)).value());
    }

    private void start(int number) {
        config(V4);
        on(new Event.Facts(facts(number)));
        assertEquals(Standing.HELD, state.standing());
    }

    private static NodeFacts facts(int number) {
        return new NodeFacts("node" + number, "boot" + number, "canal/" + number, "h" + number, Ip.of("10.10.0." + number), new Mac(number));
    }

    private static NodeFacts dual(int number) {
        return new NodeFacts("node" + number, "boot" + number, "canal/" + number, "h" + number, Ip.of("10.10.0." + number),
                Optional.of(Ip.of("fd00::" + number)), new Mac(number), Optional.of(new Mac(100 + number)), false, true);
    }

    private void config(String json) {
        kv.commit(Txn.when().put(KEYS.config(), json, 0));
        on(new Event.Hint());
    }

    private void pass(Duration time) {
        long end = now + time.toNanos();
        while (state.wakeAt() <= end) {
            now = Math.max(now, state.wakeAt());
            kv.expire(now);
            on(new Event.Due());
        }
        now = end;
        kv.expire(now);
    }

    private void on(Event first) {
        ArrayDeque<Event> events = new ArrayDeque<>();
        events.add(first);
        while (!events.isEmpty()) {
            Transition.Step step = transition.on(state, events.poll(), now, Instant.EPOCH.plusNanos(now), random);
            state = step.state();
            step.commands().forEach(command -> carryOut(command).ifPresent(events::add));
        }
    }

    private Optional<Event> carryOut(Command command) {
        return switch (command) {
            case Command.Read(long id) -> Optional.of(new Event.WasRead(id, reader.read(Optional.ofNullable(kv.get(NetworkKeys.EPOCH)),
                    Optional.ofNullable(kv.get(KEYS.config())), reader.leases(kv.list(KEYS.leases()).entries()), reader.holders(kv.list(NetworkKeys.HOLDERS).entries()),
                    kv.list(NetworkKeys.SESSIONS).entries())));
            case Command.Commit(long id, Txn txn, Optional<Duration> grant) -> {
                long lease = grant.isPresent() ? kv.grant(grant.get(), now) : 0;
                Txn.Result result = kv.commit(txn.withLease(Command.NEW_LEASE, lease)).orElseThrow();
                yield Optional.of(new Event.Committed(id, result.done(), result.revision(), lease));
            }
            case Command.KeepAlive(long id, long lease) -> Optional.of(new Event.KeptAlive(id, kv.keepAlive(lease, now)));
            case Command.Revoke(long lease) -> {
                kv.revoke(lease);
                yield Optional.empty();
            }
        };
    }
}
