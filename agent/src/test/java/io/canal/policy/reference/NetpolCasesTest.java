package io.canal.policy.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.policy.reference.Stage.Outcome;
import io.canal.policy.testing.NetpolCase;
import io.canal.policy.testing.NetpolCase.Asked;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Converted policies of Kubernetes mean what Kubernetes says. */
class NetpolCasesTest {

    static Stream<NetpolCase> cases() {
        return NetpolCase.some();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agrees_with_kubernetes(NetpolCase one) {
        List<String> differences = new ArrayList<>();
        for (NetpolCase.Step step : one.steps()) {
            PolicyTables tables = PolicyTables.of(step.resources(), problem -> {
                throw new AssertionError(problem.sentence());
            });
            Map<String, Pod> pods = new HashMap<>();
            tables.pods().forEach(pod -> pods.put(pod.title(), pod));
            Evaluator evaluator = new Evaluator(tables, NetpolCase.NODE);
            for (Asked asked : step.asked()) {
                boolean egress = evaluator.egress(pods.get(asked.from()), asked.request().flow()).outcome() == Outcome.ALLOWED;
                boolean ingress = evaluator.ingress(pods.get(asked.to()), asked.request().flow()).outcome() == Outcome.ALLOWED;
                boolean allowed = evaluator.exchange(asked.request()).allowed();
                if (egress != asked.egress() || ingress != asked.ingress() || allowed != asked.allowed()) {
                    differences.add(asked + ": egress " + egress + ", ingress " + ingress + ", both " + allowed);
                }
            }
        }
        assertEquals(List.of(), differences);
    }

    @Test
    void all_cases_are_there() {
        List<NetpolCase> all = NetpolCase.load().toList();
        assertEquals(230, all.size());
        assertEquals(123_669, all.stream().flatMap(one -> one.steps().stream()).mapToInt(step -> step.asked().size()).sum());
    }
}
