package io.canal.charm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.canal.config.FailsafePort;
import io.canal.config.PolicyOptions;
import io.canal.model.Cidr;
import io.canal.model.Json;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The options of policy: what is right is taken, and of what is wrong there is a sentence. */
final class CharmOptionsTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "default-endpoint-to-host-action | reject     | option default-endpoint-to-host-action is \"reject\", expected accept, drop, return, or nothing",
        "failsafe-inbound-ports          | 22         | option failsafe-inbound-ports is \"22\", expected ports such as tcp:22,udp:10.0.0.0/8:68, the word none, or nothing",
        "failsafe-inbound-ports          | icmp:8     | option failsafe-inbound-ports is \"icmp:8\", expected ports such as tcp:22,udp:10.0.0.0/8:68, the word none, or nothing",
        "failsafe-outbound-ports         | tcp:70000  | option failsafe-outbound-ports is \"tcp:70000\", expected ports such as tcp:22,udp:10.0.0.0/8:68, the word none, or nothing",
        "ignore-loose-rpf                | maybe      | option ignore-loose-rpf is \"maybe\", expected true or false",
        "policy-log-prefix               | a;drop     | option policy-log-prefix is \"a;drop\", expected at most 27 characters of A-Z, a-z, 0-9, space and -_.:/%, or nothing",
    })
    void a_wrong_value_is_refused_with_a_sentence(String option, String value, String sentence) {
        var bad = assertInstanceOf(CharmOptions.Result.Bad.class, CharmOptions.of(Json.object().put(option, value)));
        assertEquals(sentence + "; set it with juju config", bad.sentence("juju"));
    }

    @Test
    void right_values_reach_the_agents_configuration() {
        var good = assertInstanceOf(CharmOptions.Result.Good.class, CharmOptions.of(Json.object()
                .put("default-endpoint-to-host-action", "Drop")
                .put("failsafe-inbound-ports", "none")
                .put("failsafe-outbound-ports", "tcp:22, udp:10.0.0.0/8:68")
                .put("ignore-loose-rpf", true)
                .put("policy-log-prefix", "mine")));
        assertEquals(new PolicyOptions(Optional.of("drop"), Optional.of(List.of()),
                Optional.of(List.of(new FailsafePort("tcp", Optional.empty(), 22), new FailsafePort("udp", Optional.of(Cidr.of("10.0.0.0/8")), 68))), true, Optional.of("mine")),
                good.options().policy());
    }
}
