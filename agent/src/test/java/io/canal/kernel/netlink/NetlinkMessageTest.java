package io.canal.kernel.netlink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;

class NetlinkMessageTest {

    @Test
    void what_was_written_is_read_back() {
        NetlinkMessage message = new NetlinkMessage(77, NetlinkMessage.NLM_F_ACK).u8(1).u8(2).be16(0x1234).u32(5)
                .u8(1, 200).u16(2, 60000).be16(3, 60000).u32(4, -2).be32(5, -2).u64(6, -3).be64(7, 0x0102_0304_ffff_fff0L)
                .string(8, "eth0").flag(9).attr(10, new byte[] {1, 2, 3})
                .nested(11, list -> list.nested(1, element -> element.u32(1, 8)).nested(1, element -> element.u32(1, 9)));
        List<Received> read = NetlinkSocket.messages(message.toBytes(42));

        assertEquals(1, read.size());
        Received one = read.getFirst();
        assertEquals(77, one.type());
        assertEquals(42, one.sequence());
        assertEquals(NetlinkMessage.NLM_F_ACK | NetlinkMessage.NLM_F_REQUEST, one.flags());
        assertEquals(2, one.u8(1));
        assertEquals(0x1234, one.be16(2));
        assertEquals(5, one.u32(4));
        Attributes attributes = one.attributes(8);
        assertEquals(200, attributes.u8(1));
        assertEquals(60000, attributes.u16(2));
        assertEquals(60000, attributes.be16(3));
        assertEquals(-2, attributes.u32(4));
        assertEquals(-2, attributes.be32(5));
        assertEquals(-3, attributes.u64(6));
        assertEquals(0x0102_0304_ffff_fff0L, attributes.be64(7));
        assertEquals("eth0", attributes.string(8));
        assertEquals(0, attributes.bytes(9).length);
        assertArrayEquals(new byte[] {1, 2, 3}, attributes.bytes(10));
        assertEquals(List.of(8, 9), attributes.nested(11).eachNested(1).stream().map(element -> element.u32(1)).toList());
        assertFalse(attributes.has(12));
        assertThrows(NoSuchElementException.class, () -> attributes.u32(12));
    }

    @Test
    void messages_of_one_datagram_are_taken_apart() {
        byte[] first = new NetlinkMessage(1, 0).string(1, "ab").toBytes(1);
        byte[] second = new NetlinkMessage(2, 0).toBytes(2);
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        assertEquals(List.of(1, 2), NetlinkSocket.messages(both).stream().map(Received::type).toList());
    }

    @Test
    void a_cut_datagram_gives_what_is_whole() {
        byte[] bytes = new NetlinkMessage(1, 0).string(1, "abcdefgh").toBytes(1);
        assertEquals(List.of(), NetlinkSocket.messages(Arrays.copyOf(bytes, bytes.length - 4)));
        assertEquals(0, Attributes.of(new byte[] {9, 0, 1, 0, 1}).count());
    }

    @Test
    void an_attribute_that_is_too_long_is_refused() {
        assertThrows(IllegalArgumentException.class, () -> new NetlinkMessage(1, 0).attr(1, new byte[65532]));
        assertThrows(IllegalArgumentException.class, () -> new NetlinkMessage(1, 0)
                .nested(1, list -> list.attr(1, new byte[40000]).attr(2, new byte[40000])));
    }
}
