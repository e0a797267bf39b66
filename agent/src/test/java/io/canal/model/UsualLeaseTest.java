package io.canal.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The short way to a lease must lead where the long one does, or nowhere. */
class UsualLeaseTest {

    private static final String USUAL = "{\"PublicIP\":\"10.10.0.1\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\",\"BackendData\":{\"VNI\":1,\"VtepMAC\":\"02:00:00:00:00:01\"}}";

    @Test
    void the_usual_lease_is_read_as_all_json_is() {
        assertEquals(Optional.of(LeaseValue.vxlan(Ip.of("10.10.0.1"), 1, Mac.of("02:00:00:00:00:01"))), UsualLease.read(USUAL));
        assertEquals(byTheLongWay(USUAL), UsualLease.read(USUAL));
        assertEquals(byTheLongWay(USUAL), UsualLease.read(LeaseValue.vxlan(Ip.of("10.10.0.1"), 1, Mac.of("02:00:00:00:00:01")).text()));
    }

    @Test
    void what_is_changed_in_any_place_is_read_as_all_json_is_or_left_to_that() {
        SplittableRandom random = new SplittableRandom(1);
        String signs = "0129afAF.:,\"{}x \\n";
        for (int i = 0; i < 50_000; i++) {
            StringBuilder text = new StringBuilder(USUAL);
            for (int change = random.nextInt(1, 3); change > 0; change--) {
                int at = random.nextInt(text.length());
                switch (random.nextInt(3)) {
                    case 0 -> text.setCharAt(at, signs.charAt(random.nextInt(signs.length())));
                    case 1 -> text.deleteCharAt(at);
                    default -> text.insert(at, signs.charAt(random.nextInt(signs.length())));
                }
            }
            Optional<LeaseValue> read = UsualLease.read(text.toString());
            if (read.isPresent()) {
                assertEquals(byTheLongWay(text.toString()), read, text::toString);
            }
        }
    }

    /** With a space, which is all the same to JSON. */
    private static Optional<LeaseValue> byTheLongWay(String text) {
        return LeaseValue.parse("lease", " " + text) instanceof Decoded.Good<LeaseValue>(LeaseValue good) ? Optional.of(good) : Optional.empty();
    }
}
