package io.canal.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Ip.Family;
import io.canal.reconcile.testing.Chance;
import java.math.BigInteger;
import java.net.InetAddress;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpTest {

    @ParameterizedTest
    @ValueSource(strings = {
        "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1..2.3", "1.2.3.4.", ".1.2.3.4", "1.2.3.-4", " 1.2.3.4", "a.b.c.d",
        "1:2:3:4:5:6:7", "::1::2", "fd00::1%eth0", "g::1", ":::", "1.2.3.4:", "[::1]", "١.2.3.4"
    })
    void text_that_is_no_address_is_refused(String text) {
        assertTrue(Ip.parse(text).isEmpty(), text);
    }

    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 0.0.0.0",
        "255.255.255.255, 255.255.255.255",
        "10.1.49.0, 10.1.49.0",
        "::, ::",
        "::1, ::1",
        "FD00:10:244:1::, fd00:10:244:1::",
        "1:0:0:2:0:0:0:3, 1:0:0:2::3",
        "1:0:0:2:3:0:0:4, 1::2:3:0:0:4",
        "1:0:2:3:4:5:6:7, 1:0:2:3:4:5:6:7",
        "0:0:1:2:3:4:5:6, ::1:2:3:4:5:6",
        "1:2:3:4:5:6:0:0, 1:2:3:4:5:6::",
    })
    void text_is_printed_in_canonical_form(String text, String canonical) {
        assertEquals(canonical, Ip.of(text).toString());
    }

    @Test
    void a_v4_address_mapped_into_v6_stays_v6() {
        assertEquals(Family.V6, Ip.of("::ffff:10.0.0.1").family());
    }

    @Test
    void random_addresses_survive_bytes_and_text_and_agree_with_the_jdk() throws Exception {
        long seed = Chance.seed();
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
            for (int b = 0; b < bytes.length; b++) {
                bytes[b] = random.nextInt(3) == 0 ? (byte) random.nextInt() : 0;
            }
            Ip ip = Ip.ofBytes(bytes);
            assertEquals(ip, Ip.ofBytes(ip.toBytes()), "seed " + seed);
            assertEquals(ip, Ip.of(ip.toString()), "seed " + seed);
            InetAddress jdk = InetAddress.getByAddress(bytes);
            if (jdk.getAddress().length == bytes.length) {
                assertEquals(jdk, InetAddress.ofLiteral(ip.toString()), "seed " + seed);
            }
        }
    }

    @Test
    void sums_masks_and_order_agree_with_big_integers() {
        long seed = Chance.seed();
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            Ip ip = new Ip(Family.V6, random.nextLong() >>> 1, random.nextLong());
            Ip other = new Ip(Family.V6, random.nextBoolean() ? ip.high() : random.nextLong(), random.nextLong());
            long count = random.nextLong();
            assertEquals(big(ip).add(BigInteger.valueOf(count)), big(ip.plus(count)), "seed " + seed);
            assertEquals(Integer.signum(big(ip).compareTo(big(other))), Integer.signum(ip.compareTo(other)), "seed " + seed);
            int length = random.nextInt(129);
            BigInteger mask = BigInteger.ONE.shiftLeft(128).subtract(BigInteger.ONE.shiftLeft(128 - length));
            assertEquals(big(ip).and(mask), big(ip.masked(length)), "seed " + seed);
            assertEquals(big(ip).and(mask).add(BigInteger.ONE.shiftLeft(128 - length)).subtract(BigInteger.ONE),
                    big(Cidr.containing(ip, length).last()), "seed " + seed);
        }
    }

    @Test
    void v4_sums_stop_at_the_end_of_the_numbers() {
        assertEquals(Ip.of("10.2.0.0"), Ip.of("10.1.255.255").plus(1));
        assertThrows(ArithmeticException.class, () -> Ip.of("255.255.255.255").plus(1));
        assertThrows(ArithmeticException.class, () -> Ip.of("0.0.0.0").plus(-1));
    }

    private static BigInteger big(Ip ip) {
        return new BigInteger(1, ip.toBytes());
    }
}
