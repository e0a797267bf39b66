package io.canal.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.juju.Event.Relation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EventTest {

    @Test
    void reads_a_recorded_joined_hook() throws IOException {
        HookContext context = HookContext.of(recorded("env.hooks_cni-relation-joined.txt"));
        assertEquals(new Relation(Relation.Step.JOINED, "cni", "cni:2", Optional.of("knode"), Optional.of("knode/0"), Optional.empty()), context.event());
        assertEquals("canal/0", context.unit());
        assertTrue(context.isPrincipal("knode/0"));
    }

    @Test
    void reads_a_recorded_departed_hook_of_a_relation_that_is_removed() throws IOException {
        Relation event = (Relation) HookContext.of(recorded("env.hooks_etcd-relation-departed.txt")).event();
        assertEquals(Relation.Step.DEPARTED, event.step());
        assertEquals(Optional.of("etcd/0"), event.departing());
    }

    @Test
    void reads_a_recorded_broken_hook_without_a_remote_unit() throws IOException {
        Relation event = (Relation) HookContext.of(recorded("env.hooks_etcd-relation-broken.txt")).event();
        assertEquals(Relation.Step.BROKEN, event.step());
        assertEquals(Optional.empty(), event.remoteUnit());
    }

    @Test
    void reads_recorded_hooks_of_the_units_life_and_an_action() throws IOException {
        assertEquals(Event.Life.INSTALL, HookContext.of(recorded("env.hooks_install.txt")).event());
        assertEquals(Event.Life.CONFIG_CHANGED, HookContext.of(recorded("env.hooks_config-changed.txt")).event());
        assertEquals(Event.Life.STOP, HookContext.of(recorded("env.hooks_stop.txt")).event());
        assertEquals(new Event.Action("good"), HookContext.of(recorded("env.actions_good.txt")).event());
    }

    @Test
    void juju_is_known_by_the_controller_that_a_hook_is_told_of() throws IOException {
        Map<String, String> hook = new HashMap<>(recorded("env.actions_good.txt"));
        assertEquals("juju", HookContext.of(hook).command());
        hook.put("JUJU_API_ADDRESSES", "");
        assertEquals("canal", HookContext.of(hook).command());
    }

    @Test
    void a_hook_that_nobody_knows_is_no_error() {
        assertEquals(new Event.Unknown("hooks/secret-changed"), Event.of(Map.of("JUJU_DISPATCH_PATH", "hooks/secret-changed")));
    }

    @Test
    void without_juju_the_reason_is_said() {
        IllegalStateException failure = assertThrows(IllegalStateException.class, () -> HookContext.of(Map.of()));
        assertTrue(String.valueOf(failure.getMessage()).startsWith("JUJU_UNIT_NAME is not set"));
    }

    /** A hook's environment as real Juju gave it. */
    static Map<String, String> recorded(String name) throws IOException {
        try (InputStream in = EventTest.class.getResourceAsStream("/juju/" + name)) {
            Map<String, String> environment = new HashMap<>();
            new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().forEach(line -> {
                int equals = line.indexOf('=');
                environment.put(line.substring(0, equals), line.substring(equals + 1));
            });
            return environment;
        }
    }
}
