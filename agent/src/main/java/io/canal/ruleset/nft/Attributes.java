package io.canal.ruleset.nft;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/** Netlink attributes: length and type in the machine's order, the value, and zeros up to whole 4 bytes. */
final class Attributes {

    private static final int NESTED = 0x8000;
    private static final int TYPE = 0x3fff;

    private byte[] bytes = new byte[128];
    private int size;

    byte[] toArray() {
        return Arrays.copyOf(bytes, size);
    }

    Attributes put(int type, byte[] value) {
        int start = header(type);
        ensure(value.length);
        System.arraycopy(value, 0, bytes, size, value.length);
        size += value.length;
        return close(start);
    }

    /** A string with its NUL. */
    Attributes string(int type, String value) {
        byte[] text = value.getBytes(StandardCharsets.UTF_8);
        return put(type, Arrays.copyOf(text, text.length + 1));
    }

    /** 4 bytes in network order, as nf_tables has its numbers. */
    Attributes number(int type, int value) {
        return put(type, ByteBuffer.allocate(4).putInt(value).array());
    }

    Attributes number64(int type, long value) {
        return put(type, ByteBuffer.allocate(8).putLong(value).array());
    }

    Attributes number16(int type, int value) {
        return put(type, ByteBuffer.allocate(2).putShort((short) value).array());
    }

    Attributes nest(int type, Consumer<Attributes> content) {
        int start = header(type | NESTED);
        content.accept(this);
        return close(start);
    }

    private int header(int type) {
        ensure(4);
        int start = size;
        ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).putShort(start + 2, (short) type);
        size += 4;
        return start;
    }

    private Attributes close(int start) {
        int length = size - start;
        if (length > 0xffff) {
            throw new IllegalStateException("an attribute cannot be " + length + " bytes long");
        }
        ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).putShort(start, (short) length);
        int padded = (size + 3) / 4 * 4;
        ensure(padded - size);
        size = padded;
        return this;
    }

    private void ensure(int more) {
        if (size + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, size + more));
        }
    }

    /** Hands each attribute's type and value to {@code visitor}; throws where the bytes are not whole attributes. */
    static void each(byte[] bytes, Visitor visitor) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        int at = 0;
        while (at + 4 <= bytes.length) {
            int length = buffer.getShort(at) & 0xffff;
            if (length < 4 || at + length > bytes.length) {
                throw new IllegalArgumentException("a netlink attribute of length " + length + " at byte " + at + " of " + bytes.length);
            }
            visitor.visit(buffer.getShort(at + 2) & TYPE, Arrays.copyOfRange(bytes, at + 4, at + length));
            at += (length + 3) / 4 * 4;
        }
    }

    interface Visitor {
        void visit(int type, byte[] value);
    }

    static Map<Integer, byte[]> read(byte[] bytes) {
        Map<Integer, byte[]> attributes = new LinkedHashMap<>();
        each(bytes, attributes::put);
        return attributes;
    }
}
