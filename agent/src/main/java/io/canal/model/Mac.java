package io.canal.model;

import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** An Ethernet address, in the low 48 bits of {@code number}; its text form is lower case with colons. */
public record Mac(long number) implements Comparable<Mac> {

    public Mac {
        if (number >>> 48 != 0) {
            throw new IllegalArgumentException("a MAC address has 48 bits");
        }
    }

    /** Reads six hexadecimal octets with colons, upper or lower case; empty where the text is malformed. */
    public static Optional<Mac> parse(String text) {
        if (text.length() != 17) {
            return Optional.empty();
        }
        long number = 0;
        for (int i = 0; i < 17; i++) {
            char c = text.charAt(i);
            if (i % 3 == 2) {
                if (c != ':') {
                    return Optional.empty();
                }
            } else {
                int digit = c < 128 ? Character.digit(c, 16) : -1;
                if (digit < 0) {
                    return Optional.empty();
                }
                number = number << 4 | digit;
            }
        }
        return Optional.of(new Mac(number));
    }

    /** As {@link #parse}, for text that is known to be good. */
    public static Mac of(String text) {
        return parse(text).orElseThrow(() -> new IllegalArgumentException("not a MAC address: \"" + text + "\""));
    }

    public static Mac ofBytes(byte[] bytes) {
        if (bytes.length != 6) {
            throw new IllegalArgumentException("a MAC address has 6 bytes, not " + bytes.length);
        }
        long number = 0;
        for (byte b : bytes) {
            number = number << 8 | b & 255;
        }
        return new Mac(number);
    }

    /** A random unicast address of the locally administered range. */
    public static Mac random(RandomGenerator random) {
        return new Mac(random.nextLong() & 0xfeff_ffff_ffffL | 0x0200_0000_0000L);
    }

    /** Whether it can be the address of one station: neither a group's nor nobody's. */
    public boolean isUnicast() {
        return number != 0 && (number >>> 40 & 1) == 0;
    }

    public byte[] toBytes() {
        byte[] bytes = new byte[6];
        for (int i = 0; i < 6; i++) {
            bytes[i] = (byte) (number >>> (5 - i) * 8);
        }
        return bytes;
    }

    // See Ip.
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Mac that && number == that.number;
    }

    @Override
    public int hashCode() {
        return (int) (number * 0x9e37_79b9_7f4a_7c15L >>> 32);
    }

    @Override
    public int compareTo(Mac other) {
        return Long.compare(number, other.number);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(17);
        for (int i = 5; i >= 0; i--) {
            int octet = (int) (number >>> i * 8 & 255);
            text.append(Character.forDigit(octet >> 4, 16)).append(Character.forDigit(octet & 15, 16));
            if (i > 0) {
                text.append(':');
            }
        }
        return text.toString();
    }
}
