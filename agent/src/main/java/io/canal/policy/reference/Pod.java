package io.canal.policy.reference;

import io.canal.model.calico.WorkloadEndpoint;
import io.canal.policy.Labelled;

/**
 * A pod's attachment.
 *
 * @param name the pod's name; outside Kubernetes the container's id
 * @param interfaceName on its node
 */
public record Pod(String namespace, String name, String node, String interfaceName, Labelled labelled) {

    public static Pod of(WorkloadEndpoint workload) {
        return new Pod(workload.resource().key().namespace(), workload.pod().isEmpty() ? workload.containerId() : workload.pod(), workload.node(),
                workload.interfaceName(), Labelled.of(workload));
    }

    /** Such as {@code default/web-0}. */
    public String title() {
        return namespace + "/" + name;
    }
}
