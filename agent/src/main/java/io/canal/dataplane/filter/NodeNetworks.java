package io.canal.dataplane.filter;

import io.canal.ruleset.tenants.PodNetwork;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * The networks that this node's rules are about.
 *
 * @param networks one for each network and family: the configured ones first, then each that still has a lease
 * @param overlayPorts the UDP ports of VXLAN that are configured; at start the last known one
 * @param masquerade whether pods' packets to the outside leave with the node's address
 */
public record NodeNetworks(List<PodNetwork> networks, SortedSet<Integer> overlayPorts, boolean masquerade) {

    public NodeNetworks {
        networks = List.copyOf(networks);
        overlayPorts = new TreeSet<>(overlayPorts);
    }
}
