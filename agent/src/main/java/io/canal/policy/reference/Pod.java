package io.canal.policy.reference;

import io.canal.model.Cidr;
import io.canal.model.IpPrefix;
import io.canal.model.calico.WorkloadEndpoint;
import io.canal.policy.Labelled;
import java.util.ArrayList;
import java.util.List;

/**
 * A pod's attachment.
 *
 * @param name the pod's name; outside Kubernetes the container's id
 * @param interfaceName on its node
 * @param spoofed sources that it asks for beside its own addresses
 */
public record Pod(String namespace, String name, String node, String interfaceName, Labelled labelled, List<Cidr> spoofed) {

    public Pod {
        spoofed = List.copyOf(spoofed);
    }

    /** One that asks for no sources but its own. */
    public Pod(String namespace, String name, String node, String interfaceName, Labelled labelled) {
        this(namespace, name, node, interfaceName, labelled, List.of());
    }

    public static Pod of(WorkloadEndpoint workload) {
        List<Cidr> spoofed = new ArrayList<>();
        workload.resource().spec().path("allowSpoofedSourcePrefixes").forEach(net -> IpPrefix.parse(net.asText()).map(IpPrefix::cidr).ifPresent(spoofed::add));
        return new Pod(workload.resource().key().namespace(), workload.pod().isEmpty() ? workload.containerId() : workload.pod(), workload.node(),
                workload.interfaceName(), Labelled.of(workload), spoofed);
    }

    /** Such as {@code default/web-0}. */
    public String title() {
        return namespace + "/" + name;
    }
}
