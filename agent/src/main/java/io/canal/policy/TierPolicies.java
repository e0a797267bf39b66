package io.canal.policy;

import java.util.List;

/**
 * The policies of one tier that select an endpoint, in order, staged ones among them. A tier is left out where it has none for the endpoint.
 *
 * @param passes whether a packet that no policy decided about goes on to the next tier; else it is dropped
 * @param ingress may be empty: then the tier says nothing about that direction
 */
public record TierPolicies(String tier, boolean passes, List<PolicyId> ingress, List<PolicyId> egress) {

    public TierPolicies {
        ingress = List.copyOf(ingress);
        egress = List.copyOf(egress);
    }
}
