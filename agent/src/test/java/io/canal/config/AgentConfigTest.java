package io.canal.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Decoded;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.reconcile.testing.Chance;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AgentConfigTest {

    private static final AgentConfig FULL = new AgentConfig("canal/3", "node-3.example",
            new EtcdConfig(List.of("https://10.10.0.1:2379", "https://[fd00::2]:2379"), "/etc/canal/tls/current/ca.pem",
                    "/etc/canal/tls/current/cert.pem", "/etc/canal/tls/current/key.pem", "/coreos.com/network"),
            "ens3", Optional.of(Ip.of("192.0.2.7")), 1400, DataplaneOption.IPTABLES, Duration.ofSeconds(30), LogLevel.DEBUG,
            new Listen(Ip.of("::1"), 9100), "/root/cdk/kubeconfig", "/var/lib/juju/agents/unit-canal-3/charm",
            new PolicyOptions(Optional.of("drop"), Optional.of(List.of(new FailsafePort("tcp", Optional.empty(), 22),
                    new FailsafePort("udp", Optional.of(Cidr.of("10.0.0.0/8")), 68))), Optional.of(List.of()), true, Optional.of("policy %t")), TxChecksum.OFF);

    @Test
    void an_empty_file_means_the_defaults() {
        assertEquals(AgentConfig.defaults(), AgentConfig.parse("agent.yaml", "").orThrow());
    }

    @Test
    void the_defaults_are_these() {
        AgentConfig defaults = AgentConfig.defaults();
        assertEquals("/coreos.com/network", defaults.etcd().prefix());
        assertEquals(DataplaneOption.AUTO, defaults.dataplane());
        assertEquals(Duration.ofHours(24), defaults.leaseTtl());
        assertEquals("127.0.0.1:9099", defaults.listen().toString());
        assertEquals(0, defaults.mtu());
    }

    @Test
    void what_is_printed_is_read_back() {
        assertEquals(FULL, AgentConfig.parse("agent.yaml", FULL.print()).orThrow());
        assertEquals(AgentConfig.defaults(), AgentConfig.parse("agent.yaml", AgentConfig.defaults().print()).orThrow());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            mtu: 100                            | agent.yaml: mtu is "100", expected 0 (as large as the uplink allows) or a number within 1280 to 65485
            mtu: [1]                            | agent.yaml: mtu is "[1]", expected a single value
            dataplane: nft                      | agent.yaml: dataplane is "nft", expected one of auto, nftables, iptables
            etcd: {cert: /c, ca: /a}            | agent.yaml: etcd.key is "", expected a path: TLS needs ca, cert and key
            etcd: {endpoints: ['https://h:1']}  | agent.yaml: etcd.ca is "", expected a path: TLS needs ca, cert and key
            etcd: {endpoints: ['10.0.0.1:2379']} | agent.yaml: etcd.endpoints[0] is "10.0.0.1:2379", expected an address such as https://10.10.0.1:2379
            etcd: {endpoints: x}                | agent.yaml: etcd.endpoints is "x", expected a list such as [https://10.10.0.1:2379]
            etcd: 5                             | agent.yaml: etcd is "5", expected a mapping with endpoints, ca, cert, key and prefix
            nodename: Node_1                    | agent.yaml: nodename is "Node_1", expected a DNS name in lower case (letters, digits, - and ., at most 253 characters), or nothing
            lease-ttl: 1s                       | agent.yaml: lease-ttl is "1s", expected a time within 5s to 365d, such as 24h
            listen: localhost:1                 | agent.yaml: listen is "localhost:1", expected an address and a port, such as 127.0.0.1:9099
            policy: {endpoint-to-host: reject}  | agent.yaml: policy.endpoint-to-host is "reject", expected accept, drop, return, or nothing
            policy: {failsafe-inbound: "22"}    | agent.yaml: policy.failsafe-inbound is "22", expected ports such as tcp:22,udp:10.0.0.0/8:68, the word none, or nothing
            policy: {failsafe-outbound: "tcp:70000"} | agent.yaml: policy.failsafe-outbound is "tcp:70000", expected ports such as tcp:22,udp:10.0.0.0/8:68, the word none, or nothing
            policy: {log-prefix: 'a;drop'}      | agent.yaml: policy.log-prefix is "a;drop", expected at most 27 characters of A-Z, a-z, 0-9, space and -_.:/%, or nothing
            policy: {failsafe: none}            | agent.yaml: policy.failsafe is "none", expected one of the options endpoint-to-host, failsafe-inbound, failsafe-outbound, ignore-loose-rpf, log-prefix
            - a                                 | agent.yaml is "- a", expected a YAML mapping of options
            """)
    void a_wrong_value_is_refused_with_its_field_and_what_was_expected(String yaml, String sentence) {
        Decoded.Bad<AgentConfig> bad = assertInstanceOf(Decoded.Bad.class, AgentConfig.parse("agent.yaml", yaml));
        assertEquals(sentence, bad.problem().sentence());
    }

    @Test
    void an_unknown_key_is_named() {
        Decoded.Bad<AgentConfig> bad = assertInstanceOf(Decoded.Bad.class, AgentConfig.parse("agent.yaml", "mtuu: 5"));
        assertTrue(bad.problem().sentence().startsWith("agent.yaml: mtuu is \"5\", expected one of the options charm-dir, "), bad::toString);
    }

    @Test
    void damaged_text_is_refused_or_read_but_never_thrown_on() {
        long seed = Chance.seed();
        Random random = new Random(seed);
        String good = FULL.print();
        for (int i = 0; i < 3000; i++) {
            StringBuilder text = new StringBuilder(good);
            for (int j = random.nextInt(4); j >= 0; j--) {
                int at = random.nextInt(text.length());
                switch (random.nextInt(3)) {
                    case 0 -> text.deleteCharAt(at);
                    case 1 -> text.insert(at, (char) (random.nextInt(100) < 90 ? 32 + random.nextInt(95) : random.nextInt(0x300)));
                    default -> text.setCharAt(at, "[]{}:\"'\n\t&*!|>%@".charAt(random.nextInt(16)));
                }
            }
            try {
                if (AgentConfig.parse("agent.yaml", text.toString()) instanceof Decoded.Good<AgentConfig>(AgentConfig config)) {
                    assertEquals(config, AgentConfig.parse("agent.yaml", config.print()).orThrow());
                }
            } catch (RuntimeException | Error thrown) {
                throw new AssertionError("seed " + seed + ": thrown on\n" + text, thrown);
            }
        }
    }
}
