package io.canal.policy;

import java.util.List;

/**
 * A policy that at least one endpoint of this node is selected by. A staged one has no rules; its id says that it is one.
 *
 * @param selector the canonical text of the whole, scoped selector: policies beside each other with the same one may be grouped
 */
public record ActivePolicy(PolicyId id, String tier, String selector, List<ResolvedRule> ingress, List<ResolvedRule> egress) {

    public ActivePolicy {
        ingress = List.copyOf(ingress);
        egress = List.copyOf(egress);
    }
}
