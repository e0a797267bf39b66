package io.canal.dataplane.link;

import io.canal.model.Mac;

/** How it stands with a tunnel of this node. */
public sealed interface TunnelState {

    String name();

    /**
     * It is there and up.
     *
     * @param index the kernel's number for it
     * @param mac as it really is: what our lease must say
     */
    record Ready(String name, int index, Mac mac, int mtu) implements TunnelState {}

    /** It cannot be: the sentence says why, and what to do. */
    record Refused(String name, String sentence) implements TunnelState {}
}
