package io.canal.network;

import io.canal.model.Cidr;
import io.canal.model.SubnetKey;
import java.util.Comparator;
import java.util.Optional;

/** By the IPv4 block and then the IPv6 block, as numbers; a key without a family comes after those with it. */
enum PeerOrder implements Comparator<SubnetKey> {
    INSTANCE;

    @Override
    public int compare(SubnetKey a, SubnetKey b) {
        int byV4 = compare(a.v4(), b.v4());
        return byV4 != 0 ? byV4 : compare(a.v6(), b.v6());
    }

    private static int compare(Optional<Cidr> a, Optional<Cidr> b) {
        if (a.isPresent() && b.isPresent()) {
            return a.get().compareTo(b.get());
        }
        return Boolean.compare(a.isEmpty(), b.isEmpty());
    }
}
