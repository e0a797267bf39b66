package io.canal.lab.attack;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Ip;
import io.canal.model.Mac;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Against a header whose checksum is known, and the rule that a right checksum makes the sum over all of it nothing but ones. */
class PacketTest {

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }

    @Test
    void an_ipv4_header_has_its_checksum() {
        byte[] packet = Packet.ipv4(Ip.of("192.168.0.1"), Ip.of("192.168.0.199"), Packet.UDP, 0, 0x4000, new byte[0], new byte[95]);
        assertArrayEquals(hex("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7"), Arrays.copyOf(packet, 20));
    }

    @Test
    void a_checksum_makes_the_sum_over_all_ones() {
        for (String[] ends : new String[][] {{"10.1.2.3", "10.1.4.5"}, {"fd00::1", "fd00:1::2"}}) {
            Ip from = Ip.of(ends[0]);
            Ip to = Ip.of(ends[1]);
            assertEquals(0xffff, sum(from, to, Packet.UDP, Packet.udp(from, to, 4444, 5000, new byte[] {1, 2, 3})));
            assertEquals(0xffff, sum(from, to, Packet.TCP, Packet.tcp(from, to, 4444, 5000, Packet.SYN, new byte[] {1, 2, 3, 4})));
        }
        Ip from = Ip.of("fe80::1");
        Ip to = Ip.of("ff02::1");
        assertEquals(0xffff, sum(from, to, Packet.ICMP_V6, Packet.icmp(from, to, 134, 0, new byte[12])));
    }

    private static int sum(Ip from, Ip to, int protocol, byte[] segment) {
        byte[] length = {0, 0, (byte) (segment.length >> 8), (byte) segment.length, 0, 0, 0, (byte) protocol};
        byte[] all = Packet.bytes(from.toBytes(), to.toBytes(), length, segment, new byte[segment.length % 2]);
        int sum = 0;
        for (int i = 0; i < all.length; i += 2) {
            sum += (all[i] & 0xff) << 8 | all[i + 1] & 0xff;
        }
        while (sum > 0xffff) {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        return sum;
    }

    @Test
    void a_link_local_address_goes_with_its_mac() {
        assertEquals(Ip.of("fe80::ecee:eeff:feee:eeee"), Packet.linkLocal(Mac.of("ee:ee:ee:ee:ee:ee")));
    }

    @Test
    void a_token_is_found_wherever_it_is() {
        Token token = Token.fresh();
        byte[] packet = Packet.bytes(new byte[3], token.bytes(), new byte[1]);
        assertEquals(3, Token.find(packet, packet.length));
        assertEquals(token, Token.at(packet, 3));
        assertEquals(-1, Token.find(packet, packet.length - 2), "a token that was cut");
    }
}
