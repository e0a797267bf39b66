package io.canal.kernel.netlink;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * The attributes of a received message, or those nested in one.
 *
 * <p>The readers of a value throw {@link NoSuchElementException} where the attribute is absent or too short; ask {@link #has}
 * first, or use the readers that take a substitute. Of several attributes with one type these readers give the first.
 */
public final class Attributes {

    private static final int TYPE_MASK = 0x3fff;

    private final ByteBuffer bytes;
    private int[] types = new int[16];
    private int[] starts = new int[16];
    private int[] lengths = new int[16];
    private int count;

    private Attributes(ByteBuffer bytes, int from, int to) {
        this.bytes = bytes;
        int at = from;
        while (at + 4 <= to) {
            int length = bytes.getShort(at) & 0xffff;
            if (length < 4 || at + length > to) {
                break;
            }
            add(bytes.getShort(at + 2) & TYPE_MASK, at + 4, length - 4);
            at += NetlinkMessage.aligned(length);
        }
    }

    static Attributes in(ByteBuffer bytes, int from, int to) {
        return new Attributes(bytes, from, to);
    }

    /** Reads attributes from bytes that came from elsewhere than a socket. */
    public static Attributes of(byte[] bytes) {
        return new Attributes(ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()), 0, bytes.length);
    }

    public boolean has(int type) {
        return find(type) >= 0;
    }

    public int u8(int type) {
        return bytes.get(start(type, 1)) & 0xff;
    }

    public int u16(int type) {
        return bytes.getShort(start(type, 2)) & 0xffff;
    }

    public int be16(int type) {
        int at = start(type, 2);
        return (bytes.get(at) & 0xff) << 8 | bytes.get(at + 1) & 0xff;
    }

    public int u32(int type) {
        return bytes.getInt(start(type, 4));
    }

    public int u32(int type, int substitute) {
        return has(type) ? u32(type) : substitute;
    }

    public int u8(int type, int substitute) {
        return has(type) ? u8(type) : substitute;
    }

    public int be32(int type) {
        int at = start(type, 4);
        return be16At(at) << 16 | be16At(at + 2);
    }

    public int be32(int type, int substitute) {
        return has(type) ? be32(type) : substitute;
    }

    public long u64(int type) {
        return bytes.getLong(start(type, 8));
    }

    public long be64(int type) {
        int at = start(type, 8);
        return (long) (be16At(at) << 16 | be16At(at + 2)) << 32 | (be16At(at + 4) << 16 | be16At(at + 6)) & 0xffff_ffffL;
    }

    /** The text up to the zero that ends it, or to the attribute's end. */
    public String string(int type) {
        return string(bytes(type));
    }

    public String string(int type, String substitute) {
        return has(type) ? string(type) : substitute;
    }

    public byte[] bytes(int type) {
        int index = find(type);
        if (index < 0) {
            throw missing(type);
        }
        return bytesAt(index);
    }

    /** The attributes within this one; none where it is absent. */
    public Attributes nested(int type) {
        int index = find(type);
        return index < 0 ? new Attributes(bytes, 0, 0) : new Attributes(bytes, starts[index], starts[index] + lengths[index]);
    }

    /** The attributes within each of the attributes of this type, in order. */
    public List<Attributes> eachNested(int type) {
        List<Attributes> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (types[i] == type) {
                all.add(new Attributes(bytes, starts[i], starts[i] + lengths[i]));
            }
        }
        return all;
    }

    /** The number of attributes, for a walk over all by position. */
    public int count() {
        return count;
    }

    /** The type of the attribute at this position. */
    public int typeAt(int index) {
        return types[index];
    }

    /** The value of the attribute at this position. */
    public byte[] bytesAt(int index) {
        byte[] value = new byte[lengths[index]];
        bytes.get(starts[index], value);
        return value;
    }

    static String string(byte[] value) {
        int end = 0;
        while (end < value.length && value[end] != 0) {
            end++;
        }
        return new String(value, 0, end, StandardCharsets.UTF_8);
    }

    private int be16At(int at) {
        return (bytes.get(at) & 0xff) << 8 | bytes.get(at + 1) & 0xff;
    }

    private int find(int type) {
        for (int i = 0; i < count; i++) {
            if (types[i] == type) {
                return i;
            }
        }
        return -1;
    }

    private int start(int type, int length) {
        int index = find(type);
        if (index < 0 || lengths[index] < length) {
            throw missing(type);
        }
        return starts[index];
    }

    private static NoSuchElementException missing(int type) {
        return new NoSuchElementException("the message has no attribute " + type + " of the expected length");
    }

    private void add(int type, int start, int length) {
        if (count == types.length) {
            types = Arrays.copyOf(types, count * 2);
            starts = Arrays.copyOf(starts, count * 2);
            lengths = Arrays.copyOf(lengths, count * 2);
        }
        types[count] = type;
        starts[count] = start;
        lengths[count++] = length;
    }
}
