package io.canal.policy;

import java.util.List;

/** A profile that at least one endpoint of this node has. One that does not exist denies everything: it is one rule that says so, each way. */
public record ActiveProfile(String name, List<ResolvedRule> ingress, List<ResolvedRule> egress) {

    public ActiveProfile {
        ingress = List.copyOf(ingress);
        egress = List.copyOf(egress);
    }
}
