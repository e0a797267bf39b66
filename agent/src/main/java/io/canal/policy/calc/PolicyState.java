package io.canal.policy.calc;

import io.canal.model.calico.Policy;
import io.canal.policy.PolicyId;
import io.canal.policy.selector.Selector;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.Set;

/** A policy of the cluster, and the endpoints of this node that it selects. */
final class PolicyState {

    /** Within a tier. */
    static final Comparator<PolicyState> ORDER = Comparator.<PolicyState>comparingDouble(state -> state.policy.order()).thenComparing(state -> state.id);

    final PolicyId id;
    /** As it is now; while only its rules change, it stays this state of the same endpoints. */
    Policy policy;
    final Selector selector;
    final Set<Local> endpoints = new LinkedHashSet<>();

    PolicyState(PolicyId id, Policy policy, Selector selector) {
        this.id = id;
        this.policy = policy;
        this.selector = selector;
    }

    boolean isNeeded() {
        return policy.neededEverywhere() || !endpoints.isEmpty();
    }
}
