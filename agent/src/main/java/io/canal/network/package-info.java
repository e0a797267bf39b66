/**
 * What a node's part of the network should be: its tunnels, and for each other node the route, neighbour and forwarding entry.
 *
 * <p>Pure: from the network config, our own subnet, the uplink and the peers' leases to desired state, incrementally, without a
 * clock, I/O or history. Uses {@code model} only.
 */
@NullMarked
package io.canal.network;

import org.jspecify.annotations.NullMarked;
