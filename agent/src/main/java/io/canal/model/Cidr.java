package io.canal.model;

import io.canal.model.Ip.Family;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A block of addresses: a base address whose bits after {@code length} are zero. Its text form is {@code base/length}.
 *
 * <p>An address with a prefix length, such as {@code 10.1.49.1/24}, is an {@link IpPrefix}; {@link IpPrefix#cidr()} is its block.
 */
public record Cidr(Ip base, int length) implements Comparable<Cidr> {

    public Cidr {
        if (length < 0 || length > base.family().bits()) {
            throw new IllegalArgumentException("prefix length " + length + " is not within 0 to " + base.family().bits());
        }
        if (length < base.family().bits() && !base.masked(length).equals(base)) {
            throw new IllegalArgumentException(base + "/" + length + " has bits after the prefix");
        }
    }

    /** The block of {@code length} that holds {@code address}. */
    public static Cidr containing(Ip address, int length) {
        return new Cidr(length == address.family().bits() ? address : address.masked(length), length);
    }

    /** Reads {@code base/length}; empty where the text is malformed or has bits after the prefix. */
    public static Optional<Cidr> parse(String text) {
        return IpPrefix.parse(text).filter(prefix -> prefix.address().equals(prefix.cidr().base())).map(IpPrefix::cidr);
    }

    /** As {@link #parse}, for text that is known to be good. */
    public static Cidr of(String text) {
        return parse(text).orElseThrow(() -> new IllegalArgumentException("not a CIDR: \"" + text + "\""));
    }

    public Family family() {
        return base.family();
    }

    public boolean isV4() {
        return base.isV4();
    }

    public boolean contains(Ip address) {
        return address.family() == family() && address.masked(length).equals(base);
    }

    public boolean contains(Cidr other) {
        return other.length >= length && contains(other.base);
    }

    public boolean overlaps(Cidr other) {
        return contains(other) || other.contains(this);
    }

    /** The address at {@code index} in the block, where 0 is the base. */
    public Ip at(long index) {
        Ip address = base.plus(index);
        if (!contains(address)) {
            throw new IndexOutOfBoundsException(index + " is outside " + this);
        }
        return address;
    }

    /** The highest address of the block. */
    public Ip last() {
        int hostBits = family().bits() - length;
        if (isV4()) {
            return new Ip(Family.V4, 0, base.low() | (hostBits == 0 ? 0 : (1L << hostBits) - 1));
        }
        long lowMask = hostBits >= 64 ? -1L : (1L << hostBits) - 1;
        long highMask = hostBits <= 64 ? 0 : hostBits == 128 ? -1L : (1L << (hostBits - 64)) - 1;
        return new Ip(Family.V6, base.high() | highMask, base.low() | lowMask);
    }

    // See Ip.
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Cidr that && length == that.length && base.equals(that.base);
    }

    @Override
    public int hashCode() {
        return base.hashCode() + length;
    }

    @Override
    public int compareTo(Cidr other) {
        int byBase = base.compareTo(other.base);
        return byBase != 0 ? byBase : Integer.compare(length, other.length);
    }

    @Override
    public String toString() {
        return base + "/" + length;
    }
}
