package io.canal.ipam;

import io.canal.model.Decoded;
import io.canal.model.Ip;
import java.util.List;
import java.util.stream.Collectors;

/** Ranges of one family, of which a pod gets one address. */
public record RangeSet(List<AddressRange> ranges) {

    public RangeSet {
        ranges = List.copyOf(ranges);
        if (ranges.isEmpty()) {
            throw new IllegalArgumentException("a range set cannot be empty");
        }
    }

    /** Checks that the ranges go together. */
    public static Decoded<RangeSet> of(List<AddressRange> ranges) {
        for (int i = 0; i < ranges.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (ranges.get(i).subnet().family() != ranges.get(j).subnet().family()) {
                    return Decoded.bad("ipam", "ranges", ranges.get(i).subnet().toString(), "a subnet of the same family as " + ranges.get(j).subnet());
                }
                if (ranges.get(i).overlaps(ranges.get(j))) {
                    return Decoded.bad("ipam", "ranges", ranges.get(i).toString(), "a range that does not overlap " + ranges.get(j));
                }
            }
        }
        return Decoded.good(new RangeSet(ranges));
    }

    public boolean contains(Ip address) {
        return ranges.stream().anyMatch(range -> range.contains(address));
    }

    /** Whether both have an address in common. */
    public boolean overlaps(RangeSet other) {
        return ranges.stream().anyMatch(ours -> other.ranges.stream().anyMatch(theirs -> ours.subnet().family() == theirs.subnet().family() && ours.overlaps(theirs)));
    }

    boolean isGateway(Ip address) {
        return ranges.stream().anyMatch(range -> range.gateway().equals(address));
    }

    @Override
    public String toString() {
        return ranges.stream().map(AddressRange::toString).collect(Collectors.joining(","));
    }
}
