package io.canal.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.reconcile.testing.Chance;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTest {

    @ParameterizedTest
    @ValueSource(strings = {"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/24", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "fd00::/129", "fd00::1/64", "/8"})
    void text_that_is_no_block_is_refused(String text) {
        assertTrue(Cidr.parse(text).isEmpty(), text);
    }

    @Test
    void an_address_with_a_length_names_its_block() {
        assertEquals(Cidr.of("10.1.49.0/24"), IpPrefix.of("10.1.49.1/24").cidr());
        assertEquals("10.1.49.1/24", IpPrefix.of("10.1.49.1/24").toString());
    }

    @Test
    void blocks_overlap_exactly_where_one_holds_the_other() {
        long seed = Chance.seed();
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            Cidr one = Cidr.containing(new Ip(Ip.Family.V4, 0, random.nextInt(1 << 10)), 20 + random.nextInt(13));
            Cidr two = Cidr.containing(new Ip(Ip.Family.V4, 0, random.nextInt(1 << 10)), 20 + random.nextInt(13));
            boolean share = one.base().low() <= two.last().low() && two.base().low() <= one.last().low();
            assertEquals(share, one.overlaps(two), one + " " + two + " seed " + seed);
        }
    }

    @Test
    void families_never_meet() {
        assertFalse(Cidr.of("0.0.0.0/0").overlaps(Cidr.of("::/0")));
        assertFalse(Cidr.of("::/0").contains(Ip.of("10.0.0.1")));
    }

    @Test
    void an_index_outside_the_block_is_refused() {
        assertEquals(Ip.of("10.1.49.255"), Cidr.of("10.1.49.0/24").at(255));
        assertThrows(IndexOutOfBoundsException.class, () -> Cidr.of("10.1.49.0/24").at(256));
    }
}
