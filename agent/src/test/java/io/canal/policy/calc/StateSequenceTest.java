package io.canal.policy.calc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** However the cluster came to be so, the same holds. Each sequence of states is gone through in many ways. */
class StateSequenceTest {

    private final Told told = new Told();
    private final PolicyCalculator calculator = calculator();
    private State now = State.EMPTY;

    @Test
    void states_follow_each_other() {
        FelixStates.SEQUENCES.forEach(states -> run(states, false, false));
    }

    @Test
    void states_follow_each_other_backwards() {
        FelixStates.SEQUENCES.forEach(states -> run(states.reversed(), false, false));
    }

    @Test
    void objects_come_in_reverse_order() {
        FelixStates.SEQUENCES.forEach(states -> run(states, true, false));
    }

    @Test
    void each_object_is_told_of_by_itself() {
        FelixStates.SEQUENCES.forEach(states -> run(states, false, true));
        FelixStates.SEQUENCES.forEach(states -> run(states, true, true));
    }

    @Test
    void all_goes_away_between_states() {
        FelixStates.SEQUENCES.forEach(states -> run(withEmpties(states), false, false));
        FelixStates.SEQUENCES.forEach(states -> run(withEmpties(states), true, true));
    }

    /** Two states in one flush. */
    @Test
    void states_are_squashed() {
        for (List<State> states : FelixStates.SEQUENCES) {
            for (int i = 0; i + 1 < states.size(); i += 2) {
                now.toward(states.get(i), false, calculator, () -> { });
                states.get(i).toward(states.get(i + 1), true, calculator, () -> { });
                now = states.get(i + 1);
                check("squashed " + i);
            }
        }
    }

    @Test
    void the_same_is_told_twice() {
        for (State state : FelixStates.EACH) {
            now.toward(state, false, calculator, () -> { });
            state.objects().forEach((key, object) -> State.put(calculator, key, object));
            now = state;
            check("twice");
            int calls = told.calls;
            state.objects().forEach((key, object) -> State.put(calculator, key, object));
            calculator.flush(told);
            assertEquals(calls, told.calls, "what is known already is no news");
        }
    }

    @Test
    void other_rules_are_news_of_the_policy_alone() {
        run(List.of(FelixStates.BOTH_POLICY), false, false);
        int calls = told.calls;
        run(List.of(FelixStates.BOTH_POLICY.policy("pol-1", "{`order`:20,`selector`:`a == 'a'`,`ingress`:[{`action`:`Deny`,`source`:{`selector`:`all()`}}],"
                + "`egress`:[{`action`:`Allow`,`source`:{`selector`:`b == 'b'`}}]}")), false, false);
        assertEquals(calls + 1, told.calls, "endpoints have the same policies in the same order");
    }

    /** If each of the blocks were looked for among all of them, this would take a minute. */
    @Test
    void one_block_more_in_a_network_set_of_many_costs_no_more_than_to_read_them() {
        String[] nets = new String[40_001];
        for (int i = 0; i < nets.length; i++) {
            nets[i] = "10." + i / 65_536 + "." + i / 256 % 256 + "." + i % 256 + "/32";
        }
        Map<String, String> labels = Map.of("b", "b");
        State many = FelixStates.EP1_POLICY.nets("many", labels, Arrays.copyOf(nets, nets.length - 1));
        run(List.of(many), false, false);
        int moved = told.membersMoved;
        assertTimeout(Duration.ofSeconds(10), () -> {
            now.toward(many.nets("many", labels, nets), false, calculator, () -> { });
            calculator.flush(told);
        });
        assertEquals(moved + 2, told.membersMoved, "one member more in each of the two sets that select it");
    }

    /** Each object goes while the others still name it, and comes back. */
    @Test
    void objects_go_while_others_name_them() {
        for (State state : FelixStates.EACH) {
            state.objects().keySet().forEach(key -> run(List.of(state, state.without(key), state), false, false));
        }
    }

    /** In one flush, as a listing after a loss of connection may bring it. */
    @Test
    void objects_go_and_come_back_at_once() {
        for (State state : FelixStates.EACH) {
            run(List.of(state), false, false);
            int calls = told.membersMoved;
            state.objects().forEach((key, object) -> {
                calculator.remove(key);
                State.put(calculator, key, object);
            });
            check("back at once");
            assertEquals(calls, told.membersMoved, "no address left its set");
        }
    }

    private void run(List<State> states, boolean reverse, boolean each) {
        for (int i = 0; i < states.size(); i++) {
            now.toward(states.get(i), reverse, calculator, () -> {
                if (each) {
                    calculator.flush(told);
                }
            });
            now = states.get(i);
            check("state " + i);
        }
    }

    private void check(String when) {
        calculator.flush(told);
        Told fresh = new Told();
        PolicyCalculator another = calculator();
        State.EMPTY.toward(now, false, another, () -> { });
        another.flush(fresh);
        told.assertSame(fresh, when);
    }

    private static List<State> withEmpties(List<State> states) {
        List<State> all = new ArrayList<>();
        states.forEach(state -> {
            all.add(state);
            all.add(State.EMPTY);
        });
        return all;
    }

    static PolicyCalculator calculator() {
        PolicyCalculator calculator = new PolicyCalculator(FelixStates.NODE);
        calculator.interfaces(State.INTERFACES);
        return calculator;
    }
}
