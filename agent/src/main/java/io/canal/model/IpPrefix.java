package io.canal.model;

import java.util.Optional;

/** An address together with the length of its network's prefix, such as {@code 10.1.49.1/24}. */
public record IpPrefix(Ip address, int length) implements Comparable<IpPrefix> {

    public IpPrefix {
        if (length < 0 || length > address.family().bits()) {
            throw new IllegalArgumentException("prefix length " + length + " is not within 0 to " + address.family().bits());
        }
    }

    /** Reads {@code address/length}; empty where the text is malformed. The length must be written. */
    public static Optional<IpPrefix> parse(String text) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            return Optional.empty();
        }
        return Ip.parse(text.substring(0, slash)).flatMap(address -> length(text.substring(slash + 1), address.family().bits())
                .map(length -> new IpPrefix(address, length)));
    }

    /** As {@link #parse}, for text that is known to be good. */
    public static IpPrefix of(String text) {
        return parse(text).orElseThrow(() -> new IllegalArgumentException("not an address with a prefix length: \"" + text + "\""));
    }

    /** The address as a host of its own: /32 or /128. */
    public static IpPrefix host(Ip address) {
        return new IpPrefix(address, address.family().bits());
    }

    /** The block that the address lies in. */
    public Cidr cidr() {
        return Cidr.containing(address, length);
    }

    @Override
    public int compareTo(IpPrefix other) {
        int byAddress = address.compareTo(other.address);
        return byAddress != 0 ? byAddress : Integer.compare(length, other.length);
    }

    @Override
    public String toString() {
        return address + "/" + length;
    }

    private static Optional<Integer> length(String text, int bits) {
        if (text.isEmpty() || text.length() > 3 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return Optional.empty();
        }
        int length = Integer.parseInt(text);
        return length <= bits ? Optional.of(length) : Optional.empty();
    }
}
