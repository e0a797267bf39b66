package io.canal.policy.reference;

import io.canal.model.calico.Direction;
import io.canal.model.calico.RuleAction;
import io.canal.model.calico.Tier;
import io.canal.policy.Labelled;
import io.canal.policy.ScopedPolicy;
import io.canal.policy.ScopedProfile;
import io.canal.policy.ScopedRule;
import io.canal.policy.reference.Stage.Outcome;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The walk of a packet through the tiers and profiles of one endpoint. */
final class Walk {

    /** What the policies of a tier that nobody made end with. */
    private static final RuleAction WITHOUT_TIER = RuleAction.DENY;

    private final Population population;
    private final RuleMatch match;
    private final Map<String, ScopedProfile> profiles = new HashMap<>();

    /** The policies of each tier in order, tiers in order. */
    private final Map<Tier, List<ScopedPolicy>> tiers = new TreeMap<>(Comparator.comparing(Walk::isMade).reversed().thenComparing(Tier::order)
            .thenComparing(Tier::name));

    private final Map<Question, Map<Tier, List<ScopedPolicy>>> answers = new HashMap<>();

    Walk(PolicyTables tables, List<ScopedProfile> profiles, Population population) {
        this.population = population;
        this.match = new RuleMatch(population);
        profiles.forEach(profile -> this.profiles.put(profile.name(), profile));
        Map<String, Tier> made = new HashMap<>();
        tables.tiers().forEach(tier -> made.put(tier.name(), tier));
        for (ScopedPolicy policy : tables.policies()) {
            // What is only staged changes nothing.
            if (policy.staged().isEmpty()) {
                Tier tier = made.getOrDefault(policy.tier(), new Tier(policy.tier(), Double.NaN, WITHOUT_TIER));
                tiers.computeIfAbsent(tier, any -> new ArrayList<>()).add(policy);
            }
        }
        tiers.values().forEach(policies -> policies.sort(null));
    }

    /** A policy may name a tier that does not exist: it is behind all others then. */
    private static boolean isMade(Tier tier) {
        return !Double.isNaN(tier.order());
    }

    /** Which policies are asked, and how a tier ends. */
    enum Pass {
        /** All but those that see packets earlier. */
        NORMAL(policy -> !policy.preDnat() && !policy.doNotTrack(), true),
        FORWARD(policy -> !policy.preDnat() && !policy.doNotTrack() && policy.applyOnForward(), true),
        /** What is both, which no client writes, is untracked only, as in Felix. */
        PRE_DNAT(policy -> policy.preDnat() && !policy.doNotTrack(), false),
        UNTRACKED(ScopedPolicy::doNotTrack, false);

        private final Predicate<ScopedPolicy> asked;
        private final boolean tiersEnd;

        Pass(Predicate<ScopedPolicy> asked, boolean tiersEnd) {
            this.asked = asked;
            this.tiersEnd = tiersEnd;
        }
    }

    /** Whose policies of which kind. */
    private record Question(Labelled endpoint, Pass pass, Direction direction) {

        // One endpoint is asked about again and again: its labels need not be compared.
        @Override
        @SuppressWarnings("ReferenceEquality")
        public boolean equals(@Nullable Object other) {
            return other instanceof Question that && endpoint == that.endpoint && pass == that.pass && direction == that.direction;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(endpoint) * 31 + pass.ordinal() * 2 + direction.ordinal();
        }
    }

    /** The policies that select the endpoint, by tier; tiers without any are left out. */
    private Map<Tier, List<ScopedPolicy>> policies(Question question) {
        return answers.computeIfAbsent(question, asked -> {
            Map<Tier, List<ScopedPolicy>> selecting = new LinkedHashMap<>();
            tiers.forEach((tier, policies) -> {
                List<ScopedPolicy> some = policies.stream().filter(policy -> asked.pass.asked.test(policy) && policy.governs(asked.direction)
                        && population.selects(policy.selector(), asked.endpoint)).toList();
                if (!some.isEmpty()) {
                    selecting.put(tier, some);
                }
            });
            return selecting;
        });
    }

    boolean hasPolicies(Labelled endpoint, Pass pass, Direction direction) {
        return !policies(new Question(endpoint, pass, direction)).isEmpty();
    }

    /** Asks the policies of all tiers in order. */
    Outcome tiers(Labelled endpoint, Pass pass, Direction direction, Flow flow, List<Step> steps) {
        for (Map.Entry<Tier, List<ScopedPolicy>> entry : policies(new Question(endpoint, pass, direction)).entrySet()) {
            Tier tier = entry.getKey();
            RuleAction decision = decision(tier, entry.getValue(), direction, flow, steps);
            if (decision == null && pass.tiersEnd) {
                decision = tier.defaultAction();
                steps.add(new Step.EndOfTier(tier.name(), decision));
            }
            if (decision == RuleAction.ALLOW) {
                return Outcome.ALLOWED;
            }
            if (decision == RuleAction.DENY) {
                return Outcome.DENIED;
            }
        }
        return Outcome.UNDECIDED;
    }

    /** The first rule that decides; null where none does. */
    private @Nullable RuleAction decision(Tier tier, List<ScopedPolicy> policies, Direction direction, Flow flow, List<Step> steps) {
        for (ScopedPolicy policy : policies) {
            List<ScopedRule> rules = policy.rules(direction);
            for (int i = 0; i < rules.size(); i++) {
                if (match.matches(rules.get(i), flow)) {
                    RuleAction action = rules.get(i).action();
                    steps.add(new Step.PolicyRule(tier.name(), policy.id(), i, action));
                    if (action != RuleAction.LOG) {
                        return action;
                    }
                }
            }
            steps.add(new Step.PolicyWithoutMatch(tier.name(), policy.id()));
        }
        return null;
    }

    /** Asks the endpoint's profiles in order; what none of them allows is denied. */
    Outcome profiles(Labelled endpoint, Direction direction, Flow flow, List<Step> steps) {
        for (String name : endpoint.profiles()) {
            ScopedProfile profile = profiles.get(name);
            if (profile == null) {
                steps.add(new Step.MissingProfile(name));
                return Outcome.DENIED;
            }
            RuleAction decision = decision(profile, direction, flow, steps);
            if (decision == RuleAction.ALLOW) {
                return Outcome.ALLOWED;
            }
            if (decision == RuleAction.DENY) {
                return Outcome.DENIED;
            }
        }
        steps.add(new Step.NoProfile());
        return Outcome.DENIED;
    }

    private @Nullable RuleAction decision(ScopedProfile profile, Direction direction, Flow flow, List<Step> steps) {
        List<ScopedRule> rules = profile.rules(direction);
        for (int i = 0; i < rules.size(); i++) {
            if (match.matches(rules.get(i), flow)) {
                RuleAction action = rules.get(i).action();
                steps.add(new Step.ProfileRule(profile.name(), i, action));
                if (action != RuleAction.LOG) {
                    return action;
                }
            }
        }
        steps.add(new Step.ProfileWithoutMatch(profile.name()));
        return null;
    }
}
