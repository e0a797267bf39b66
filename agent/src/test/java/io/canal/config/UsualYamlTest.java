package io.canal.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.reconcile.testing.Chance;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

class UsualYamlTest {

    /** As templates/agent.yaml.ftl has it. */
    private static final String WRITTEN = """
            # Written by the charm; changes made here are overwritten. Options are set with: juju config canal
            unit: "canal/3"
            nodename: ""
            etcd:
              endpoints:
                - "https://10.10.0.1:2379"
                - "https://[fd00::2]:2379"
              ca: "/etc/canal/tls/current/ca.pem"
              cert: "/etc/canal/tls/current/cert.pem"
              key: "/etc/canal/tls/current/key.pem"
              prefix: "/coreos.com/network"
            iface: ""
            mtu: 1400
            dataplane: auto
            tx-checksum: "off"
            lease-ttl: 86400s
            log-level: info
            listen: "127.0.0.1:9099"
            policy:
              endpoint-to-host: ""
              ignore-loose-rpf: false
              log-prefix: "policy %t"
            """;

    private static final String SPOILERS = "[]{}:\"'\n\t&*!|>%@-# 0s";

    @Test
    void what_the_charm_and_the_agent_write_is_usual() {
        assertEquals(byAllOfYaml(WRITTEN), UsualYaml.read(WRITTEN));
        String printed = AgentConfig.defaults().print();
        assertEquals(byAllOfYaml(printed), UsualYaml.read(printed));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# nothing\n", "mtu: 0600\n", "mtu: 0s0\n", "mtu: 1_400\n", "a: no\n", "a: null\n", "a: 'b'\n", "a: \"b\\n\"\n", "a: \"b\" # c\n", "a:\n", "a: b\na: c\n",
            "a: b \n", " a: b\n", "a:\n  b:\n", "a:\n  b: c\n   d: e\n", "a:\n- b\n", "a: {b: c}\n", "a: &b c\n", "---\na: b\n", "a: b\r\n", "a\n", "on: b\n", "a:b\n", "a: \"ä\"\n"})
    void what_is_not_quite_usual_is_left_to_a_reader_of_all_yaml(String text) {
        assertNull(UsualYaml.read(text));
    }

    @Test
    void damaged_text_is_read_as_a_reader_of_all_yaml_does_or_left_to_it() {
        long seed = Chance.seed();
        Random random = new Random(seed);
        int usual = 0;
        for (int i = 0; i < 4000; i++) {
            StringBuilder text = new StringBuilder(WRITTEN);
            for (int j = random.nextInt(3); j >= 0; j--) {
                int at = random.nextInt(text.length());
                switch (random.nextInt(3)) {
                    case 0 -> text.deleteCharAt(at);
                    case 1 -> text.insert(at, (char) (random.nextInt(100) < 90 ? 32 + random.nextInt(95) : random.nextInt(0x300)));
                    default -> text.setCharAt(at, SPOILERS.charAt(random.nextInt(SPOILERS.length())));
                }
            }
            Map<String, Object> read = UsualYaml.read(text.toString());
            if (read != null) {
                usual++;
                assertEquals(byAllOfYaml(text.toString()), read, () -> "seed " + seed + ":\n" + text);
            }
        }
        assertTrue(usual > 400, "only " + usual + " texts were usual, so that little was compared");
    }

    /** Each value as text. */
    private static Object byAllOfYaml(String text) {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        try {
            return asText(assertNotNullAnd(new Yaml(new SafeConstructor(options)).load(text)));
        } catch (YAMLException refused) {
            return refused.toString();
        }
    }

    private static Object assertNotNullAnd(Object loaded) {
        assertNotNull(loaded);
        return loaded;
    }

    private static Object asText(Object value) {
        return switch (value) {
            case null -> "nothing at all";
            case Map<?, ?> map -> {
                Map<Object, Object> texts = new LinkedHashMap<>();
                map.forEach((key, inner) -> texts.put(key, asText(inner)));
                yield texts;
            }
            case List<?> list -> list.stream().map(UsualYamlTest::asText).toList();
            default -> value.toString();
        };
    }
}
