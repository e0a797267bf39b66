package io.canal.policy;

import io.canal.model.calico.Direction;
import io.canal.model.calico.Policy.StagedAction;
import io.canal.policy.selector.Selector;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A policy with its selectors read.
 *
 * @param order positive infinity where the policy has none
 * @param selector selects endpoints, namespaces and service accounts considered
 * @param types the directions that the policy governs; it has no rules in others
 */
public record ScopedPolicy(
        PolicyId id,
        String tier,
        double order,
        Selector selector,
        Set<Direction> types,
        List<ScopedRule> ingress,
        List<ScopedRule> egress,
        boolean preDnat,
        boolean doNotTrack,
        boolean applyOnForward,
        Optional<StagedAction> staged,
        boolean neededEverywhere) implements Comparable<ScopedPolicy> {

    public ScopedPolicy {
        types = Set.copyOf(types);
        ingress = List.copyOf(ingress);
        egress = List.copyOf(egress);
    }

    public boolean governs(Direction direction) {
        return types.contains(direction);
    }

    public List<ScopedRule> rules(Direction direction) {
        return switch (direction) {
            case INGRESS -> ingress;
            case EGRESS -> egress;
        };
    }

    /** The order within a tier. */
    @Override
    public int compareTo(ScopedPolicy other) {
        int byOrder = Double.compare(order, other.order);
        return byOrder != 0 ? byOrder : id.compareTo(other.id);
    }
}
