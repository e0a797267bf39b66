package io.canal.network;

import io.canal.model.Ip;

/** Where packets to a subnet go next. */
public sealed interface Hop {

    /**
     * Into the tunnel of the subnet's family.
     *
     * @param gateway the address whose neighbour entry names the far end: the base of the subnet
     */
    record Tunnelled(Ip gateway) implements Hop {}

    /** To a node behind the uplink, without encapsulation. */
    record Direct(Ip gateway) implements Hop {}

    /** Nowhere: an address of our own subnet that no pod has must not leave the node by the default route. */
    record Blackhole() implements Hop {}
}
