package io.canal.model.calico;

import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The kinds of resources that Calico keeps in etcd. */
public enum Kind {
    BGP_CONFIGURATION("BGPConfiguration", "bgpconfigurations", false),
    BGP_FILTER("BGPFilter", "bgpfilters", false),
    BGP_PEER("BGPPeer", "bgppeers", false),
    BLOCK_AFFINITY("BlockAffinity", "blockaffinities", false),
    CALICO_NODE_STATUS("CalicoNodeStatus", "caliconodestatuses", false),
    CLUSTER_INFORMATION("ClusterInformation", "clusterinformations", false),
    FELIX_CONFIGURATION("FelixConfiguration", "felixconfigurations", false),
    GLOBAL_NETWORK_POLICY("GlobalNetworkPolicy", "globalnetworkpolicies", false),
    GLOBAL_NETWORK_SET("GlobalNetworkSet", "globalnetworksets", false),
    HOST_ENDPOINT("HostEndpoint", "hostendpoints", false),
    IPAM_CONFIG("IPAMConfig", "ipamconfigs", false),
    IPAM_CONFIGURATION("IPAMConfiguration", "ipamconfigurations", false),
    IP_POOL("IPPool", "ippools", false),
    IP_RESERVATION("IPReservation", "ipreservations", false),
    KUBE_CONTROLLERS_CONFIGURATION("KubeControllersConfiguration", "kubecontrollersconfigurations", false),
    LIVE_MIGRATION("LiveMigration", "livemigrations", true),
    NETWORK_POLICY("NetworkPolicy", "networkpolicies", true),
    NETWORK_SET("NetworkSet", "networksets", true),
    NODE("Node", "nodes", false),
    PROFILE("Profile", "profiles", false),
    STAGED_GLOBAL_NETWORK_POLICY("StagedGlobalNetworkPolicy", "stagedglobalnetworkpolicies", false),
    STAGED_KUBERNETES_NETWORK_POLICY("StagedKubernetesNetworkPolicy", "stagedkubernetesnetworkpolicies", true),
    STAGED_NETWORK_POLICY("StagedNetworkPolicy", "stagednetworkpolicies", true),
    TIER("Tier", "tiers", false),
    WORKLOAD_ENDPOINT("WorkloadEndpoint", "workloadendpoints", true);

    private static final Map<String, Kind> BY_PLURAL = Stream.of(values()).collect(Collectors.toMap(Kind::plural, Function.identity()));

    private final String title;
    private final String plural;
    private final boolean namespaced;

    Kind(String title, String plural, boolean namespaced) {
        this.title = title;
        this.plural = plural;
        this.namespaced = namespaced;
    }

    /** The kind's name in a value, such as {@code IPPool}. */
    public String title() {
        return title;
    }

    /** The kind's name in a key, such as {@code ippools}. */
    public String plural() {
        return plural;
    }

    /** Whether resources of this kind live in namespaces. */
    public boolean namespaced() {
        return namespaced;
    }

    static Optional<Kind> ofPlural(String plural) {
        return Optional.ofNullable(BY_PLURAL.get(plural));
    }
}
