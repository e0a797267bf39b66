package io.canal.ruleset.nft;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;

/** Bytes as the kernel has them, compared by content. */
public final class Bytes implements Comparable<Bytes> {

    private final byte[] bytes;

    private Bytes(byte[] bytes) {
        this.bytes = bytes;
    }

    /** A copy of {@code bytes}. */
    public static Bytes of(byte... bytes) {
        return new Bytes(bytes.clone());
    }

    /** 4 bytes in the machine's order, as the kernel keeps marks and conntrack states in registers. */
    public static Bytes nativeInt(int value) {
        return new Bytes(ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(value).array());
    }

    /** 2 bytes in network order, as ports are. */
    public static Bytes port(int value) {
        return of((byte) (value >>> 8), (byte) value);
    }

    /** An interface's name, filled up with NUL to IFNAMSIZ. */
    public static Bytes interfaceName(String name) {
        return new Bytes(Arrays.copyOf(name.getBytes(java.nio.charset.StandardCharsets.US_ASCII), 16));
    }

    /** As unsigned numbers, from the first on. */
    @Override
    public int compareTo(Bytes other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    public int length() {
        return bytes.length;
    }

    public byte[] toArray() {
        return bytes.clone();
    }

    public int at(int index) {
        return bytes[index] & 255;
    }

    public Bytes first(int count) {
        return new Bytes(Arrays.copyOf(bytes, count));
    }

    /** These bytes, then {@code more}, each part filled up with zeros to whole 4 bytes, as keys of several fields are. */
    public Bytes field(Bytes more) {
        int start = (bytes.length + 3) / 4 * 4;
        byte[] joined = Arrays.copyOf(bytes, start + (more.bytes.length + 3) / 4 * 4);
        System.arraycopy(more.bytes, 0, joined, start, more.bytes.length);
        return new Bytes(joined);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bytes that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return HexFormat.of().formatHex(bytes);
    }
}
