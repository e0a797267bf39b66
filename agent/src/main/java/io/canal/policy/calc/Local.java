package io.canal.policy.calc;

import io.canal.model.Cidr;
import io.canal.policy.EndpointId;
import io.canal.policy.EndpointPolicies;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** An endpoint of this node. */
final class Local {

    final ItemKey key;
    /** Where it is: one interface of a pod; for a host endpoint none or more. */
    final List<EndpointId> places;
    final Map<String, String> labels;
    final List<String> profiles;
    private final List<Cidr> spoofed;
    final Set<PolicyState> policies = new LinkedHashSet<>();

    Local(ItemKey key, List<? extends EndpointId> places, Map<String, String> labels, List<String> profiles, List<Cidr> spoofed) {
        this.key = key;
        this.places = List.copyOf(places);
        this.labels = labels;
        this.profiles = profiles;
        this.spoofed = spoofed;
    }

    /** What holds for it, at one of its places. */
    EndpointPolicies at(EndpointId place, TierOrder tiers) {
        return switch (place) {
            case EndpointId.Workload pod -> new EndpointPolicies.Workload(pod, tiers.normal(policies), profiles, spoofed);
            case EndpointId.Host host -> new EndpointPolicies.Host(host, tiers.normal(policies), tiers.forward(policies), tiers.untracked(policies),
                    tiers.preDnat(policies), profiles);
        };
    }

    /** Whether the other one is the same endpoint, whatever policies select it. */
    boolean isLike(Local other) {
        return places.equals(other.places) && labels.equals(other.labels) && profiles.equals(other.profiles) && spoofed.equals(other.spoofed);
    }
}
