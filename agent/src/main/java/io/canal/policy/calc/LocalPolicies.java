package io.canal.policy.calc;

import io.canal.model.calico.PolicyRule;
import io.canal.model.calico.Profile;
import io.canal.model.calico.RuleAction;
import io.canal.model.calico.Tier;
import io.canal.policy.ActivePolicy;
import io.canal.policy.ActiveProfile;
import io.canal.policy.EndpointId;
import io.canal.policy.PolicyId;
import io.canal.policy.PolicyOutput;
import io.canal.policy.ScopedPolicy;
import io.canal.policy.ScopedProfile;
import io.canal.policy.ScopedRule;
import io.canal.policy.Scoping;
import io.canal.policy.selector.Selector;
import io.canal.policy.selector.Selectors;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The endpoints of this node, the policies that select them, and whose rules are therefore in force. */
final class LocalPolicies {

    /** From so many policies on several threads read them. */
    private static final int MANY = 256;
    /** More than threads, so that one that has to wait does not hold up the others. */
    private static final int PARTS = 4;

    private final AddressSets sets;
    private final Function<String, @Nullable Profile> profiles;
    private final TierOrder tiers = new TierOrder();
    private final Map<ItemKey, Local> locals = new HashMap<>();
    private final LabelIndex<Local> localIndex = new LabelIndex<>();
    private final Map<PolicyId, PolicyState> policies = new HashMap<>();
    private final SelectorIndex<PolicyState> policyIndex = new SelectorIndex<>();
    private final Map<PolicyId, Active> activePolicies = new HashMap<>();
    private final Map<String, Active> activeProfiles = new HashMap<>();
    private final Map<String, Integer> profileUses = new HashMap<>();
    private final Set<PolicyId> dirtyPolicies = new LinkedHashSet<>();
    private final Set<String> dirtyProfiles = new LinkedHashSet<>();
    private final Set<ItemKey> dirtyLocals = new LinkedHashSet<>();
    private final Set<EndpointId> dirtyPlaces = new LinkedHashSet<>();
    /** Who is at a place; of several the first. */
    private final Map<EndpointId, SortedSet<ItemKey>> atPlace = new HashMap<>();
    private final Set<EndpointId> told = new HashSet<>();
    /** What selectors ask of labels that came since the last flush: policies of one namespace mostly have one selector. */
    private final Map<Selector, List<Requirement>> asked = new IdentityHashMap<>();

    /** @param profiles those that there are */
    LocalPolicies(AddressSets sets, Function<String, @Nullable Profile> profiles) {
        this.sets = sets;
        this.profiles = profiles;
    }

    void put(Local now) {
        Local before = locals.get(now.key);
        if (before != null && before.isLike(now)) {
            return;
        }
        if (before != null) {
            withdraw(before);
        }
        locals.put(now.key, now);
        localIndex.add(now, now.labels);
        now.places.forEach(place -> atPlace.computeIfAbsent(place, _ -> new TreeSet<>()).add(now.key));
        now.profiles.forEach(this::useProfile);
        policyIndex.candidates(now.labels, state -> select(state, now));
        dirtyLocals.add(now.key);
    }

    void remove(ItemKey key) {
        Local before = locals.remove(key);
        if (before != null) {
            withdraw(before);
        }
    }

    private void withdraw(Local local) {
        localIndex.remove(local, local.labels);
        local.profiles.forEach(this::releaseProfile);
        for (EndpointId place : local.places) {
            dirtyPlaces.add(place);
            atPlace.computeIfPresent(place, (_, keys) -> keys.remove(local.key) && keys.isEmpty() ? null : keys);
        }
        for (PolicyState state : local.policies) {
            state.remove(local);
            if (!state.selects()) {
                dirtyPolicies.add(state.id);
            }
        }
    }

    void put(Tier tier) {
        if (tiers.put(tier)) {
            dirtyLocals.addAll(locals.keySet());
        }
    }

    void removeTier(String name) {
        if (tiers.remove(name)) {
            dirtyLocals.addAll(locals.keySet());
        }
    }

    void put(PolicyState now) {
        PolicyState before = policies.get(now.id);
        if (before != null && before.policy.differsInRulesOnly(now.policy)) {
            if (!before.policy.equals(now.policy)) {
                before.policy = now.policy;
                dirtyPolicies.add(now.id);
            }
            return;
        }
        if (before != null) {
            forget(before);
        }
        policies.put(now.id, now);
        List<Requirement> requirements = asked.computeIfAbsent(now.selector, Requirement::of);
        policyIndex.add(now, requirements);
        localIndex.candidates(requirements).forEach(local -> select(now, local));
        dirtyPolicies.add(now.id);
    }

    void removePolicy(PolicyId id) {
        PolicyState before = policies.remove(id);
        if (before != null) {
            forget(before);
        }
    }

    private void forget(PolicyState state) {
        policyIndex.remove(state);
        dirtyPolicies.add(state.id);
        for (Local local : state.endpoints()) {
            local.policies.remove(state);
            dirtyLocals.add(local.key);
        }
    }

    private void select(PolicyState state, Local local) {
        if (state.selector.matches(local.labels)) {
            local.policies.add(state);
            if (!state.selects()) {
                dirtyPolicies.add(state.id);
            }
            state.add(local);
            dirtyLocals.add(local.key);
        }
    }

    /** The profile's labels or rules are others, or it is there or gone. */
    void profileChanged(String name) {
        if (profileUses.containsKey(name)) {
            dirtyProfiles.add(name);
        }
    }

    private void useProfile(String name) {
        if (profileUses.merge(name, 1, Integer::sum) == 1) {
            dirtyProfiles.add(name);
        }
    }

    private void releaseProfile(String name) {
        if (profileUses.merge(name, -1, (uses, less) -> uses + less == 0 ? null : uses + less) == null) {
            dirtyProfiles.add(name);
        }
    }

    void flush(PolicyOutput output) {
        asked.clear();
        List<PolicyId> policiesGone = new ArrayList<>();
        List<String> profilesGone = new ArrayList<>();
        Set<Active> changed = new LinkedHashSet<>();
        Map<PolicyId, Scoped> scoped = scoped();
        dirtyPolicies.forEach(id -> policyRules(id, scoped, changed, policiesGone));
        dirtyProfiles.forEach(name -> profileRules(name, changed, profilesGone));
        changed.addAll(sets.renamed());
        Runnable setsLater = sets.tell(output);
        tell(List.copyOf(changed), output);
        for (ItemKey key : dirtyLocals) {
            Local local = locals.get(key);
            if (local != null) {
                dirtyPlaces.addAll(local.places);
            }
        }
        List<EndpointId> endpointsGone = tellEndpoints(output);
        endpointsGone.forEach(output::endpointGone);
        profilesGone.forEach(output::profileGone);
        policiesGone.forEach(output::policyGone);
        setsLater.run();
        dirtyPolicies.clear();
        dirtyProfiles.clear();
        dirtyLocals.clear();
        dirtyPlaces.clear();
    }

    /** A policy's rules. */
    private record Scoped(PolicyId id, List<RuleResolver> ingress, List<RuleResolver> egress) {

        static Scoped of(PolicyState state, Selectors selectors) {
            ScopedPolicy policy = Scoping.of(state.policy, selectors).orThrow();
            boolean enforced = policy.staged().isEmpty();
            return new Scoped(policy.id(), enforced ? resolvers(policy.ingress()) : List.of(), enforced ? resolvers(policy.egress()) : List.of());
        }
    }

    /** The policies that are in force are read once more: they are few, and the rest would hold much memory. */
    private Map<PolicyId, Scoped> scoped() {
        List<PolicyState> needed = dirtyPolicies.stream().map(policies::get).filter(state -> state != null && state.isNeeded()).toList();
        Map<PolicyId, Scoped> scoped = new HashMap<>();
        inParts(needed, part -> {
            Selectors selectors = new Selectors();
            return part.stream().map(state -> Scoped.of(state, selectors)).toList();
        }).forEach(policy -> scoped.put(policy.id, policy));
        return scoped;
    }

    /** What {@code work} makes of all, in order; of many several threads do a part each. It changes nothing. */
    private static <A, B> List<B> inParts(List<A> all, Function<List<A>, List<B>> work) {
        if (all.size() < MANY) {
            return work.apply(all);
        }
        int size = (all.size() + PARTS - 1) / PARTS;
        return IntStream.range(0, PARTS).parallel().mapToObj(part -> work.apply(all.subList(Math.min(all.size(), part * size), Math.min(all.size(), (part + 1) * size))))
                .toList().stream().flatMap(List::stream).toList();
    }

    private void policyRules(PolicyId id, Map<PolicyId, Scoped> all, Set<Active> changed, List<PolicyId> gone) {
        Scoped scoped = all.get(id);
        if (scoped != null) {
            Active active = activePolicies.computeIfAbsent(id, _ -> new Active(new Active.Owner.OfPolicy(id)));
            active.rules(scoped.ingress, scoped.egress, sets);
            changed.add(active);
        } else {
            Active active = activePolicies.remove(id);
            if (active != null) {
                active.end(sets);
                gone.add(id);
            }
        }
    }

    private void profileRules(String name, Set<Active> changed, List<String> gone) {
        if (profileUses.containsKey(name)) {
            Active active = activeProfiles.computeIfAbsent(name, _ -> new Active(new Active.Owner.OfProfile(name)));
            ScopedProfile scoped = scoped(name);
            active.rules(resolvers(scoped.ingress()), resolvers(scoped.egress()), sets);
            changed.add(active);
        } else {
            Active active = activeProfiles.remove(name);
            if (active != null) {
                active.end(sets);
                gone.add(name);
            }
        }
    }

    private ScopedProfile scoped(String name) {
        Profile profile = profiles.apply(name);
        if (profile == null) {
            // One that is not there lets nothing through, and nothing behind it in the list is asked.
            List<PolicyRule> deny = List.of(PolicyRule.all(RuleAction.DENY));
            profile = new Profile(name, Collections.emptySortedMap(), deny, deny, List.of());
        }
        return Scoping.of(profile).orThrow();
    }

    private static List<RuleResolver> resolvers(List<ScopedRule> rules) {
        List<RuleResolver> resolvers = new ArrayList<>(rules.size());
        for (ScopedRule rule : rules) {
            resolvers.add(RuleResolver.of(rule));
        }
        return resolvers;
    }

    private void tell(List<Active> changed, PolicyOutput output) {
        inParts(changed, part -> part.stream().map(this::telling).toList()).forEach(telling -> telling.accept(output));
    }

    /** What there is to tell of these rules; changes nothing. */
    private Consumer<PolicyOutput> telling(Active active) {
        return switch (active.owner) {
            case Active.Owner.OfPolicy(PolicyId id) -> {
                PolicyState state = policies.get(id);
                if (state == null) {
                    yield _ -> { };
                }
                ActivePolicy policy = new ActivePolicy(id, state.policy.tier(), state.selector.canonical(), active.ingress(sets), active.egress(sets));
                yield output -> output.policy(policy);
            }
            case Active.Owner.OfProfile(String name) -> {
                ActiveProfile profile = new ActiveProfile(name, active.ingress(sets), active.egress(sets));
                yield output -> output.profile(profile);
            }
        };
    }

    private List<EndpointId> tellEndpoints(PolicyOutput output) {
        List<EndpointId> gone = new ArrayList<>();
        for (EndpointId place : dirtyPlaces) {
            SortedSet<ItemKey> keys = atPlace.get(place);
            Local local = keys == null ? null : locals.get(keys.first());
            if (local != null) {
                told.add(place);
                output.endpoint(local.at(place, tiers));
            } else if (told.remove(place)) {
                gone.add(place);
            }
        }
        return gone;
    }

    int endpointCount() {
        return locals.size();
    }

    int policyCount() {
        return policies.size();
    }

    int activeCount() {
        return activePolicies.size();
    }
}
