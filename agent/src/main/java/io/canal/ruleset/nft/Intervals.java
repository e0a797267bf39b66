package io.canal.ruleset.nft;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.ruleset.PortRange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;

/** Overlapping and adjoining blocks as the fewest intervals; the kernel refuses overlapping ones. */
final class Intervals {

    private Intervals() {}

    static List<Interval> merge(Collection<Cidr> blocks) {
        List<Interval> merged = new ArrayList<>();
        Ip first = null;
        Ip last = null;
        for (Cidr block : blocks instanceof NavigableSet<Cidr> sorted ? sorted : blocks.stream().sorted().toList()) {
            if (first == null || last == null) {
                first = block.base();
                last = block.last();
            } else if (block.base().compareTo(last) <= 0 || next(last).filter(block.base()::equals).isPresent()) {
                last = block.last().compareTo(last) > 0 ? block.last() : last;
            } else {
                merged.add(new Interval(first, next(last)));
                first = block.base();
                last = block.last();
            }
        }
        if (first != null && last != null) {
            merged.add(new Interval(first, next(last)));
        }
        return merged;
    }

    static List<PortRange> mergePorts(List<PortRange> ranges) {
        List<PortRange> merged = new ArrayList<>();
        for (PortRange range : ranges.stream().sorted().toList()) {
            PortRange before = merged.isEmpty() ? null : merged.getLast();
            if (before != null && range.first() <= before.last() + 1) {
                merged.set(merged.size() - 1, new PortRange(before.first(), Math.max(before.last(), range.last())));
            } else {
                merged.add(range);
            }
        }
        return merged;
    }

    static Optional<Ip> next(Ip address) {
        boolean isLast = address.isV4() ? address.low() == 0xffff_ffffL : address.high() == -1 && address.low() == -1;
        return isLast ? Optional.empty() : Optional.of(address.plus(1));
    }
}
