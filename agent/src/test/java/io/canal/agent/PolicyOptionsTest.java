package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.config.AgentConfig;
import io.canal.config.PolicyOptions;
import io.canal.model.Ip.Family;
import io.canal.policy.testing.SavedRules;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What each option of policy, as the charm writes it into agent.yaml, makes of the rules. */
class PolicyOptionsTest {

    @TempDir
    Path memory;

    private List<String> rules(String folder, String chain, String yaml) {
        PolicyOptions options = AgentConfig.parse("agent.yaml", "nodename: node-1\npolicy: {" + yaml + "}\n").orThrow().policy();
        return SavedRules.of(FelixVectorsTest.rendered(folder, memory, before -> PolicyOverrides.over(before, options)), Family.V4).chains().getOrDefault("filter " + chain, List.of())
                .stream().map(rule -> rule.replaceAll("-m comment --comment \"[^\"]*\" ", "")).toList();
    }

    @ParameterizedTest
    @CsvSource({"'', -j ACCEPT", "accept, -j ACCEPT", "drop, -j DROP", "Return, -j RETURN"})
    void endpoint_to_host_ends_the_chain_of_packets_from_pods_to_their_node(String option, String last) {
        List<String> rules = rules("02-allow-web", "cali-wl-to-host", "endpoint-to-host: '" + option + "'");
        assertEquals(List.of("-j cali-from-wl-dispatch", last), rules);
    }

    @Test
    void failsafe_ports_are_the_chains_of_those_that_no_policy_closes() {
        String yaml = "failsafe-inbound: 'tcp:2222,udp:10.0.0.0/8:68', failsafe-outbound: 'udp:53'";
        assertEquals(List.of("-p tcp -m multiport --dports 2222 -j ACCEPT", "-s 10.0.0.0/8 -p udp -m multiport --dports 68 -j ACCEPT"),
                rules("15-hep-normal", "cali-failsafe-in", yaml));
        assertEquals(List.of("-p udp -m multiport --dports 53 -j ACCEPT"), rules("15-hep-normal", "cali-failsafe-out", yaml));
        assertEquals(List.of(), rules("15-hep-normal", "cali-failsafe-in", "failsafe-inbound: none"));
        assertEquals(9, rules("15-hep-normal", "cali-failsafe-in", "failsafe-inbound: ''").size(), "Felix's own list");
    }

    @Test
    void the_log_prefix_is_in_each_rule_that_logs() {
        assertEquals("-j LOG --log-prefix \"mine: \" --log-level 5", rules("24-log", "cali-pi-np/default/np-log", "log-prefix: mine").getFirst());
        assertEquals("-j LOG --log-prefix \"calico-packet: \" --log-level 5", rules("24-log", "cali-pi-np/default/np-log", "log-prefix: ''").getFirst());
    }
}
