package io.canal.policy.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Ip;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.policy.reference.Stage.Point;
import io.canal.policy.testing.Objects;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What no recorded case has. */
class EvaluatorTest {

    private static final Resource TIER = Objects.resource(Kind.TIER, "default", "{\"order\":1000000,\"defaultAction\":\"Deny\"}");
    private static final Resource PROFILE = Objects.resource(Kind.PROFILE, "all", "{\"ingress\":[{\"action\":\"Allow\"}],\"egress\":[{\"action\":\"Allow\"}]}");

    private static NodeView node(boolean spoofing) {
        return new NodeView("node", Map.of("eth0", Set.of(Ip.of("192.0.2.1"))), NodeView.ToHost.ACCEPT, List.of(), List.of(), Set.of(), spoofing);
    }

    private static Judgement judge(boolean spoofing, Passage passage, Resource... resources) {
        List<Resource> all = new ArrayList<>(List.of(resources));
        all.add(TIER);
        all.add(PROFILE);
        return new Evaluator(PolicyTables.of(all, problem -> {
            throw new AssertionError(problem.sentence());
        }), node(spoofing)).judge(passage);
    }

    /** TierOrder and Felix: doNotTrack is asked first. */
    @Test
    void a_policy_that_is_both_untracked_and_before_translation_is_untracked() {
        Resource host = Objects.resource(Kind.HOST_ENDPOINT, "eth0", "{\"node\":\"node\",\"interfaceName\":\"eth0\",\"profiles\":[\"all\"]}");
        Resource both = Objects.resource(Kind.GLOBAL_NETWORK_POLICY, "both", "{\"tier\":\"default\",\"selector\":\"all()\",\"types\":[\"Ingress\"],"
                + "\"applyOnForward\":true,\"doNotTrack\":true,\"preDNAT\":true,\"ingress\":[{\"action\":\"Deny\"}]}");
        Judgement judgement = judge(false, Passage.of("eth0", "", Flow.ports(Ip.of("192.0.2.9"), Ip.of("192.0.2.1"), 6, 33_333, 80)), host, both);
        assertEquals(List.of(Point.UNTRACKED_INGRESS), judgement.walk().stream().map(Stage::point).toList());
    }

    @Test
    void a_pod_that_asks_for_other_sources_is_cut_off_where_no_pod_may_have_any_and_else_has_them() {
        Resource pod = Objects.resource(Kind.WORKLOAD_ENDPOINT, "node-k8s-web-eth0",
                "{\"orchestrator\":\"k8s\",\"node\":\"node\",\"pod\":\"web\",\"endpoint\":\"eth0\",\"interfaceName\":\"cali1\",\"profiles\":[\"all\"],"
                + "\"ipNetworks\":[\"10.1.0.2/32\"],\"allowSpoofedSourcePrefixes\":[\"10.9.0.0/16\"]}");
        Passage own = Passage.of("cali1", "eth0", Flow.ports(Ip.of("10.1.0.2"), Ip.of("192.0.2.9"), 6, 33_333, 80));
        Passage spoofed = Passage.of("cali1", "eth0", Flow.ports(Ip.of("10.9.0.2"), Ip.of("192.0.2.9"), 6, 33_333, 80));
        Passage to = Passage.of("eth0", "cali1", Flow.ports(Ip.of("192.0.2.9"), Ip.of("10.1.0.2"), 6, 33_333, 80));
        for (Passage passage : List.of(own, spoofed, to)) {
            Judgement closed = judge(false, passage, pod);
            assertFalse(closed.allowed(), passage.toString());
            assertTrue(closed.denial().orElseThrow().steps().getLast().text().contains("workloadSourceSpoofing"), closed.walk().toString());
            assertTrue(judge(true, passage, pod).allowed(), passage.toString());
        }
    }
}
