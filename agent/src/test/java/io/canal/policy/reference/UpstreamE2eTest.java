package io.canal.policy.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Ip;
import io.canal.policy.rules.RuleSettings;
import io.canal.policy.testing.NetpolCase;
import io.canal.policy.testing.PacketWay;
import io.canal.policy.testing.RenderedNode;
import io.canal.policy.testing.UpstreamE2e;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Kubernetes' own end-to-end tests, by the reference evaluator and by what is rendered for each dataplane. */
class UpstreamE2eTest {

    static Stream<NetpolCase> cases() {
        List<String> pods = UpstreamE2e.pods();
        return UpstreamE2e.cases(pod -> Ip.of("10.1.19.2").plus(pods.indexOf(pod))).stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void as_upstream_expects(NetpolCase one) {
        List<String> differences = new ArrayList<>();
        for (NetpolCase.Step step : one.steps()) {
            Evaluator evaluator = new Evaluator(PolicyTables.of(step.resources(), problem -> {
                throw new AssertionError(problem.sentence());
            }), NetpolCase.NODE);
            RenderedNode node = new RenderedNode(NetpolCase.NODE.name(), NetpolCase.NODE.interfaces(), RuleSettings.defaults()).put(step.resources());
            List<PacketWay> ways = List.of(node.onNftables(), node.onIptables());
            step.asked().stream().filter(asked -> !asked.from().equals(asked.to())).forEach(asked -> {
                if (evaluator.exchange(asked.request()).allowed() != asked.allowed()) {
                    differences.add("policies: " + asked + ", expected " + asked.allowed());
                }
                ways.stream().filter(way -> way.exchange(asked.request()) != asked.allowed())
                        .forEach(way -> differences.add(way.dataplane() + ": " + asked + ", expected " + asked.allowed()));
            });
        }
        assertEquals(List.of(), differences);
    }

    /** How many pairs each step denies, in the order of its probes, counted by hand: the shorthand of the table says what is meant. */
    @Test
    void so_many_pairs_are_denied() {
        String counted = """
                24 | 42 | 7 | 16 | 0 | 5 | 7 | 5 | 1 | 6 | 4 | 6 | 7 | 5 | 5,8;5 | 0,0 | 0,24 | 5,8 | 0,24 | 0;24 | 8;5 | 8;7 | 18 | 0;8 | 8 | 24 | 7,15 | 21 | 7 | 0,8
                | 24;0 | 24;0 | 42;0 | 7 | 1 | 1;7 | 0;8 | 24 | 8 | 8 | 5 | 3 | 24 | 5 | 7 | 24 | 5 | 7""";
        List<String> denied = cases().map(one -> String.join(";", one.steps().stream().map(UpstreamE2eTest::denied).toList())).toList();
        assertEquals(Arrays.asList(counted.strip().split("\\s*\\|\\s*")), denied);
    }

    private static String denied(NetpolCase.Step step) {
        int pairs = UpstreamE2e.pods().size() * UpstreamE2e.pods().size();
        List<String> counts = new ArrayList<>();
        for (int i = 0; i < step.asked().size(); i += pairs) {
            counts.add(Long.toString(step.asked().subList(i, i + pairs).stream().filter(asked -> !asked.allowed()).count()));
        }
        return String.join(",", counts);
    }
}
