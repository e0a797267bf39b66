package io.canal.story;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.lab.Host;
import io.canal.lab.Pause;
import io.canal.lab.Program.Outcome;
import io.canal.lab.attack.AttackTest;
import io.canal.lab.pod.EtcdClient;
import io.canal.model.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("lab")
@Order(20)
@ExtendWith(DualLab.class)
class AttackLabIT {

    private static final String PARAMETERS = "/calico/resources/v3/projectcalico.org/felixconfigurations/default";
    private static final Duration SWITCHED_WITHIN = Duration.ofSeconds(30);

    @AfterAll
    static void as_it_was() {
        DualLab.canal("config", "canal", "dataplane=auto");
    }

    @ParameterizedTest
    @ValueSource(strings = {"iptables", "nftables"})
    void no_attack_gets_through(String dataplane) {
        DualLab.canal("config", "canal", "dataplane=" + dataplane);
        for (Host host : DualLab.hosts()) {
            assertTrue(Pause.until(SWITCHED_WITHIN, () -> PacketFilters.of(host).equals(List.of(dataplane))), host + " uses " + PacketFilters.of(host));
        }
        Outcome outcome = Canal.run(DualLab.with("attack-test", "--format", "json"));
        JsonNode report = Json.object("the report", outcome.out()).orThrow();
        TreeSet<Integer> made = new TreeSet<>();
        List<String> bad = new ArrayList<>();
        for (JsonNode attack : report.path("attacks")) {
            made.add(attack.path("number").asInt());
            for (JsonNode one : attack.path("tries")) {
                if (!one.path("end").asText().equals("stopped")) {
                    bad.add(attack.path("number").asInt() + ": " + one);
                }
            }
        }
        assertEquals(List.of(), bad);
        assertEquals(AttackTest.numbers(), made);
        assertEquals(0, outcome.code(), outcome.err());
    }

    /** With leave from FelixConfiguration a pod may send to VXLAN's registered port: an attack that gets through, on purpose. */
    @Test
    void an_attack_that_gets_through_is_named_and_makes_the_command_fail() {
        EtcdClient etcd = EtcdClient.onAnyOf(DualLab.hosts());
        etcd.put(PARAMETERS, "{\"kind\":\"FelixConfiguration\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\"default\"},"
                + "\"spec\":{\"allowVXLANPacketsFromWorkloads\":true}}");
        try {
            Outcome outcome = Canal.run(DualLab.with("attack-test", "--only", "1"));
            assertEquals(1, outcome.code(), outcome.out() + outcome.err());
            assertTrue(outcome.out().contains("OPEN: V4 to VXLAN's registered port: it arrived at the node h2, "), outcome.out());
        } finally {
            etcd.delete(PARAMETERS);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "attack-test --lab nosuchlab | 1 | There is no lab nosuchlab; canal up makes it.",
        "attack-test --only 11       | 2 | --only is 11, expected some of 1, 2, 3, ",
        "attack-test --format xml    | 2 | --format is \"xml\", expected tabular or json.",
    })
    void what_cannot_be_is_refused_with_a_sentence(String arguments, int code, String part) {
        Outcome outcome = Canal.run(arguments.split(" "));
        assertEquals(code, outcome.code(), outcome.err());
        assertTrue(outcome.err().startsWith("ERROR ") && outcome.err().contains(part), outcome.err());
    }
}
