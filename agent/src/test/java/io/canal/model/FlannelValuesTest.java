package io.canal.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Decoded.Bad;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The wire objects of flannel, in the forms that the real one was seen to write and to refuse. */
class FlannelValuesTest {

    private static final String CONFIG = "/coreos.com/network/config";

    @Test
    void every_recorded_lease_is_printed_byte_for_byte() {
        for (String line : Vectors.lines("/flannel/leases.txt")) {
            String[] parts = line.split(" ", 2);
            assertEquals(parts[0], SubnetKey.parse("lease", parts[0]).orThrow().text());
            assertEquals(parts[1], LeaseValue.parse(parts[0], parts[1]).orThrow().text());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{\"PublicIP\":\"192.0.2.9\",\"PublicIPv6\":null}",
        "{\"PublicIP\":\"192.0.2.9\",\"PublicIPv6\":null,\"BackendType\":\"wireguard\",\"BackendData\":{\"PublicKey\":\"a+b/c=\",\"Port\":51820}}",
        "{\"PublicIP\":\"192.0.2.9\",\"PublicIPv6\":null,\"BackendType\":\"extension\",\"BackendData\":\"<out>\"}",
        "{\"PublicIP\":\"192.0.2.9\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VtepMAC\":\"02:00:00:00:00:01\"}}",
        "{\"PublicIP\":\"192.0.2.9\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:00:01\",\"More\":[1]},\"Later\":{\"a\":1}}"
    })
    void a_lease_of_any_backend_keeps_what_we_do_not_know(String text) {
        assertEquals(text, LeaseValue.parse("lease", text).orThrow().text());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{}|PublicIP",
        "{\"PublicIP\":\"10.1\"}|PublicIP",
        "{\"PublicIP\":7}|PublicIP",
        "{\"PublicIP\":\"0.0.0.0\"}|PublicIP",
        "{\"PublicIP\":\"10.0.0.1\",\"PublicIPv6\":\"10.0.0.1\"}|PublicIPv6",
        "{\"PublicIP\":\"127.0.0.1\"}|PublicIP",
        "{\"PublicIP\":\"0.0.0.9\"}|PublicIP",
        "{\"PublicIP\":\"224.0.0.1\"}|PublicIP",
        "{\"PublicIP\":\"255.255.255.255\"}|PublicIP",
        "{\"PublicIP\":\"10.0.0.1\",\"PublicIPv6\":\"::1\"}|PublicIPv6",
        "{\"PublicIP\":\"10.0.0.1\",\"PublicIPv6\":\"ff02::1\"}|PublicIPv6",
        "{\"PublicIP\":\"10.0.0.1\",\"BackendType\":\"vxlan\"}|BackendData",
        "{\"PublicIP\":\"10.0.0.1\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"ff:ff:ff:ff:ff:ff\"}}|BackendData.VtepMAC",
        "{\"PublicIP\":\"10.0.0.1\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"01:00:5e:00:00:01\"}}|BackendData.VtepMAC",
        "{\"PublicIP\":\"10.0.0.1\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"00:00:00:00:00:00\"}}|BackendData.VtepMAC",
        "{\"PublicIP\":\"224.0.0.1\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:00:01\"}}|PublicIP",
        "{\"PublicIP\":\"10.0.0.1\",\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1}}|BackendData.VtepMAC",
        "{\"PublicIP\":\"10.0.0.1\",\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":\"1\",\"VtepMAC\":\"02:00:00:00:00:01\"}}|BackendData.VNI"
    })
    void a_bad_lease_is_refused_by_the_name_of_its_field(String text, String field) {
        assertEquals(field, problem(LeaseValue.parse("lease", text)).field());
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.5.52.0-24", "10.5.52.0-24&fd00:10:244:1::-64", "0.0.0.0-0&fd00:0:0:51::-64", "10.5.52.64-26"})
    void a_subnet_key_is_text_and_back(String text) {
        assertEquals(text, SubnetKey.of(text).text());
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "garbage", "10.5.52.1-24", "10.5.52.0-32", "10.5.52.0-33", "0.0.0.0-0", "10.5.52.0/24", " 10.5.52.0-24", "10.5.52.0-24 ", "10.5.52.0-024", "10.5.52.0-0", "10.5.52.0-2x", "10.5.52.0-", "-24", "010.5.52.0-24", "10.5.52.0-08",
        "old/10.5.52.0-24", "10.5.52.0-24&", "10.5.52.0-24&fd00:10:244:1::-128", "10.5.52.0-24&FD00::-64", "10.5.52.0-24&fd00:0::-64",
        "10.5.52.0-24&10.0.0.0-8", "10.5.52.0-24&fd00::1-64", "0.0.0.0-0&::-0"
    })
    void a_bad_subnet_key_is_refused(String text) {
        assertEquals("k", problem(SubnetKey.parse("k", text)).where());
    }

    @Test
    void subnets_of_any_length_and_family_overlap_where_they_share_an_address() {
        SubnetKey dual = SubnetKey.of("10.5.52.0-24&fd00:1::-64");
        assertTrue(dual.overlaps(SubnetKey.of("10.5.52.128-25")));
        assertTrue(dual.overlaps(SubnetKey.of("10.5.0.0-16")));
        assertTrue(dual.overlaps(SubnetKey.of("0.0.0.0-0&fd00:1::-64")));
        assertTrue(dual.overlaps(SubnetKey.of("10.9.0.0-24&fd00:1::-62")));
        assertFalse(dual.overlaps(SubnetKey.of("10.5.53.0-24")));
        assertFalse(SubnetKey.of("0.0.0.0-0&fd00:1::-64").overlaps(SubnetKey.of("10.5.52.0-24")));
    }

    @ParameterizedTest
    @CsvSource({
        "10.5.0.0/16, 24, 10.5.1.0, 10.5.255.0",
        "10.5.0.0/24, 26, 10.5.0.64, 10.5.0.192",
        "10.5.0.0/28, 30, 10.5.0.4, 10.5.0.12",
        "10.5.0.7/16, 24, 10.5.1.0, 10.5.255.0"
    })
    void the_defaults_of_ipv4_are_flannels(String network, int length, String min, String max) {
        SubnetRange range = config("{\"Network\":\"" + network + "\",\"Backend\":{\"Type\":\"vxlan\"}}").v4().orElseThrow();
        assertEquals(length, range.subnetLength());
        assertEquals(Ip.of(min), range.min());
        assertEquals(Ip.of(max), range.max());
    }

    @Test
    void the_defaults_of_ipv6_are_flannels() {
        NetworkConfig config = config("{\"EnableIPv4\":false,\"EnableIPv6\":true,\"IPv6Network\":\"fd00:10:244::/56\",\"Backend\":{\"Type\":\"vxlan\"}}");
        SubnetRange range = config.v6().orElseThrow();
        assertEquals(64, range.subnetLength());
        assertEquals(Ip.of("fd00:10:244:1::"), range.min());
        assertEquals(Ip.of("fd00:10:244:ff::"), range.max());
        assertEquals(Ip.of("fd00:10:244:2::"), range.after(range.min()));
        assertTrue(config.v4().isEmpty());
    }

    @Test
    void ipv6_subnets_of_any_length_follow_each_other() {
        assertEquals(Ip.of("fd00:0:0:0:8000::"), SubnetRange.of(Cidr.of("fd00::/48"), 65).after(Ip.of("fd00::")));
        assertEquals(Ip.of("fd00:0:0:1::"), SubnetRange.of(Cidr.of("fd00::/48"), 65).after(Ip.of("fd00::8000:0:0:0")));
        assertEquals(Ip.of("fd00:0:0:2::"), SubnetRange.of(Cidr.of("fd00::/48"), 63).after(Ip.of("fd00::")));
        assertEquals(Ip.of("fd00::4"), SubnetRange.of(Cidr.of("fd00::/120"), 126).after(Ip.of("fd00::")));
    }

    @Test
    void names_match_in_any_case_and_unknown_ones_are_kept() {
        NetworkConfig config = config("{\"network\":\"10.50.0.0/16\",\"SUBNETLEN\":26,\"Theirs\":[1],\"backend\":{\"type\":\"VXLAN\",\"vni\":42,\"New\":true}}");
        assertEquals("{\"Network\":\"10.50.0.0/16\",\"SubnetLen\":26,\"Backend\":{\"Type\":\"vxlan\",\"VNI\":42,\"New\":true},\"Theirs\":[1]}", config.text());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"Network\":|",
        "[]|",
        "{\"Backend\":{\"Type\":\"vxlan\"}}|Network",
        "{\"Network\":\"10.244.0.0/29\",\"Backend\":{\"Type\":\"vxlan\"}}|Network",
        "{\"Network\":\"fd00::/56\",\"Backend\":{\"Type\":\"vxlan\"}}|Network",
        "{\"Network\":\"10.244.0.0/16\",\"SubnetLen\":31,\"Backend\":{\"Type\":\"vxlan\"}}|SubnetLen",
        "{\"Network\":\"10.244.0.0/16\",\"SubnetLen\":17,\"Backend\":{\"Type\":\"vxlan\"}}|SubnetLen",
        "{\"Network\":\"10.244.0.0/16\",\"SubnetMin\":\"10.245.1.0\",\"Backend\":{\"Type\":\"vxlan\"}}|SubnetMin",
        "{\"Network\":\"10.244.0.0/16\",\"SubnetMin\":\"10.244.1.7\",\"Backend\":{\"Type\":\"vxlan\"}}|SubnetMin",
        "{\"Network\":\"10.244.0.0/16\",\"SubnetMin\":\"10.244.9.0\",\"SubnetMax\":\"10.244.2.0\",\"Backend\":{\"Type\":\"vxlan\"}}|SubnetMin",
        "{\"Network\":\"10.244.0.0/16\"}|Backend",
        "{\"Network\":\"10.244.0.0/16\",\"Backend\":{}}|Backend.Type",
        "{\"Network\":\"10.244.0.0/16\",\"Backend\":{\"Type\":\"nosuch\"}}|Backend.Type",
        "{\"Network\":\"10.244.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":\"one\"}}|Backend.VNI",
        "{\"Network\":\"10.244.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"Port\":65536}}|Backend.Port",
        "{\"Network\":\"10.244.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"MTU\":68}}|Backend.MTU",
        "{\"EnableIPv6\":true,\"Network\":\"10.244.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}|IPv6Network",
        "{\"EnableIPv4\":false,\"Backend\":{\"Type\":\"vxlan\"}}|EnableIPv4"
    })
    void a_bad_config_is_refused_by_the_name_of_its_field(String text, String field) {
        assertEquals(field == null ? "" : field, problem(NetworkConfig.parse(CONFIG, text)).field());
    }

    @Test
    void a_vni_whose_device_could_not_be_named_is_refused() {
        String v4 = "{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":%d}}";
        String dual = "{\"EnableIPv6\":true,\"IPv6Network\":\"fd00::/48\"," + v4.substring(1);
        assertEquals(9_999_999, NetworkConfig.parse("c", v4.formatted(9_999_999)).orThrow().backend().vni());
        assertEquals(9_999, NetworkConfig.parse("c", dual.formatted(9_999)).orThrow().backend().vni());
        assertEquals("c: Backend.VNI is \"10000000\", expected a whole number from 1 to 9999999, because the device is named by it and a name has at most 15 characters",
                ((Bad<NetworkConfig>) NetworkConfig.parse("c", v4.formatted(10_000_000))).problem().sentence());
        assertEquals("c: Backend.VNI is \"10000\", expected a whole number from 1 to 9999, because the device is named by it and a name has at most 15 characters",
                ((Bad<NetworkConfig>) NetworkConfig.parse("c", dual.formatted(10_000))).problem().sentence());
        // Nothing is named by it here.
        assertEquals("host-gw", NetworkConfig.parse("c", v4.formatted(10_000_000).replace("vxlan", "host-gw")).orThrow().backend().type());
    }

    @Test
    void the_sentence_names_key_field_value_and_expectation() {
        Problem problem = problem(NetworkConfig.parse(CONFIG, "{\"Network\":\"10.244.0.0/16\",\"Backend\":{\"Type\":\"vxlan\",\"VNI\":\"one\"}}"));
        assertEquals("/coreos.com/network/config: Backend.VNI is \"one\", expected a whole number from 1 to 16777215", problem.sentence());
    }

    @Test
    void a_config_keeps_its_own_when_the_backend_changes() {
        NetworkConfig config = config("{\"Network\":\"10.50.0.0/16\",\"SubnetLen\":26,\"Backend\":{\"Type\":\"vxlan\"},\"Theirs\":1}");
        assertEquals("{\"Network\":\"10.50.0.0/16\",\"SubnetLen\":26,\"Backend\":{\"Type\":\"vxlan\",\"VNI\":7},\"Theirs\":1}",
                config.withBackend(config.backend().withVni(7)).text());
        assertEquals("{\"Network\":\"10.60.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"},\"Theirs\":1}", config.withNetwork(Cidr.of("10.60.0.0/16")).text());
    }

    @Test
    void keys_are_joined_as_flannel_joins_them() {
        NetworkKeys keys = new NetworkKeys("/coreos.com/network/");
        assertEquals("/coreos.com/network/config", keys.config());
        assertEquals("/coreos.com/network/subnets/10.1.2.0-24", keys.lease(SubnetKey.of("10.1.2.0-24")));
        assertEquals(SubnetKey.of("10.1.2.0-24"), NetworkKeys.subnet(keys.leases(), keys.lease(SubnetKey.of("10.1.2.0-24"))).orThrow());
    }

    @Test
    void a_lease_is_ours_by_ipv4_address_or_by_ipv6_address_where_there_is_no_ipv4() {
        LeaseValue v6 = new LeaseValue(LeaseValue.NO_V4, Optional.of(Ip.of("fd00::1")), "host-gw", Optional.empty(), Optional.empty());
        assertEquals(Ip.of("fd00::1"), v6.address());
        LeaseValue otherV6 = new LeaseValue(LeaseValue.NO_V4, Optional.of(Ip.of("fd00::2")), "host-gw", Optional.empty(), Optional.empty());
        assertTrue(v6.samePublicAddress(v6));
        assertFalse(v6.samePublicAddress(otherV6));
        assertTrue(LeaseValue.hostGw(Ip.of("10.0.0.1")).samePublicAddress(LeaseValue.vxlan(Ip.of("10.0.0.1"), 1, new Mac(2))));
    }

    private static NetworkConfig config(String text) {
        return NetworkConfig.parse(CONFIG, text).orThrow();
    }

    private static Problem problem(Decoded<?> decoded) {
        return ((Bad<?>) decoded).problem();
    }
}
