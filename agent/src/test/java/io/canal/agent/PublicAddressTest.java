package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.network.Uplink;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PublicAddressTest {

    private final PublicAddress address = new PublicAddress();

    private void assertAddress(String expected, String configured, String uplink) {
        assertEquals(Optional.of(Ip.of(expected)),
                address.of(Optional.of(configured).filter(text -> !text.isEmpty()).map(Ip::of), Uplink.of(2, "eth0", 1500, IpPrefix.of(uplink))));
    }

    @Test
    void it_is_the_uplinks_where_the_configuration_names_none_or_that_one() {
        assertAddress("10.10.0.1", "", "10.10.0.1/24");
        assertAddress("10.10.0.1", "10.10.0.1", "10.10.0.1/24");
    }

    @Test
    void a_translated_address_is_used() {
        assertAddress("203.0.113.1", "203.0.113.1", "10.10.0.1/24");
    }

    @Test
    void what_the_uplink_does_not_have_any_more_is_not() {
        assertAddress("10.10.0.71", "10.10.0.1", "10.10.0.71/24");
        assertAddress("10.10.0.1", "10.10.0.1", "10.10.0.1/24");
        assertAddress("10.20.0.9", "10.10.0.1", "10.20.0.9/24");
    }
}
