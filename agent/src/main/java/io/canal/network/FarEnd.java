package io.canal.network;

import io.canal.model.Ip.Family;
import io.canal.model.Mac;
import org.jspecify.annotations.Nullable;

/** The far end of a tunnel, as its forwarding table knows it: the tunnel's family, and the MAC of the other node's device. */
public record FarEnd(Family tunnel, Mac mac) {

    // See Ip.
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof FarEnd that && tunnel == that.tunnel && mac.equals(that.mac);
    }

    @Override
    public int hashCode() {
        return mac.hashCode() + tunnel.ordinal();
    }
}
