package io.canal.kernel.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * A netlink message to send, written from front to back: the fields of the family's header, then attributes.
 *
 * <p>Integers are in the machine's order unless the method says {@code be}; padding to four bytes is added between attributes.
 * A message may be sent again: sending sets its sequence number.
 */
public final class NetlinkMessage {

    public static final int NLM_F_REQUEST = 1;
    public static final int NLM_F_ACK = 4;
    public static final int NLM_F_ECHO = 8;
    public static final int NLM_F_DUMP = 0x300;
    public static final int NLM_F_REPLACE = 0x100;
    public static final int NLM_F_EXCL = 0x200;
    public static final int NLM_F_CREATE = 0x400;
    public static final int NLM_F_APPEND = 0x800;

    static final int HEADER = 16;
    private static final int NLA_F_NESTED = 0x8000;
    private static final int LONGEST_ATTRIBUTE = 0xffff;

    private ByteBuffer buffer = ByteBuffer.allocate(192).order(ByteOrder.nativeOrder());
    private boolean endsBatchOnError;

    /** @param flags {@code NLM_F_REQUEST} is added */
    public NetlinkMessage(int type, int flags) {
        buffer.putInt(0).putShort((short) type).putShort((short) (flags | NLM_F_REQUEST)).putInt(0).putInt(0);
    }

    public NetlinkMessage u8(int value) {
        room(1).put((byte) value);
        return this;
    }

    public NetlinkMessage u16(int value) {
        room(2).putShort((short) value);
        return this;
    }

    public NetlinkMessage be16(int value) {
        room(2).put((byte) (value >>> 8)).put((byte) value);
        return this;
    }

    public NetlinkMessage u32(int value) {
        room(4).putInt(value);
        return this;
    }

    public NetlinkMessage bytes(byte[] value) {
        room(value.length).put(value);
        return this;
    }

    public NetlinkMessage attr(int type, byte[] value) {
        header(type, value.length);
        room(value.length).put(value);
        return this;
    }

    /** An attribute that says something by being there. */
    public NetlinkMessage flag(int type) {
        header(type, 0);
        return this;
    }

    public NetlinkMessage u8(int type, int value) {
        header(type, 1);
        return u8(value);
    }

    public NetlinkMessage u16(int type, int value) {
        header(type, 2);
        return u16(value);
    }

    public NetlinkMessage be16(int type, int value) {
        header(type, 2);
        return be16(value);
    }

    public NetlinkMessage u32(int type, int value) {
        header(type, 4);
        return u32(value);
    }

    public NetlinkMessage be32(int type, int value) {
        header(type, 4);
        room(4).put((byte) (value >>> 24)).put((byte) (value >>> 16)).put((byte) (value >>> 8)).put((byte) value);
        return this;
    }

    public NetlinkMessage u64(int type, long value) {
        header(type, 8);
        room(8).putLong(value);
        return this;
    }

    public NetlinkMessage be64(int type, long value) {
        header(type, 8);
        ByteBuffer at = room(8);
        for (int shift = 56; shift >= 0; shift -= 8) {
            at.put((byte) (value >>> shift));
        }
        return this;
    }

    /** A string with the zero that ends it. */
    public NetlinkMessage string(int type, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        header(type, bytes.length + 1);
        room(bytes.length + 1).put(bytes).put((byte) 0);
        return this;
    }

    /** An attribute that holds what {@code content} writes: attributes, or a structure followed by them. */
    public NetlinkMessage nested(int type, Consumer<NetlinkMessage> content) {
        return within(type | NLA_F_NESTED, content);
    }

    /** As {@link #nested}, without the flag that says so: for attributes that hold a structure and then attributes. */
    public NetlinkMessage within(int type, Consumer<NetlinkMessage> content) {
        pad();
        int start = buffer.position();
        header(type, 0);
        content.accept(this);
        int length = buffer.position() - start;
        if (length > LONGEST_ATTRIBUTE) {
            throw new IllegalArgumentException("a netlink attribute has at most 65535 bytes, not " + length);
        }
        buffer.putShort(start, (short) length);
        return this;
    }

    /** An error in reply to this message is the only reply to all messages sent with it (NFNL_MSG_BATCH_BEGIN). */
    public NetlinkMessage endsBatchOnError() {
        endsBatchOnError = true;
        return this;
    }

    boolean isEndingBatchOnError() {
        return endsBatchOnError;
    }

    /** Bytes when sent, padding included. */
    public int size() {
        return aligned(buffer.position());
    }

    public int type() {
        return buffer.getShort(4) & 0xffff;
    }

    boolean wantsAck() {
        return (buffer.getShort(6) & NLM_F_ACK) != 0;
    }

    /** Sets more of the header's flags. */
    public void addFlags(int flags) {
        buffer.putShort(6, (short) (buffer.getShort(6) | flags));
    }

    /** The message with this sequence number, ready to be sent. */
    byte[] toBytes(int sequence) {
        pad();
        buffer.putInt(0, buffer.position());
        buffer.putInt(8, sequence);
        byte[] bytes = new byte[buffer.position()];
        buffer.get(0, bytes);
        return bytes;
    }

    private void header(int type, int length) {
        pad();
        if (length + 4 > LONGEST_ATTRIBUTE) {
            throw new IllegalArgumentException("a netlink attribute has at most 65535 bytes, not " + (length + 4));
        }
        room(4).putShort((short) (length + 4)).putShort((short) type);
    }

    private void pad() {
        int missing = aligned(buffer.position()) - buffer.position();
        ByteBuffer at = room(missing);
        for (int i = 0; i < missing; i++) {
            at.put((byte) 0);
        }
    }

    private ByteBuffer room(int bytes) {
        if (buffer.remaining() < bytes) {
            int capacity = Math.max(buffer.capacity() * 2, buffer.position() + bytes);
            ByteBuffer larger = ByteBuffer.allocate(capacity).order(ByteOrder.nativeOrder());
            buffer.flip();
            larger.put(buffer);
            buffer = larger;
        }
        return buffer;
    }

    static int aligned(int length) {
        return length + 3 & ~3;
    }
}
