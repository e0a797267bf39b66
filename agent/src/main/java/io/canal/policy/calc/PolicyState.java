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
    private Set<Local> endpoints = Set.of();

    PolicyState(PolicyId id, Policy policy, Selector selector) {
        this.id = id;
        this.policy = policy;
        this.selector = selector;
    }

    boolean isNeeded() {
        return policy.neededEverywhere() || selects();
    }

    /** Whether there is an endpoint here that it selects. */
    boolean selects() {
        return !endpoints.isEmpty();
    }

    Iterable<Local> endpoints() {
        return endpoints;
    }

    void add(Local local) {
        // Most policies select none here, and most others one: they hold nothing that grows for it.
        if (endpoints.isEmpty()) {
            endpoints = Set.of(local);
        } else if (!endpoints.contains(local)) {
            if (endpoints.size() == 1) {
                endpoints = new LinkedHashSet<>(endpoints);
            }
            endpoints.add(local);
        }
    }

    void remove(Local local) {
        if (endpoints.size() > 1) {
            endpoints.remove(local);
        } else if (endpoints.contains(local)) {
            endpoints = Set.of();
        }
    }
}
