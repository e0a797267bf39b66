package io.canal.policy.calc;

import io.canal.model.calico.Direction;
import io.canal.model.calico.Policy;
import io.canal.model.calico.RuleAction;
import io.canal.model.calico.Tier;
import io.canal.policy.PolicyId;
import io.canal.policy.TierPolicies;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/** The tiers, and the order in which an endpoint's policies are asked. */
final class TierOrder {

    /**
     * A tier's place: known ones first, by order and name; a policy that names an unknown tier is enforced nevertheless, last, and
     * what it does not decide about is dropped.
     */
    private record Place(boolean unknown, double order, String name) implements Comparable<Place> {

        private static final Comparator<Place> ORDER =
                Comparator.comparing(Place::unknown).thenComparingDouble(Place::order).thenComparing(Place::name);

        @Override
        public int compareTo(Place other) {
            return ORDER.compare(this, other);
        }
    }

    private final Map<String, Tier> tiers = new HashMap<>();

    /** Whether it is new or another than before. */
    boolean put(Tier tier) {
        return !tier.equals(tiers.put(tier.name(), tier));
    }

    /** Whether it was there. */
    boolean remove(String name) {
        return tiers.remove(name) != null;
    }

    /** Policies of pods, and of what a host itself sends and gets. */
    List<TierPolicies> normal(Collection<PolicyState> policies) {
        return sorted(policies, policy -> !policy.doNotTrack() && !policy.preDnat());
    }

    List<TierPolicies> forward(Collection<PolicyState> policies) {
        return sorted(policies, policy -> !policy.doNotTrack() && !policy.preDnat() && policy.applyOnForward());
    }

    List<TierPolicies> untracked(Collection<PolicyState> policies) {
        return sorted(policies, Policy::doNotTrack);
    }

    List<TierPolicies> preDnat(Collection<PolicyState> policies) {
        return sorted(policies, policy -> policy.preDnat() && !policy.doNotTrack()).stream()
                .filter(tier -> !tier.ingress().isEmpty())
                .map(tier -> new TierPolicies(tier.tier(), tier.passes(), tier.ingress(), List.of()))
                .toList();
    }

    private List<TierPolicies> sorted(Collection<PolicyState> policies, Predicate<Policy> which) {
        SortedMap<Place, List<PolicyState>> byTier = new TreeMap<>();
        for (PolicyState state : policies) {
            if (which.test(state.policy)) {
                byTier.computeIfAbsent(place(state.policy.tier()), _ -> new ArrayList<>()).add(state);
            }
        }
        List<TierPolicies> sorted = new ArrayList<>(byTier.size());
        byTier.forEach((place, states) -> {
            states.sort(PolicyState.ORDER);
            boolean passes = Optional.ofNullable(tiers.get(place.name())).filter(tier -> tier.defaultAction() == RuleAction.PASS).isPresent();
            sorted.add(new TierPolicies(place.name(), passes, governing(states, Direction.INGRESS), governing(states, Direction.EGRESS)));
        });
        return sorted;
    }

    private static List<PolicyId> governing(List<PolicyState> states, Direction direction) {
        return states.stream().filter(state -> state.policy.governs(direction)).map(state -> state.id).toList();
    }

    private Place place(String name) {
        Tier tier = tiers.get(name);
        return new Place(tier == null, tier == null ? Double.POSITIVE_INFINITY : tier.order(), name);
    }
}
