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

    private static final boolean LITTLE = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
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
        int start = header(type);
        ensure(text.length + 1);
        System.arraycopy(text, 0, bytes, size, text.length);
        size += text.length;
        bytes[size++] = 0;
        return close(start);
    }

    /** 4 bytes in network order, as nf_tables has its numbers. */
    Attributes number(int type, int value) {
        int start = header(type);
        ensure(4);
        bytes[size++] = (byte) (value >>> 24);
        bytes[size++] = (byte) (value >>> 16);
        bytes[size++] = (byte) (value >>> 8);
        bytes[size++] = (byte) value;
        return close(start);
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
        half(start + 2, type);
        size += 4;
        return start;
    }

    private Attributes close(int start) {
        int length = size - start;
        if (length > 0xffff) {
            throw new IllegalStateException("an attribute cannot be " + length + " bytes long");
        }
        half(start, length);
        int padded = (size + 3) / 4 * 4;
        ensure(padded - size);
        size = padded;
        return this;
    }

    private void half(int at, int value) {
        bytes[at] = (byte) (LITTLE ? value : value >>> 8);
        bytes[at + 1] = (byte) (LITTLE ? value >>> 8 : value);
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
