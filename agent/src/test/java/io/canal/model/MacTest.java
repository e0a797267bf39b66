package io.canal.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MacTest {

    @ParameterizedTest
    @ValueSource(strings = {"", "02:00:00:00:00", "02:00:00:00:00:0g", "02-00-00-00-00-01", "2:0:0:0:0:1", "02:00:00:00:00:001", "02:00:00:00:00:٠1"})
    void text_that_is_no_mac_is_refused(String text) {
        assertTrue(Mac.parse(text).isEmpty(), text);
    }

    @Test
    void text_is_printed_in_lower_case() {
        assertEquals("ee:ee:ee:ee:ee:0a", Mac.of("EE:EE:EE:EE:EE:0A").toString());
    }

    @Test
    void a_random_mac_is_a_local_unicast_one_and_survives_bytes() {
        Random random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            Mac mac = Mac.random(random);
            assertEquals(2, mac.toBytes()[0] & 3);
            assertEquals(mac, Mac.ofBytes(mac.toBytes()));
            assertEquals(mac, Mac.of(mac.toString()));
        }
    }
}
