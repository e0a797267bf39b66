package io.canal.ipam;

import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.model.Problem;
import java.util.Optional;

/**
 * A run of addresses in one subnet.
 *
 * @param start first address that may be given
 * @param end last address that may be given
 * @param gateway never given; it may lie outside
 */
public record AddressRange(Cidr subnet, Ip start, Ip end, Ip gateway) {

    private static final String WHERE = "ipam";

    /** Fills in what is left out, as host-local does: all addresses but the first (the gateway) and a v4 broadcast address. */
    public static Decoded<AddressRange> of(Cidr subnet, Optional<Ip> start, Optional<Ip> end, Optional<Ip> gateway) {
        int bits = subnet.family().bits();
        if (subnet.length() > bits - 2) {
            return Decoded.bad(WHERE, "subnet", subnet.toString(), "a subnet of /" + (bits - 2) + " or larger, to have addresses to give");
        }
        Ip first = subnet.at(1);
        Ip last = subnet.isV4() ? subnet.last().plus(-1) : subnet.last();
        AddressRange range = new AddressRange(subnet, start.orElse(first), end.orElse(last), gateway.orElse(first));
        if (!subnet.contains(range.start)) {
            return Decoded.bad(outside("rangeStart", range.start, subnet));
        }
        if (!subnet.contains(range.end)) {
            return Decoded.bad(outside("rangeEnd", range.end, subnet));
        }
        if (range.start.compareTo(range.end) > 0) {
            return Decoded.bad(WHERE, "rangeStart", range.start.toString(), "an address not after rangeEnd " + range.end);
        }
        return Decoded.good(range);
    }

    boolean contains(Ip address) {
        return address.family() == subnet.family() && address.compareTo(start) >= 0 && address.compareTo(end) <= 0;
    }

    boolean overlaps(AddressRange other) {
        return contains(other.start) || contains(other.end) || other.contains(start);
    }

    @Override
    public String toString() {
        return start + "-" + end;
    }

    private static Problem outside(String field, Ip found, Cidr subnet) {
        return new Problem(WHERE, field, found.toString(), "an address in " + subnet);
    }
}
