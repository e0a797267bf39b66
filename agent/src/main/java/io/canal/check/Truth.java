package io.canal.check;

import io.canal.model.Cidr;
import java.util.List;

/**
 * Which subnet this node ought to have, and by what that is known.
 *
 * @param subnets one a family; empty where nobody says
 * @param source in words, for the sentences: {@code the lease in etcd}
 */
record Truth(List<Cidr> subnets, String source) {

    Truth {
        subnets = List.copyOf(subnets);
    }

    boolean isKnown() {
        return !subnets.isEmpty();
    }

    /** The subnets as people write them. */
    String words() {
        return Words.of(subnets);
    }
}
