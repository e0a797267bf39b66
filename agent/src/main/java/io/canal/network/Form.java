package io.canal.network;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Mac;
import io.canal.model.Problem;

/** How a peer's subnet of one family is reached, by what its lease says. */
sealed interface Form {

    /** Through our tunnel to the far end with this MAC, at this underlay address. */
    record Through(Cidr subnet, Mac mac, Ip remote) implements Form {}

    /** As a gateway behind our uplink. */
    record Gateway(Cidr subnet, Ip remote) implements Form {}

    /** Not at all. */
    record Unreachable(Problem problem) implements Form {}
}
