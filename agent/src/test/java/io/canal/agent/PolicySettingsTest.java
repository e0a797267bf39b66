package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.config.FailsafePort;
import io.canal.config.PolicyOptions;
import io.canal.model.Cidr;
import io.canal.model.Json;
import io.canal.policy.rules.Failsafe;
import io.canal.policy.rules.RuleSettings;
import io.canal.policy.rules.RuleSettings.ToHost;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PolicySettingsTest {

    private PolicyOptions options = PolicyOptions.NONE;
    private final PolicySettings settings = new PolicySettings(before -> PolicyOverrides.over(before, options));

    private void felix(String name, String action) {
        ObjectNode spec = Json.object().put("defaultEndpointToHostAction", action).put("logPrefix", "felix");
        settings.parameters(name, Optional.of(spec));
    }

    @Test
    void without_anything_they_are_the_defaults() {
        assertEquals(RuleSettings.defaults(), settings.rules());
    }

    @Test
    void this_nodes_felix_configuration_counts_more_than_that_of_all_and_the_charms_options_more_than_both() {
        settings.node("h1");
        felix("default", "Drop");
        assertEquals(ToHost.DROP, settings.rules().endpointToHost());
        felix("node.h1", "Return");
        felix("node.h2", "Drop");
        assertEquals(ToHost.RETURN, settings.rules().endpointToHost());
        options = new PolicyOptions(Optional.of("accept"), Optional.empty(), Optional.empty(), false, Optional.empty());
        assertEquals(ToHost.ACCEPT, settings.rules().endpointToHost());
        assertEquals("felix", settings.rules().logPrefix());
    }

    @Test
    void options_apply_without_a_restart_and_go_again() {
        options = new PolicyOptions(Optional.empty(), Optional.of(List.of(new FailsafePort("udp", Optional.of(Cidr.of("10.0.0.0/8")), 68))),
                Optional.of(List.of()), false, Optional.of("mine"));
        assertEquals(List.of(new Failsafe(17, Optional.of(Cidr.of("10.0.0.0/8")), 68)), settings.rules().failsafeInbound());
        assertEquals(List.of(), settings.rules().failsafeOutbound());
        assertEquals("mine", settings.rules().logPrefix());
        options = PolicyOptions.NONE;
        assertEquals(RuleSettings.defaults(), settings.rules());
    }

    @Test
    void what_no_packet_filter_takes_leaves_what_was_before() {
        ObjectNode spec = Json.object().put("iptablesMarkMask", -4294967296L);
        spec.putArray("failsafeInboundHostPorts").addObject().put("protocol", "icmp").put("port", 8);
        settings.parameters("default", Optional.of(spec));
        assertEquals(RuleSettings.defaults(), settings.rules());
    }
}
