package io.canal.model;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An IPv4 or IPv6 address.
 *
 * <p>An IPv4 address is held in the low 32 bits of {@code low}. Addresses order by family (IPv4 first) and then as unsigned
 * numbers. The text form is dotted quad, or the canonical IPv6 form of RFC 5952.
 */
public record Ip(Family family, long high, long low) implements Comparable<Ip> {

    /** The two address families. */
    public enum Family {
        V4(32),
        V6(128);

        private final int bits;

        Family(int bits) {
            this.bits = bits;
        }

        /** The number of bits in an address. */
        public int bits() {
            return bits;
        }
    }

    public Ip {
        if (family == Family.V4 && (high != 0 || low >>> 32 != 0)) {
            throw new IllegalArgumentException("an IPv4 address has 32 bits");
        }
    }

    /** Reads a dotted quad or an IPv6 text form without zone; empty where the text is neither. */
    public static Optional<Ip> parse(String text) {
        return text.indexOf(':') >= 0 ? parseV6(text) : parseV4(text);
    }

    /** As {@link #parse}, for text that is known to be good. */
    public static Ip of(String text) {
        return parse(text).orElseThrow(() -> new IllegalArgumentException("not an IP address: \"" + text + "\""));
    }

    /** Reads 4 or 16 bytes in network order. */
    public static Ip ofBytes(byte[] bytes) {
        return switch (bytes.length) {
            case 4 -> new Ip(Family.V4, 0, number(bytes, 0, 4));
            case 16 -> new Ip(Family.V6, number(bytes, 0, 8), number(bytes, 8, 8));
            default -> throw new IllegalArgumentException("an address has 4 or 16 bytes, not " + bytes.length);
        };
    }

    /** The address as 4 or 16 bytes in network order. */
    public byte[] toBytes() {
        byte[] bytes = new byte[family.bits() / 8];
        for (int i = 0; i < bytes.length; i++) {
            int fromEnd = bytes.length - 1 - i;
            long word = fromEnd < 8 ? low : high;
            bytes[i] = (byte) (word >>> (fromEnd % 8 * 8));
        }
        return bytes;
    }

    public boolean isV4() {
        return family == Family.V4;
    }

    public boolean isV6() {
        return family == Family.V6;
    }

    /** Whether packets can be sent to it as to one other host: neither unspecified, loopback, a group's nor everybody's. */
    public boolean isOfHost() {
        if (isV4()) {
            long first = low >>> 24;
            return first != 0 && first != 127 && (first < 224 || first >= 240 && low != 0xffff_ffffL);
        }
        return (high != 0 || low != 0 && low != 1) && high >>> 56 != 0xff;
    }

    /** The address {@code count} after this one (before it, where negative), within the family's numbers. */
    public Ip plus(long count) {
        if (isV4()) {
            long sum = low + count;
            if (sum < 0 || sum >>> 32 != 0) {
                throw new ArithmeticException(this + " + " + count + " leaves the IPv4 numbers");
            }
            return new Ip(family, 0, sum);
        }
        long sum = low + count;
        long carry = count >= 0 ? (Long.compareUnsigned(sum, low) < 0 ? 1 : 0) : (Long.compareUnsigned(sum, low) > 0 ? -1 : 0);
        return new Ip(family, high + carry, sum);
    }

    /** This address with all bits after the first {@code length} cleared. */
    public Ip masked(int length) {
        if (isV4()) {
            return new Ip(family, 0, length == 0 ? 0 : low & (-1L << (32 - length)));
        }
        long highMask = length >= 64 ? -1L : length == 0 ? 0 : -1L << (64 - length);
        long lowMask = length <= 64 ? 0 : length == 128 ? -1L : -1L << (128 - length);
        return new Ip(family, high & highMask, low & lowMask);
    }

    // A record's own equals and hashCode go through method handles, which a cold JVM pays for dearly; addresses are the keys of
    // nearly all tables. The multiplication spreads blocks, whose low bits are all zero.
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Ip that && low == that.low && high == that.high && family == that.family;
    }

    @Override
    public int hashCode() {
        return (int) ((low + 31 * high) * 0x9e37_79b9_7f4a_7c15L >>> 32);
    }

    @Override
    public int compareTo(Ip other) {
        int byFamily = family.compareTo(other.family);
        if (byFamily != 0) {
            return byFamily;
        }
        int byHigh = Long.compareUnsigned(high, other.high);
        return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
    }

    @Override
    public String toString() {
        return isV4()
                ? (low >>> 24) + "." + (low >>> 16 & 255) + "." + (low >>> 8 & 255) + "." + (low & 255)
                : canonicalV6();
    }

    private static long number(byte[] bytes, int from, int count) {
        long number = 0;
        for (int i = from; i < from + count; i++) {
            number = number << 8 | bytes[i] & 255;
        }
        return number;
    }

    private static Optional<Ip> parseV4(String text) {
        long number = 0;
        int octets = 0;
        int octet = -1;
        for (int i = 0; i <= text.length(); i++) {
            char c = i == text.length() ? '.' : text.charAt(i);
            if (c == '.') {
                if (octet < 0 || ++octets > 4) {
                    return Optional.empty();
                }
                number = number << 8 | octet;
                octet = -1;
            } else if (c >= '0' && c <= '9' && octet != 0) {
                // A leading zero is refused: some parsers read it as octal.
                octet = (octet < 0 ? 0 : octet * 10) + (c - '0');
                if (octet > 255) {
                    return Optional.empty();
                }
            } else {
                return Optional.empty();
            }
        }
        return octets == 4 ? Optional.of(new Ip(Family.V4, 0, number)) : Optional.empty();
    }

    private static Optional<Ip> parseV6(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c != ':' && c != '.' && Character.digit(c, 16) < 0) {
                return Optional.empty();
            }
        }
        try {
            byte[] bytes = InetAddress.ofLiteral(text).getAddress();
            if (bytes.length == 4) {
                // The JDK folds ::ffff:a.b.c.d into IPv4; the family that was written is kept here.
                return Optional.of(new Ip(Family.V6, 0, 0xffff_0000_0000L | number(bytes, 0, 4)));
            }
            return Optional.of(ofBytes(bytes));
        } catch (IllegalArgumentException notAnAddress) {
            return Optional.empty();
        }
    }

    private String canonicalV6() {
        int[] groups = new int[8];
        for (int i = 0; i < 8; i++) {
            long word = i < 4 ? high : low;
            groups[i] = (int) (word >>> (3 - i % 4) * 16 & 0xffff);
        }
        int bestStart = -1;
        int bestLength = 1;
        for (int i = 0; i < 8; i++) {
            int end = i;
            while (end < 8 && groups[end] == 0) {
                end++;
            }
            if (end - i > bestLength) {
                bestStart = i;
                bestLength = end - i;
            }
            i = Math.max(i, end - 1);
        }
        StringBuilder text = new StringBuilder(39);
        for (int i = 0; i < 8; i++) {
            if (i == bestStart) {
                text.append("::");
                i += bestLength - 1;
                continue;
            }
            if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
                text.append(':');
            }
            text.append(Integer.toHexString(groups[i]));
        }
        return text.toString();
    }

    /** The address as the JDK's type. */
    public InetAddress toInetAddress() {
        try {
            return InetAddress.getByAddress(toBytes());
        } catch (UnknownHostException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
