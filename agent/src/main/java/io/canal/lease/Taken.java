package io.canal.lease;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.SubnetRange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/** The blocks of one family that are taken, seen through the subnets of a range: which of these are free? */
final class Taken {

    /** As flannel: one of the first hundred that are free, by chance, so that nodes that ask at once seldom meet. */
    private static final int CANDIDATES = 100;

    private final SubnetRange range;
    private final Set<Cidr> subnets = new HashSet<>();
    private final List<Cidr> wider = new ArrayList<>();

    Taken(SubnetRange range, Collection<Cidr> taken) {
        this.range = range;
        for (Cidr block : taken) {
            if (block.family() != range.network().family()) {
                continue;
            }
            if (block.length() < range.subnetLength()) {
                wider.add(block);
            } else {
                subnets.add(Cidr.containing(block.base(), range.subnetLength()));
            }
        }
    }

    boolean isFree(Cidr subnet) {
        return !subnets.contains(subnet) && wider.stream().noneMatch(block -> block.overlaps(subnet));
    }

    /** A free subnet by chance; empty where there is none. */
    Optional<Cidr> free(RandomGenerator random) {
        List<Cidr> candidates = new ArrayList<>();
        Ip base = range.min();
        while (candidates.size() < CANDIDATES) {
            Cidr subnet = new Cidr(base, range.subnetLength());
            if (isFree(subnet)) {
                candidates.add(subnet);
            }
            if (base.equals(range.max())) {
                break;
            }
            base = next(subnet);
        }
        return candidates.isEmpty() ? Optional.empty() : Optional.of(candidates.get(random.nextInt(candidates.size())));
    }

    /** The next subnet; a wider block that is taken is passed in one step, if the range goes on behind it. */
    private Ip next(Cidr subnet) {
        for (Cidr block : wider) {
            if (block.contains(subnet)) {
                Ip last = block.last().masked(range.subnetLength());
                return last.compareTo(range.max()) >= 0 ? range.max() : range.after(last);
            }
        }
        return range.after(subnet.base());
    }
}
