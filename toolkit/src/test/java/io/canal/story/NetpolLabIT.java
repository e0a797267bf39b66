package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.policy.testing.NetpolCase;
import io.canal.policy.testing.UpstreamE2e;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Kubernetes' network policy as its own end-to-end tests and as recorded cases have it, with packets of TCP, UDP and SCTP between nine
 * pods on three hosts, on both dataplanes.
 */
@Tag("lab")
@Order(17)
@ExtendWith(StoryLab.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NetpolLabIT {

    /** Of the recorded cases whose policies name no addresses, and whose pods are the nine. */
    private static final int EVERY = 4;
    private static final int TOLD = 8;

    private NetpolCluster cluster;
    private final List<NetpolCase> cases = new ArrayList<>();

    @BeforeAll
    void nine_pods() throws Exception {
        cluster = NetpolCluster.make(StoryLab.hosts(), StoryLab.pods(), StoryLab.outside());
        cases.addAll(UpstreamE2e.cases(cluster::address));
        assertEquals(48, cases.size());
        List<NetpolCase> recorded = NetpolCase.load().filter(NetpolCluster::hasItsPods).toList();
        for (int i = 0; i < recorded.size(); i += EVERY) {
            cases.add(recorded.get(i));
        }
        assertTrue(cases.size() >= 48 + 40, cases.size() + " cases");
    }

    @AfterAll
    void leave_nothing() throws Exception {
        cluster.close();
        StoryLab.canal("config", "canal", "dataplane=auto");
    }

    @ParameterizedTest
    @ValueSource(strings = {"iptables", "nftables"})
    void packets_go_where_the_policies_let_them(String dataplane) throws Exception {
        StoryLab.canal("config", "canal", "dataplane=" + dataplane);
        cluster.await("all agents use " + dataplane, agent -> agent.status().dataplane().startsWith(dataplane));
        List<String> differences = new ArrayList<>();
        long start = System.nanoTime();
        int steps = 0;
        for (NetpolCase one : cases) {
            for (NetpolCase.Step step : one.steps()) {
                steps++;
                cluster.differences(step).forEach(difference -> differences.add(one + ": " + difference));
            }
        }
        System.out.println(dataplane + ": " + cases.size() + " cases, " + steps + " steps, " + (System.nanoTime() - start) / 1_000_000 + " ms");
        assertEquals(List.of(), differences.subList(0, Math.min(differences.size(), TOLD)), () -> differences.size() + " differ");
    }
}
