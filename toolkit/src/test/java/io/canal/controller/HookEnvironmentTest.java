package io.canal.controller;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.controller.testing.RecordedCalls;
import io.canal.controller.text.Trees;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The environment of hooks is the recorded one, variable by variable. */
final class HookEnvironmentTest {

    /** bash's own, and the address of a controller that is not there. */
    private static final Set<String> NOT_OURS = Set.of("PWD", "SHLVL", "_", "JUJU_API_ADDRESSES");

    private static ModelState model() {
        ModelState state = new ModelState("k8s", "ad6e16c8-653a-410b-882d-79479e8d8551");
        UnitName name = UnitName.of("canal/0");
        state.units.put(name, new UnitState(name, "0", Optional.of(UnitName.of("knode/0")), Instant.EPOCH));
        state.machines.put("0", new MachineState(
                new MachineSpec("0", "10.77.0.11", 22, "root", Path.of("k"), Path.of("h"), Optional.empty()), Instant.EPOCH));
        state.tasks.add(new TaskState("1", name, "good", Trees.object(), List.of(), Instant.EPOCH));
        return state;
    }

    private static Map<String, String> recorded(String name) throws Exception {
        Map<String, String> variables = new TreeMap<>();
        RecordedCalls.resource(name).lines().forEach(line ->
                variables.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1)));
        variables.keySet().removeAll(NOT_OURS);
        return variables;
    }

    private static Map<String, String> ours(Hook hook, String context) {
        ModelState state = model();
        Map<String, String> variables =
                new TreeMap<>(HookEnvironment.of(state, state.unit(UnitName.of("canal/0")), hook, context));
        variables.keySet().removeAll(NOT_OURS);
        return variables;
    }

    @Test
    void of_a_hook_of_the_unit() throws Exception {
        Map<String, String> recorded = recorded("env.hooks_start.txt");
        assertEquals(recorded, ours(Hook.of(Hook.Kind.START), recorded.get("JUJU_CONTEXT_ID")));
    }

    @Test
    void of_a_departed_hook() throws Exception {
        Map<String, String> recorded = recorded("env.hooks_etcd-relation-departed.txt");
        Hook hook = new Hook(Hook.Kind.DEPARTED, 3, "etcd", "etcd/0", "etcd", "etcd/0", "");
        assertEquals(recorded, ours(hook, recorded.get("JUJU_CONTEXT_ID")));
    }

    @Test
    void of_an_action() throws Exception {
        Map<String, String> recorded = recorded("env.actions_good.txt");
        assertEquals(recorded, ours(Hook.task(Hook.Kind.ACTION, "1"), recorded.get("JUJU_CONTEXT_ID")));
    }
}
