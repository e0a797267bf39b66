package io.canal.cni;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.cni.TestHost.Call;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The agent is killed after each step of an ADD and of a DEL, and the runtime with it: what a DEL or a repeated ADD makes of that. */
@Tag("long")
final class CrashIT extends HostScene {

    private static final String NETWORK = "k8s-pod-network";
    private static final String INTERFACE = "cali0d7763386da";

    @ParameterizedTest
    @EnumSource(names = {"ADDRESS_TAKEN", "ADDING_NOTED", "PAIR_MADE", "WIRED_INSIDE", "WIRED", "RULES_IN_PLACE", "UP_NOTED"})
    void a_repeated_add_makes_the_pod_whole(Step step) throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        host.crash(step, "ADD", call);
        host.startAgent();
        assertEquals(step == Step.UP_NOTED ? List.of(INTERFACE) : List.of(), host.open());
        Call other = Call.pod("d0d0", host.pod("b"), "web-1");
        String taken = address(add(other));
        JsonNode result = add(call);
        assertEquals("10.1.49.2/32", address(result));
        assertNotEquals(taken, address(result));
        assertEquals(result, add(call));
        assertEquals(2, host.open().size());
        assertEquals(2, host.ip("route").lines().count());
        assertEquals(2, host.reservations(NETWORK).size());
        assertEquals(2, host.etcd().size());
        delete(other);
        delete(call);
        assertNothingLeft();
    }

    @ParameterizedTest
    @EnumSource(names = {"ADDRESS_TAKEN", "ADDING_NOTED", "PAIR_MADE", "WIRED_INSIDE", "WIRED", "RULES_IN_PLACE", "UP_NOTED"})
    void a_del_of_a_pod_that_was_never_whole_leaves_nothing(Step step) throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        host.crash(step, "ADD", call);
        host.startAgent();
        delete(call);
        assertNothingLeft();
    }

    @ParameterizedTest
    @EnumSource(names = {"ADDRESS_TAKEN", "WIRED_INSIDE", "UP_NOTED"})
    void so_does_a_del_while_the_agent_is_still_dead(Step step) throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        host.crash(step, "ADD", call);
        delete(call);
        host.startAgent();
        assertNothingLeft();
    }

    @ParameterizedTest
    @EnumSource(names = {"DELETION_SPOOLED", "WIRE_REMOVED", "ADDRESS_RELEASED"})
    void a_repeated_del_ends_what_the_first_began(Step step) throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        add(call);
        assertEquals(1, host.etcd().size());
        host.crash(step, "DEL", call);
        host.startAgent();
        delete(call);
        assertNothingLeft();
    }

    @ParameterizedTest
    @EnumSource(names = {"DELETION_SPOOLED", "WIRE_REMOVED", "ADDRESS_RELEASED"})
    void an_add_after_half_a_del_makes_the_pod_whole(Step step) throws Exception {
        Call call = Call.pod("c0ffee", host.pod("a"), "web-0");
        add(call);
        host.crash(step, "DEL", call);
        host.startAgent();
        JsonNode result = add(call);
        assertEquals(result, add(call));
        assertEquals(List.of(INTERFACE), host.open());
        assertEquals(address(result).replace("/32", ""), String.join(",", host.reservations(NETWORK)));
        assertEquals(1, host.etcd().size());
        delete(call);
        assertNothingLeft();
    }

    private static String address(JsonNode result) {
        return result.path("ips").path(0).path("address").asText();
    }

    private static JsonNode add(Call call) throws Exception {
        var outcome = host.call("ADD", call);
        assertEquals(0, outcome.code(), outcome.toString());
        return TestHost.JSON.readTree(outcome.out());
    }

    private static void delete(Call call) {
        var outcome = host.call("DEL", call);
        assertEquals(0, outcome.code(), outcome.toString());
        assertEquals("", outcome.out());
    }

    private static void assertNothingLeft() throws Exception {
        assertFalse(host.ip("link").contains("cali"), host.ip("link"));
        assertEquals("", host.ip("route"));
        assertEquals(List.of(), host.reservations(NETWORK));
        assertEquals(List.of(), host.journal());
        assertEquals(Map.of(), host.etcd());
        for (int i = 0; i < 6_000 && !host.open().isEmpty(); i++) {
            Thread.sleep(10);
        }
        assertEquals(List.of(), host.open());
    }
}
