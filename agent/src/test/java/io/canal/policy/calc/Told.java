package io.canal.policy.calc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Ip.Family;
import io.canal.policy.ActivePolicy;
import io.canal.policy.ActiveProfile;
import io.canal.policy.AddressSet;
import io.canal.policy.EndpointId;
import io.canal.policy.EndpointPolicies;
import io.canal.policy.PolicyId;
import io.canal.policy.PolicyOutput;
import io.canal.policy.ResolvedRule;
import io.canal.policy.TierPolicies;
import io.canal.ruleset.Member;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** What the calculation has told; a call that does not fit to what was told before fails the test. */
final class Told implements PolicyOutput {

    final Map<AddressSet, Set<Member>> sets = new HashMap<>();
    final Map<PolicyId, ActivePolicy> policies = new HashMap<>();
    final Map<String, ActiveProfile> profiles = new HashMap<>();
    final Map<EndpointId, EndpointPolicies> endpoints = new HashMap<>();
    int calls;
    int membersMoved;

    @Override
    public void set(AddressSet set) {
        calls++;
        assertEquals(null, sets.put(set, new HashSet<>()), () -> "told twice that " + set + " is new");
    }

    @Override
    public void join(AddressSet set, Collection<Member> members) {
        calls++;
        membersMoved += members.size();
        members.forEach(member -> {
            assertTrue(set.of(member.net().family()).takes(member), () -> set + " cannot hold " + member);
            assertTrue(known(set).add(member), () -> member + " is in " + set + " already");
        });
    }

    @Override
    public void leave(AddressSet set, Collection<Member> members) {
        calls++;
        membersMoved += members.size();
        members.forEach(member -> assertTrue(known(set).remove(member), () -> member + " is not in " + set));
    }

    @Override
    public void policy(ActivePolicy policy) {
        calls++;
        uses(policy.ingress());
        uses(policy.egress());
        policies.put(policy.id(), policy);
    }

    @Override
    public void profile(ActiveProfile profile) {
        calls++;
        uses(profile.ingress());
        uses(profile.egress());
        profiles.put(profile.name(), profile);
    }

    @Override
    public void endpoint(EndpointPolicies endpoint) {
        calls++;
        tiers(endpoint).forEach(tier -> Stream.concat(tier.ingress().stream(), tier.egress().stream())
                .forEach(id -> assertTrue(policies.containsKey(id), () -> endpoint.id() + " names " + id + ", of which nothing was told")));
        endpoint.profiles().forEach(name -> assertTrue(profiles.containsKey(name), () -> endpoint.id() + " names profile " + name));
        endpoints.put(endpoint.id(), endpoint);
    }

    @Override
    public void endpointGone(EndpointId endpoint) {
        calls++;
        assertNotNull(endpoints.remove(endpoint), () -> endpoint + " was not there");
    }

    @Override
    public void profileGone(String profile) {
        calls++;
        assertNotNull(profiles.remove(profile), () -> "profile " + profile + " was not there");
    }

    @Override
    public void policyGone(PolicyId policy) {
        calls++;
        assertNotNull(policies.remove(policy), () -> policy + " was not there");
        endpoints.values().forEach(endpoint -> tiers(endpoint).forEach(tier ->
                assertTrue(!tier.ingress().contains(policy) && !tier.egress().contains(policy), () -> endpoint.id() + " still names " + policy)));
    }

    @Override
    public void setGone(AddressSet set) {
        calls++;
        assertNotNull(sets.remove(set), () -> set + " was not there");
        Stream.concat(policies.values().stream().flatMap(policy -> Stream.concat(policy.ingress().stream(), policy.egress().stream())),
                        profiles.values().stream().flatMap(profile -> Stream.concat(profile.ingress().stream(), profile.egress().stream())))
                .forEach(rule -> assertTrue(!sets(rule).contains(set), () -> "a rule still names " + set));
    }

    /** All that holds, to compare. */
    void assertSame(Told other, String when) {
        assertEquals(other.sets, sets, when);
        assertEquals(other.policies, policies, when);
        assertEquals(other.profiles, profiles, when);
        assertEquals(other.endpoints, endpoints, when);
    }

    /** The IPv4 members of a set by the canonical text of what selects them, such as {@code 10.0.0.1} or {@code 10.0.0.1,6:8080}. */
    Set<String> members(String id) {
        AddressSet set = sets.keySet().stream().filter(one -> id.startsWith(one.id())).findFirst()
                .orElseThrow(() -> new AssertionError("there is no set " + id + " among " + sets.keySet()));
        Set<String> texts = new TreeSet<>();
        for (Member member : sets.getOrDefault(set, Set.of())) {
            if (member.net().family() == Family.V4) {
                String net = member.net().length() == 32 ? member.net().base().toString() : member.net().toString();
                texts.add(member.hasPort() ? net + "," + member.protocol() + ":" + member.port() : net);
            }
        }
        return texts;
    }

    Map<String, String> tiersOf(EndpointId id) {
        Map<String, String> tiers = new TreeMap<>();
        EndpointPolicies endpoint = endpoints.get(id);
        if (endpoint == null) {
            throw new AssertionError("there is no endpoint " + id);
        }
        int i = 0;
        for (TierPolicies tier : endpoint.tiers()) {
            tiers.put(i++ + " " + tier.tier(), "in " + names(tier.ingress()) + " out " + names(tier.egress()));
        }
        return tiers;
    }

    private static List<String> names(List<PolicyId> ids) {
        return ids.stream().map(PolicyId::name).toList();
    }

    private Set<Member> known(AddressSet set) {
        Set<Member> members = sets.get(set);
        if (members == null) {
            throw new AssertionError("there is no set " + set);
        }
        return members;
    }

    private void uses(List<ResolvedRule> rules) {
        rules.forEach(rule -> sets(rule).forEach(this::known));
    }

    private static List<AddressSet> sets(ResolvedRule rule) {
        return Stream.of(rule.source(), rule.destination())
                .flatMap(end -> Stream.of(end.sets(), end.notSets(), end.namedPorts(), end.notNamedPorts())).flatMap(List::stream).toList();
    }

    static List<TierPolicies> tiers(EndpointPolicies endpoint) {
        return switch (endpoint) {
            case EndpointPolicies.Workload pod -> pod.tiers();
            case EndpointPolicies.Host host ->
                Stream.of(host.tiers(), host.forward(), host.untracked(), host.preDnat()).flatMap(List::stream).toList();
        };
    }
}
