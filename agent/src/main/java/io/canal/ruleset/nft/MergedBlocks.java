package io.canal.ruleset.nft;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/** The blocks of a set, and the fewest intervals that hold them: a change costs what the interval costs in which it is, and no more. */
public final class MergedBlocks {

    private final NavigableSet<Cidr> blocks = new TreeSet<>();
    /** By its first address. */
    private final TreeMap<Ip, Interval> intervals = new TreeMap<>();

    /** The intervals that are no more, and those in their place. */
    public record Change(List<Interval> gone, List<Interval> come) {

        private static final Change NONE = new Change(List.of(), List.of());
    }

    /** Takes the first blocks, all together. */
    public List<Interval> addFirst(Collection<Cidr> all) {
        if (!blocks.isEmpty()) {
            throw new IllegalStateException("there are blocks");
        }
        blocks.addAll(all);
        List<Interval> come = Intervals.merge(blocks);
        come.forEach(each -> intervals.put(each.first(), each));
        return come;
    }

    public Change add(Cidr block) {
        if (!blocks.add(block)) {
            return Change.NONE;
        }
        List<Interval> touched = new ArrayList<>();
        Map.Entry<Ip, Interval> before = intervals.floorEntry(block.base());
        if (before != null && before.getValue().end().map(end -> end.compareTo(block.base()) >= 0).orElse(true)) {
            touched.add(before.getValue());
        }
        Optional<Ip> end = Intervals.next(block.last());
        touched.addAll((end.isPresent() ? intervals.subMap(block.base(), false, end.get(), true) : intervals.tailMap(block.base(), false)).values());
        Interval joined = new Interval(block.base(), end);
        for (Interval each : touched) {
            joined = new Interval(each.first().compareTo(joined.first()) < 0 ? each.first() : joined.first(), later(each.end(), joined.end()));
        }
        return replace(touched, List.of(joined));
    }

    public Change remove(Cidr block) {
        if (!blocks.remove(block)) {
            return Change.NONE;
        }
        Interval around = Objects.requireNonNull(intervals.floorEntry(block.base()), "no interval holds the block").getValue();
        return replace(List.of(around), Intervals.merge(within(around)));
    }

    private Collection<Cidr> within(Interval interval) {
        NavigableSet<Cidr> from = blocks.tailSet(widest(interval.first()), true);
        return interval.end().isPresent() ? from.headSet(widest(interval.end().get()), false) : from;
    }

    /** The first in order of all blocks with this base. */
    private static Cidr widest(Ip base) {
        int zeros = base.low() != 0 || base.isV4() ? Math.min(Long.numberOfTrailingZeros(base.low()), base.family().bits()) : 64 + Long.numberOfTrailingZeros(base.high());
        return new Cidr(base, Math.max(0, base.family().bits() - zeros));
    }

    private static Optional<Ip> later(Optional<Ip> a, Optional<Ip> b) {
        return a.isEmpty() || b.isEmpty() ? Optional.empty() : a.get().compareTo(b.get()) > 0 ? a : b;
    }

    private Change replace(List<Interval> gone, List<Interval> come) {
        List<Interval> left = gone.stream().filter(each -> !come.contains(each)).toList();
        List<Interval> fresh = come.stream().filter(each -> !gone.contains(each)).toList();
        left.forEach(each -> intervals.remove(each.first()));
        fresh.forEach(each -> intervals.put(each.first(), each));
        return new Change(left, fresh);
    }
}
