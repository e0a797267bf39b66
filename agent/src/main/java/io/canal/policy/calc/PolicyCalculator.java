package io.canal.policy.calc;

import io.canal.model.Ip;
import io.canal.model.calico.HostEndpoint;
import io.canal.model.calico.Kind;
import io.canal.model.calico.NetworkSet;
import io.canal.model.calico.Policy;
import io.canal.model.calico.Profile;
import io.canal.model.calico.ResourceKey;
import io.canal.model.calico.Tier;
import io.canal.policy.EndpointId;
import io.canal.policy.Labelled;
import io.canal.policy.PolicyId;
import io.canal.policy.PolicyOutput;
import io.canal.policy.selector.Selector;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What holds on one node, from the cluster's policies, profiles, tiers, endpoints and network sets; fed change by change.
 *
 * <p>Whoever feeds it says what is and what is gone, in any order and as often as he likes, and then calls {@link #flush}, which tells
 * the difference to the last time. Not thread-safe.
 */
public final class PolicyCalculator {

    /** So that labels which are all different do not take the room that equal ones spare. */
    private static final int MOST = 4_096;

    private final Map<ItemKey, Given> given = new HashMap<>();
    private final Map<String, Profile> profiles = new HashMap<>();
    /** What inherits labels of a profile, whether the profile is there or not. */
    private final Map<String, Set<ItemKey>> heirs = new HashMap<>();
    private final AddressSets sets = new AddressSets();
    private final LocalPolicies local = new LocalPolicies(sets, profiles::get);
    private final HostInterfaces interfaces;
    /** What many things have together that are put between two flushes: labels, and the profiles that add to them. */
    private final Map<Inheritance, Map<String, String>> inherited = new HashMap<>();

    /** @param node this node's name, which its host endpoints name */
    public PolicyCalculator(String node) {
        this.interfaces = new HostInterfaces(node);
        profiles.put(Profile.ALLOW_ALL, Profile.allowAll());
    }

    /**
     * Something with labels, as it was given.
     *
     * @param place says where it is
     */
    private record Given(Labelled thing, Place place) {}

    private sealed interface Place {

        /** A pod of this node. */
        record Pod(Workload workload) implements Place {}

        record Host(HostEndpoint endpoint) implements Place {}

        /** Not on this node: a pod of another one, or a network set. There are many, so that they share one place. */
        record Elsewhere() implements Place {}

        Place ELSEWHERE = new Elsewhere();
    }

    /** The endpoint of a pod is so. One without addresses counts as absent. */
    public void put(ResourceKey key, Workload workload) {
        put(ItemKey.of(key), workload.labelled().nets().isEmpty() ? null : new Given(workload.labelled(), workload.isHere() ? new Place.Pod(workload) : Place.ELSEWHERE));
    }

    public void put(NetworkSet set) {
        put(ItemKey.of(set.key()), new Given(Labelled.of(set), Place.ELSEWHERE));
    }

    public void put(HostEndpoint endpoint) {
        Set<String> moved = interfaces.put(endpoint);
        put(host(endpoint.name()), new Given(Labelled.of(endpoint), new Place.Host(endpoint)));
        moved.forEach(name -> refresh(host(name)));
    }

    public void put(Profile profile) {
        if (!profile.name().equals(Profile.ALLOW_ALL)) {
            profile(profile.name(), profile);
        }
    }

    public void put(Tier tier) {
        local.put(tier);
    }

    /**
     * A policy. One that is staged is told without rules, in its place in the order.
     *
     * @param selector what {@link io.canal.policy.Scoping} reads of it: the policy is good as a whole
     */
    public void put(Policy policy, Selector selector) {
        local.put(new PolicyState(id(policy.key()), policy, selector));
    }

    /** There is no such object any more. */
    public void remove(ResourceKey key) {
        switch (key.kind()) {
            case NETWORK_POLICY, GLOBAL_NETWORK_POLICY, STAGED_NETWORK_POLICY, STAGED_GLOBAL_NETWORK_POLICY -> local.removePolicy(id(key));
            case TIER -> local.removeTier(key.name());
            case PROFILE -> profile(key.name(), null);
            case HOST_ENDPOINT -> {
                Set<String> moved = interfaces.remove(key.name());
                put(host(key.name()), null);
                moved.forEach(name -> refresh(host(name)));
            }
            default -> put(ItemKey.of(key), null);
        }
    }

    /** The node's interfaces that are no pods', with their addresses. */
    public void interfaces(Map<String, Set<Ip>> now) {
        interfaces.interfaces(now).forEach(name -> refresh(host(name)));
    }

    /** This node goes by another name now. */
    public void node(String name) {
        interfaces.node(name);
        List.copyOf(given.keySet()).stream().filter(key -> key.kind() == Kind.HOST_ENDPOINT).forEach(this::refresh);
    }

    /** Whether an endpoint or network set has this profile, be there such a profile or not. */
    public boolean isNamed(String profile) {
        return heirs.containsKey(profile);
    }

    /** Tells what has changed since the last time. */
    public void flush(PolicyOutput output) {
        inherited.clear();
        local.flush(output);
    }

    /** How much there is, for metrics. */
    public Counts counts() {
        return new Counts(local.endpointCount(), local.policyCount(), local.activeCount(), sets.size(), sets.itemCount());
    }

    /**
     * How much there is.
     *
     * @param localEndpoints on this node
     * @param policies in the cluster
     * @param activePolicies in force on this node
     * @param sets in use
     * @param labelled endpoints and network sets of the cluster
     */
    public record Counts(int localEndpoints, int policies, int activePolicies, int sets, int labelled) {}

    private static PolicyId id(ResourceKey key) {
        return new PolicyId(key.kind(), key.namespace(), key.name());
    }

    private static ItemKey host(String name) {
        return new ItemKey(Kind.HOST_ENDPOINT, "", name);
    }

    private void put(ItemKey key, @Nullable Given now) {
        Given before = now == null ? given.remove(key) : given.put(key, now);
        if (now == null ? before == null : now.equals(before)) {
            return;
        }
        if (before != null) {
            before.thing.profiles().forEach(profile -> heirs.computeIfPresent(profile, (_, keys) -> keys.remove(key) && keys.isEmpty() ? null : keys));
        }
        if (now != null) {
            now.thing.profiles().forEach(profile -> heirs.computeIfAbsent(profile, _ -> new LinkedHashSet<>()).add(key));
        }
        refresh(key);
    }

    private void profile(String name, @Nullable Profile now) {
        if (name.equals(Profile.ALLOW_ALL)) {
            return;
        }
        Profile before = now == null ? profiles.remove(name) : profiles.put(name, now);
        if (now == null ? before == null : now.equals(before)) {
            return;
        }
        inherited.clear();
        local.profileChanged(name);
        Map<String, String> labelsBefore = before == null ? Map.of() : before.labelsToApply();
        Map<String, String> labelsNow = now == null ? Map.of() : now.labelsToApply();
        if (!labelsBefore.equals(labelsNow)) {
            List.copyOf(heirs.getOrDefault(name, Set.of())).forEach(this::refresh);
        }
    }

    /** Its labels or place may be others now. */
    private void refresh(ItemKey key) {
        Given now = given.get(key);
        if (now == null) {
            sets.remove(key);
            local.remove(key);
            return;
        }
        Map<String, String> labels = effective(now.thing);
        sets.put(new Item(key, labels, now.thing));
        if (now.place instanceof Place.Pod(Workload pod)) {
            local.put(new Local(key, List.of(new EndpointId.Workload(pod.interfaceName())), labels, now.thing.profiles(), pod.spoofed()));
        } else if (now.place instanceof Place.Host(HostEndpoint host) && interfaces.isHere(host)) {
            local.put(new Local(key, interfaces.places(host.name()), labels, now.thing.profiles(), List.of()));
        } else {
            local.remove(key);
        }
    }

    private record Inheritance(Map<String, String> labels, List<String> profiles) {

        @Override
        public boolean equals(Object other) {
            return other instanceof Inheritance that && labels.equals(that.labels) && profiles.equals(that.profiles);
        }

        /** Of equal labels that are not one object each may be asked for once. */
        @Override
        public int hashCode() {
            return System.identityHashCode(labels) * 31 + System.identityHashCode(profiles);
        }
    }

    private Map<String, String> effective(Labelled thing) {
        if (thing.profiles().isEmpty()) {
            return thing.labels();
        }
        Inheritance what = new Inheritance(thing.labels(), thing.profiles());
        Map<String, String> known = inherited.get(what);
        if (known == null) {
            known = inheriting(thing);
            if (inherited.size() < MOST) {
                inherited.put(what, known);
            }
        }
        return known;
    }

    /** Its own labels over those of its profiles, of which the first that has a label gives it. */
    private Map<String, String> inheriting(Labelled thing) {
        Map<String, String> all = new HashMap<>();
        for (String name : thing.profiles().reversed()) {
            Profile profile = profiles.get(name);
            if (profile != null) {
                all.putAll(profile.labelsToApply());
            }
        }
        all.putAll(thing.labels());
        return all.size() == thing.labels().size() ? thing.labels() : Map.copyOf(all);
    }
}
