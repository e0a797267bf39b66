package io.canal.policy.reference;

import io.canal.model.Ip;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What matters of a node beside the tables.
 *
 * @param interfaces the addresses of each of its own interfaces
 * @param toHost what becomes of packets from a pod to its node that the pod's policies let go
 * @param guardedPorts UDP ports of overlays: pods may not send to them, whatever policies say
 * @param spoofing whether a pod may have further sources; where not, one that asks for some is cut off
 */
public record NodeView(
        String name,
        Map<String, Set<Ip>> interfaces,
        ToHost toHost,
        List<Failsafe> inbound,
        List<Failsafe> outbound,
        Set<Integer> guardedPorts,
        boolean spoofing) {

    /** DefaultEndpointToHostAction. */
    public enum ToHost {
        ACCEPT,
        DROP,
        /** The node's own rules decide; Calico's policies for the node do not. */
        RETURN
    }

    public NodeView {
        interfaces = Map.copyOf(interfaces);
        inbound = List.copyOf(inbound);
        outbound = List.copyOf(outbound);
        guardedPorts = Set.copyOf(guardedPorts);
    }

    /** A node with Felix's defaults, but for canal's ACCEPT. */
    public static NodeView of(String name, Map<String, Set<Ip>> interfaces) {
        return new NodeView(name, interfaces, ToHost.ACCEPT, Failsafe.INBOUND, Failsafe.OUTBOUND, Set.of(), false);
    }

    public NodeView with(ToHost action) {
        return new NodeView(name, interfaces, action, inbound, outbound, guardedPorts, spoofing);
    }
}
