package io.canal.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.canal.model.Cidr;
import io.canal.model.Decoded;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OptionsTest {

    @ParameterizedTest
    @ValueSource(strings = {"10.1.0.0/16", "10.0.0.0/8", "172.16.0.0/28"})
    void a_network_is_taken(String text) {
        assertEquals(Cidr.of(text), Options.cidr("option cidr", "", text).orThrow());
    }

    @Test
    void a_network_with_host_bits_is_refused_with_the_network_that_was_meant() {
        assertRefused("option cidr is \"10.1.2.3/16\", expected a network without host bits: 10.1.0.0/16", Options::cidr, "cidr", "10.1.2.3/16");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "10.1.0.0", "10.1/16", "fd00::/64", "x"})
    void what_is_no_network_is_refused(String text) {
        assertInstanceOf(Decoded.Bad.class, Options.cidr("option cidr", "", text));
    }

    @ParameterizedTest
    @CsvSource({"24h,86400", "90s,90", "5m,300", "60,60", "2d,172800", "'',86400"})
    void a_lease_time_has_a_unit_or_is_in_seconds(String text, long seconds) {
        assertEquals(Duration.ofSeconds(seconds), Options.leaseTtl("option lease-ttl", "", text).orThrow());
    }

    @Test
    void each_refusal_says_what_would_be_right() {
        assertRefused("option vni is \"10000000\", expected a number within 0 to 9999999", Options::vni, "vni", "10000000");
        assertRefused("option port is \"-1\", expected a number within 0 to 65535", Options::port, "port", "-1");
        assertRefused("option log-level is \"loud\", expected one of error, warning, info, debug", Options::logLevel, "log-level", "loud");
        assertRefused("option iface is \"a-name-that-is-too-long\", expected the name of an interface (at most 15 characters), an address of one, or nothing",
                Options::iface, "iface", "a-name-that-is-too-long");
        assertRefused("option iface is \"a/b\", expected the name of an interface (at most 15 characters), an address of one, or nothing",
                Options::iface, "iface", "a/b");
        assertRefused("option iface is \"127.0.0.1\", expected the name of an interface (at most 15 characters), an address of one, or nothing",
                Options::iface, "iface", "127.0.0.1");
        assertRefused("option public-ip is \"127.0.1.1\", expected the IPv4 address of a host, or nothing", Options::publicIp, "public-ip", "127.0.1.1");
    }

    private interface Option<T> {
        Decoded<T> read(String where, String field, String text);
    }

    @Test
    void networks_are_one_of_each_family() {
        assertEquals(List.of(Cidr.of("10.1.0.0/16"), Cidr.of("fd00:10:1::/56")), Options.networks("option cidr", "", "fd00:10:1::/56, 10.1.0.0/16").orThrow());
        assertEquals(List.of(Cidr.of("fd00:10:1::/56")), Options.networks("option cidr", "", "fd00:10:1::/56").orThrow());
        assertRefused("option cidr is \"10.1.0.0/16,10.2.0.0/16\", expected at most one network of each family, such as 10.1.0.0/16,fd00:10:1::/56",
                Options::networks, "cidr", "10.1.0.0/16,10.2.0.0/16");
        assertRefused("option cidr is \"fd00::/126\", expected an IPv6 network with a prefix length within 8 to 124", Options::networks, "cidr", "fd00::/126");
        assertRefused("option cidr is \"\", expected an IPv4 network such as 10.1.0.0/16", Options::networks, "cidr", "");
    }

    private static <T> void assertRefused(String sentence, Option<T> option, String name, String text) {

        Decoded.Bad<?> bad = assertInstanceOf(Decoded.Bad.class, option.read("option " + name, "", text));
        assertEquals(sentence, bad.problem().sentence());
    }
}
