package io.canal.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.IpPrefix;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SubnetEnvTest {

    static final SubnetEnv V4 = new SubnetEnv(Optional.of(SubnetEnv.Net.of(Cidr.of("10.244.0.0/16"), Cidr.of("10.244.96.0/24"))), Optional.empty(), 1450, true);

    private static final SubnetEnv DUAL = new SubnetEnv(V4.v4(), Optional.of(SubnetEnv.Net.of(Cidr.of("fd00:10:244::/56"), Cidr.of("fd00:10:244:1::/64"))), 1430, false);

    @Test
    void it_is_rendered_as_flannel_writes_it() {
        assertEquals("""
                FLANNEL_NETWORK=10.244.0.0/16
                FLANNEL_SUBNET=10.244.96.1/24
                FLANNEL_MTU=1450
                FLANNEL_IPMASQ=true
                """, TemplatesTest.templates().render(V4).orThrow());
    }

    @Test
    void both_families_come_in_flannels_order() {
        assertEquals("""
                FLANNEL_NETWORK=10.244.0.0/16
                FLANNEL_SUBNET=10.244.96.1/24
                FLANNEL_IPV6_NETWORK=fd00:10:244::/56
                FLANNEL_IPV6_SUBNET=fd00:10:244:1::1/64
                FLANNEL_MTU=1430
                FLANNEL_IPMASQ=false
                """, TemplatesTest.templates().render(DUAL).orThrow());
    }

    @Test
    void order_blank_lines_comments_and_quotes_do_not_matter() {
        assertEquals(V4, SubnetEnv.parse("subnet.env", """

                # by hand
                FLANNEL_IPMASQ=true
                FLANNEL_SUBNET="10.244.96.1/24"
                FLANNEL_MTU=1450
                OTHER=x
                FLANNEL_NETWORK=10.244.0.0/16
                """).orThrow());
    }

    @Test
    void the_subnet_keeps_the_host_bits_that_were_written() {
        SubnetEnv env = SubnetEnv.parse("subnet.env", "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.96.9/24\nFLANNEL_MTU=1\nFLANNEL_IPMASQ=true").orThrow();
        assertEquals(IpPrefix.of("10.244.96.9/24"), env.v4().orElseThrow().subnet());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            FLANNEL_MTU=1450                                                 | subnet.env: FLANNEL_SUBNET is "", expected a subnet such as 10.1.49.1/24
            nonsense                                                         | subnet.env is "nonsense", expected a line NAME=value
            FLANNEL_NETWORK=10.1.0.0/16                                      | subnet.env: FLANNEL_SUBNET is "", expected one IPv4 subnet
            FLANNEL_NETWORK=10.1.0.0/16,10.2.0.0/16                          | subnet.env: FLANNEL_NETWORK is "10.1.0.0/16,10.2.0.0/16", expected one IPv4 network
            FLANNEL_NETWORK=10.1.0.0/16~FLANNEL_SUBNET=10.1.1.1/24           | subnet.env: FLANNEL_MTU is "", expected a number
            """)
    void a_wrong_line_is_named(String text, String sentence) {
        Decoded.Bad<SubnetEnv> bad = assertInstanceOf(Decoded.Bad.class, SubnetEnv.parse("subnet.env", text.replace('~', '\n')));
        assertEquals(sentence, bad.problem().sentence());
    }
}
