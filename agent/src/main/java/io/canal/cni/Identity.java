package io.canal.cni;

import io.canal.model.calico.EndpointNames;
import io.canal.model.calico.Kind;
import io.canal.model.calico.ResourceKey;
import io.canal.model.calico.WorkloadEndpoint;
import io.canal.model.cni.CniError;
import io.canal.model.cni.CniRefused;
import io.canal.model.cni.CniRequest;
import io.canal.model.cni.PluginConfig;
import java.util.List;

/**
 * Who a pod is to Calico: in Kubernetes by namespace and name, elsewhere by the container's id.
 *
 * @param workload the pod's name; empty outside Kubernetes
 * @param serviceAccount empty where there is none
 */
record Identity(String orchestrator, String namespace, String workload, String endpointName, String hostInterface, String serviceAccount, List<String> profiles) {

    private static final String DEFAULT_NAMESPACE = "default";
    private static final String DEFAULT_SERVICE_ACCOUNT = "default";

    static Identity of(CniRequest request, PluginConfig config, String node) throws CniRefused {
        var pod = request.pod();
        String orchestrator = pod.isPresent() ? "k8s" : "cni";
        String workload = pod.map(CniRequest.Pod::name).orElse(request.containerId());
        String name = EndpointNames.workloadEndpoint(node, orchestrator, workload, request.interfaceInPod()).orElseThrow(() -> new CniRefused(
                CniError.INVALID_ENVIRONMENT, "node \"" + node + "\", workload \"" + workload + "\" and interface \"" + request.interfaceInPod()
                        + "\" make no endpoint's name: none of them may begin or end with a dash"));
        if (pod.isEmpty()) {
            return new Identity(orchestrator, DEFAULT_NAMESPACE, "", name, EndpointNames.containerInterface(request.containerId()), "", List.of(config.name()));
        }
        String namespace = pod.get().namespace();
        boolean policy = config.kubernetesPolicy();
        String serviceAccount = policy ? config.labels().getOrDefault(WorkloadEndpoint.SERVICE_ACCOUNT_LABEL, DEFAULT_SERVICE_ACCOUNT) : "";
        return new Identity(orchestrator, namespace, workload, name, EndpointNames.podInterface(namespace, workload), serviceAccount,
                policy ? List.of("kns." + namespace, "ksa." + namespace + "." + serviceAccount) : List.of(config.name()));
    }

    /** Whether the network's own profile is what it has. */
    boolean isOfNetwork(String network) {
        return profiles.contains(network);
    }

    ResourceKey key() {
        return new ResourceKey(Kind.WORKLOAD_ENDPOINT, namespace, endpointName);
    }

    /** The interface for a pod's further interfaces: Calico's name belongs to the first. */
    Identity withFurtherInterface(String interfaceInPod) {
        String further = workload.isEmpty()
                ? EndpointNames.podInterface(endpointName, interfaceInPod)
                : EndpointNames.podInterface(namespace, workload + "." + interfaceInPod);
        return new Identity(orchestrator, namespace, workload, endpointName, further, serviceAccount, profiles);
    }
}
