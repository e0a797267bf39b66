package io.canal.policy.reference;

import io.canal.model.Decoded;
import io.canal.model.Problem;
import io.canal.model.calico.HostEndpoint;
import io.canal.model.calico.NetworkSet;
import io.canal.model.calico.Policy;
import io.canal.model.calico.Profile;
import io.canal.model.calico.Resource;
import io.canal.model.calico.Tier;
import io.canal.model.calico.WorkloadEndpoint;
import io.canal.policy.Labelled;
import io.canal.policy.ScopedPolicy;
import io.canal.policy.ScopedProfile;
import io.canal.policy.Scoping;
import io.canal.policy.StandInProfile;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** All that policy is made of, in the whole cluster. */
public record PolicyTables(
        List<Tier> tiers,
        List<ScopedPolicy> policies,
        List<ScopedProfile> profiles,
        List<Pod> pods,
        List<HostEndpoint> hosts,
        List<NetworkSet> sets) {

    public PolicyTables {
        tiers = List.copyOf(tiers);
        policies = List.copyOf(policies);
        profiles = List.copyOf(profiles);
        pods = List.copyOf(pods);
        hosts = List.copyOf(hosts);
        sets = List.copyOf(sets);
    }

    /**
     * Reads the resources that policy is made of, and passes over others. One that cannot be read is as if it were not there.
     *
     * @param problems takes what is wrong with those
     */
    public static PolicyTables of(Collection<Resource> resources, Consumer<Problem> problems) {
        List<Tier> tiers = new ArrayList<>();
        List<ScopedPolicy> policies = new ArrayList<>();
        List<ScopedProfile> profiles = new ArrayList<>();
        List<Pod> pods = new ArrayList<>();
        List<HostEndpoint> hosts = new ArrayList<>();
        List<NetworkSet> sets = new ArrayList<>();
        for (Resource resource : resources) {
            switch (resource.key().kind()) {
                case TIER -> take(Tier.of(resource), tiers, problems);
                case NETWORK_POLICY, GLOBAL_NETWORK_POLICY, STAGED_NETWORK_POLICY, STAGED_GLOBAL_NETWORK_POLICY ->
                    take(Policy.of(resource).then(Scoping::of), policies, problems);
                case PROFILE -> take(Profile.of(resource).then(Scoping::of), profiles, problems);
                case WORKLOAD_ENDPOINT -> take(WorkloadEndpoint.of(resource).map(Pod::of), pods, problems);
                case HOST_ENDPOINT -> take(HostEndpoint.of(resource), hosts, problems);
                case NETWORK_SET, GLOBAL_NETWORK_SET -> take(NetworkSet.of(resource), sets, problems);
                case BGP_CONFIGURATION, BGP_FILTER, BGP_PEER, BLOCK_AFFINITY, CALICO_NODE_STATUS, CLUSTER_INFORMATION, FELIX_CONFIGURATION, IPAM_CONFIG,
                        IPAM_CONFIGURATION, IP_POOL, IP_RESERVATION, KUBE_CONTROLLERS_CONFIGURATION, LIVE_MIGRATION, NODE,
                        STAGED_KUBERNETES_NETWORK_POLICY -> { }
            }
        }
        // An endpoint without an address is none.
        pods.removeIf(pod -> pod.labelled().nets().isEmpty());
        return new PolicyTables(tiers, policies, profiles, pods, hosts, sets);
    }

    /**
     * These with what stands in for profiles that pods name and that are not here.
     *
     * @param controllers whether Calico's controllers for Kubernetes have run in this cluster, which make those of namespaces and service accounts
     */
    public PolicyTables standingIn(boolean controllers) {
        Map<String, ScopedProfile> all = new LinkedHashMap<>();
        profiles.forEach(profile -> all.put(profile.name(), profile));
        for (Pod pod : pods) {
            for (String name : pod.labelled().profiles()) {
                if (!all.containsKey(name) && !(controllers && StandInProfile.ofKubernetes(name))) {
                    StandInProfile.of(name, pod.labelled().labels()).ifPresent(profile -> all.put(name, Scoping.of(profile).orThrow()));
                }
            }
        }
        return new PolicyTables(tiers, policies, List.copyOf(all.values()), pods, hosts, sets);
    }

    private static <T> void take(Decoded<T> read, List<T> rows, Consumer<Problem> problems) {
        switch (read) {
            case Decoded.Good<T>(T row) -> rows.add(row);
            case Decoded.Bad<T>(Problem problem) -> problems.accept(problem);
        }
    }

    /** All that selectors can select. */
    List<Labelled> labelled() {
        List<Labelled> all = new ArrayList<>();
        pods.forEach(pod -> all.add(pod.labelled()));
        hosts.forEach(host -> all.add(Labelled.of(host)));
        sets.forEach(set -> all.add(Labelled.of(set)));
        return all;
    }
}
