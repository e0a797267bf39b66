package io.canal.model;

import java.util.List;
import java.util.Map;

/**
 * A pod's attachment on this node, as far as packet rules are concerned.
 *
 * <p>The table of local endpoints is keyed by {@link #interfaceName}, and holds only attachments that may talk: one whose ADD has
 * not come through its rules yet, or was cut off by a crash, has no row, so that its interface is unknown to the dispatch and
 * dropped.
 *
 * @param interfaceName the host side's interface, such as {@code cali0d7763386da}
 * @param namespace the Calico namespace of the endpoint; {@code default} outside Kubernetes
 * @param name the name of the WorkloadEndpoint, such as {@code node--1-k8s-web--0-eth0}
 * @param workload the pod's name; outside Kubernetes the container's id
 * @param containerId the runtime's id of the container or sandbox
 * @param addresses the pod's addresses, at most one a family
 * @param mac the MAC of the pod's side
 * @param labels as on the WorkloadEndpoint
 * @param profiles names of Calico profiles, in order
 * @param ports the pod's named ports, and those with a host port
 */
public record LocalEndpoint(
        String interfaceName,
        String namespace,
        String name,
        String workload,
        String containerId,
        List<Ip> addresses,
        Mac mac,
        Map<String, String> labels,
        List<String> profiles,
        List<Port> ports) {

    public LocalEndpoint {
        addresses = List.copyOf(addresses);
        labels = Map.copyOf(labels);
        profiles = List.copyOf(profiles);
        ports = List.copyOf(ports);
    }

    /**
     * A port of a pod.
     *
     * @param name empty where the port has none
     * @param protocol {@code TCP}, {@code UDP}, {@code SCTP}, or a number
     * @param hostPort 0 where there is none
     * @param hostIp empty where the host port is open on all addresses
     */
    public record Port(String name, String protocol, int port, int hostPort, String hostIp) {}
}
