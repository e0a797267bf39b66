package io.canal.policy.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.policy.testing.NetpolCase;
import io.canal.policy.testing.PacketWay;
import io.canal.policy.testing.RenderedNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The recorded cases of Kubernetes' network policy, each step on what is rendered for each dataplane. */
class NetpolVerdictsTest {

    static Stream<NetpolCase> cases() {
        return NetpolCase.some();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void as_kubernetes_says_on_both_dataplanes(NetpolCase one) {
        List<String> differences = new ArrayList<>();
        for (NetpolCase.Step step : one.steps()) {
            RenderedNode node = new RenderedNode(NetpolCase.NODE.name(), NetpolCase.NODE.interfaces(), RuleSettings.defaults()).put(step.resources());
            for (PacketWay way : List.of(node.onNftables(), node.onIptables())) {
                for (NetpolCase.Asked asked : step.asked()) {
                    if (way.exchange(asked.request()) != asked.allowed()) {
                        differences.add(way.dataplane() + " " + asked + ", expected " + asked.allowed());
                    }
                }
            }
        }
        assertEquals(List.of(), differences.subList(0, Math.min(differences.size(), 5)), () -> differences.size() + " differ");
    }
}
