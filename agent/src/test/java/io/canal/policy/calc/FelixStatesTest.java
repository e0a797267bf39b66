package io.canal.policy.calc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.calico.PolicyProtocol;
import io.canal.policy.ActivePolicy;
import io.canal.policy.EndpointId;
import io.canal.policy.EndpointPolicies;
import io.canal.policy.ResolvedRule.Verdict;
import io.canal.policy.selector.Selector;
import io.canal.ruleset.NamedSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What Felix's own tests expect of its calculation in these states. */
class FelixStatesTest {

    private static final EndpointId CALI1 = new EndpointId.Workload("cali1");
    private static final EndpointId CALI2 = new EndpointId.Workload("cali2");
    private static final EndpointId ETH0 = new EndpointId.Host("eth0");
    private static final String ALL = Selector.ALL.id();
    private static final String B = Selector.of("b == 'b'").id();

    @Test
    void a_policy_that_selects_nothing_here_needs_no_set() {
        Told told = told(FelixStates.WITH_POLICY);
        assertEquals(Set.of(), told.sets.keySet());
        assertEquals(Set.of(), told.policies.keySet());
        assertEquals(Set.of(), told(FelixStates.REMOTE).sets.keySet());
    }

    @Test
    void a_policy_needed_everywhere_is_in_force_without_endpoints() {
        Told told = told(FelixStates.WITH_POLICY_ALWAYS);
        assertEquals(Set.of(), told.members(ALL));
        assertEquals(Set.of(), told.members(B));
        assertEquals(1, told.policies.size());
    }

    @Test
    void an_endpoint_brings_policy_profiles_and_sets_in_force() {
        Told told = told(FelixStates.EP1_POLICY);
        assertEquals(Set.of("10.0.0.1", "10.0.0.2"), told.members(ALL));
        assertEquals(Set.of("10.0.0.1", "10.0.0.2"), told.members(B));
        assertEquals(Set.of("prof-1", "prof-2", "prof-missing"), told.profiles.keySet());
        assertEquals(Map.of("0 default", "in [pol-1] out [pol-1]"), told.tiersOf(CALI1));
    }

    @Test
    void a_profile_that_does_not_exist_denies() {
        Told told = told(FelixStates.EP1);
        assertEquals(Set.of(Verdict.DENY), told.profiles.get("prof-missing").ingress().stream().map(rule -> rule.action()).collect(Collectors.toSet()));
    }

    @Test
    void a_set_that_nothing_matches_exists() {
        assertEquals(Set.of(), told(FelixStates.EP2_POLICY).members(B));
    }

    @Test
    void an_address_of_two_endpoints_stays_until_both_have_left() {
        assertEquals(Set.of("10.0.0.1", "10.0.0.2", "10.0.0.3"), told(FelixStates.BOTH_POLICY).members(ALL));
        assertEquals(Set.of("10.0.0.1", "10.0.0.2"), told(FelixStates.BOTH_POLICY).members(B));
        Told told = told(FelixStates.BOTH_POLICY, FelixStates.EP2_POLICY);
        assertEquals(Set.of("10.0.0.2", "10.0.0.3"), told.members(ALL));
        assertEquals(Set.of(), told.members(B));
        told = told(FelixStates.BOTH_POLICY, FelixStates.BOTH_POLICY_NEW_IPS);
        assertEquals(Set.of("10.0.0.2", "10.0.0.3", "11.0.0.1", "11.0.0.2"), told.members(ALL));
        assertEquals(Set.of("11.0.0.1", "11.0.0.2"), told.members(B));
    }

    @Test
    void order_decides_then_the_name() {
        assertEquals(Map.of("0 tier-1", "in [pol-1, pol-2, pol-3] out [pol-1, pol-2, pol-3]"), told(FelixStates.POLICY_123).tiersOf(CALI1));
        assertEquals(Map.of("0 tier-1", "in [pol-3, pol-2, pol-1] out [pol-3, pol-2, pol-1]"), told(FelixStates.POLICY_321).tiersOf(CALI1));
        assertEquals(Map.of("0 tier-1", "in [pol-1, pol-2, pol-3] out [pol-1, pol-2, pol-3]"), told(FelixStates.POLICY_ALPHA).tiersOf(CALI1));
    }

    @Test
    void tiers_are_asked_by_order_then_by_name() {
        assertEquals("[0 tier-1, 1 tier-2, 2 tier-3]", told(FelixStates.TIERS_123).tiersOf(CALI1).keySet().toString());
        assertEquals("[0 tier-3, 1 tier-2, 2 tier-1]", told(FelixStates.TIERS_321).tiersOf(CALI1).keySet().toString());
        assertEquals("[0 tier-1, 1 tier-2, 2 tier-3]", told(FelixStates.TIERS_ALPHA).tiersOf(CALI1).keySet().toString());
        assertEquals("[0 tier-3, 1 tier-1, 2 tier-2]", told(FelixStates.TIERS_ALPHA_2).tiersOf(CALI1).keySet().toString());
    }

    @Test
    void a_tiers_default_action_is_told() {
        EndpointPolicies endpoint = told(FelixStates.TIERS_123).endpoints.get(CALI1);
        assertEquals("[false, true, false]", endpoint.tiers().stream().map(tier -> tier.passes()).toList().toString());
    }

    @Test
    void a_policy_moves_to_another_tier_without_a_change_of_sets() {
        Told told = told(FelixStates.IN_TIER_1);
        assertEquals(Map.of("0 tier-1", "in [pol-1] out [pol-1]"), told.tiersOf(CALI1));
        PolicyCalculator calculator = StateSequenceTest.calculator();
        Told both = new Told();
        State.EMPTY.toward(FelixStates.IN_TIER_1, false, calculator, () -> { });
        calculator.flush(both);
        int moved = both.membersMoved;
        FelixStates.IN_TIER_1.toward(FelixStates.IN_TIER_2, false, calculator, () -> { });
        calculator.flush(both);
        assertEquals(moved, both.membersMoved);
        assertEquals(Map.of("0 tier-2", "in [pol-1] out [pol-1]"), both.tiersOf(CALI1));
    }

    @Test
    void a_policy_of_an_unknown_tier_comes_last_and_denies() {
        Told told = told(FelixStates.UNKNOWN_TIER);
        assertEquals("[0 default, 1 nowhere]", told.tiersOf(CALI1).keySet().toString());
        assertEquals(false, told.endpoints.get(CALI1).tiers().getLast().passes());
    }

    @Test
    void a_direction_without_the_type_is_not_governed() {
        assertEquals(Map.of("0 default", "in [pol-1] out []"), told(FelixStates.INGRESS_ONLY).tiersOf(CALI1));
    }

    @Test
    void a_named_port_has_a_set_of_its_own() {
        Told told = told(FelixStates.NAMED_PORT);
        assertEquals(Set.of("10.0.0.1,6:8080", "10.0.0.2,6:8080"), told.members(port("tcp", "tcpport")));
        assertEquals(1, told.sets.size(), "the selector's own set is not needed");
        assertEquals(Set.of("10.0.0.1,6:8080", "10.0.0.2,6:8080", "10.0.0.3,6:8080"),
                told(FelixStates.NAMED_PORTS_BOTH).members(port("tcp", "tcpport")));
    }

    @Test
    void a_negated_named_port_needs_the_selectors_set_too() {
        Told told = told(FelixStates.NAMED_PORT_NEGATED);
        assertEquals(Set.of("10.0.0.1", "10.0.0.2"), told.members(ALL));
        assertEquals(2, told.sets.size());
    }

    @Test
    void a_shared_address_has_the_ports_of_both_endpoints() {
        assertEquals(Set.of("10.0.0.1,6:1234", "10.0.0.2,6:1234", "10.0.0.2,6:2345", "10.0.0.3,6:2345"),
                told(FelixStates.NAMED_PORT_2).members(port("tcp", "tcpport2")));
    }

    @Test
    void name_and_protocol_of_a_port_must_both_match() {
        Told told = told(FelixStates.NAMED_PORT_MISMATCHED);
        assertEquals(Set.of(), told.members(port("udp", "tcpport")));
        assertEquals(Set.of(), told.members(port("tcp", "udpport")));
    }

    @Test
    void several_ports_of_one_name_are_all_in_the_set() {
        assertEquals(Set.of("10.0.0.1,6:8080", "10.0.0.1,6:8081", "10.0.0.1,6:8082"),
                told(FelixStates.DUPLICATE_PORTS).members(port("tcp", "tcpport")));
    }

    @Test
    void labels_are_inherited_from_the_first_profile_that_has_them() {
        String inherited = Selector.of("inherited == 'yes'").id();
        assertEquals(Set.of("10.0.0.1", "10.0.0.2"), told(FelixStates.INHERIT).members(inherited));
        assertEquals(Set.of(), told(FelixStates.INHERIT, FelixStates.INHERIT_OTHER).members(inherited));
        assertEquals(Set.of(), told(FelixStates.INHERIT, FelixStates.INHERIT_GONE).members(inherited));
        assertEquals(Set.of(), told(FelixStates.INHERIT, FelixStates.INHERIT_OWN).members(inherited));
    }

    @Test
    void sets_follow_a_profiles_rules() {
        Told told = told(FelixStates.PROFILE);
        assertEquals(Set.of("10.0.0.1", "10.0.0.2"), told.members(Selector.of("has(t1)").id()));
        told = told(FelixStates.PROFILE, FelixStates.PROFILE_2);
        assertEquals(Set.of(), told.members(Selector.of("has(t2)").id()));
        assertEquals(1, told.sets.size());
        assertEquals(1, told.profiles.get("prof-1").ingress().getFirst().source().notSets().size());
    }

    @Test
    void blocks_of_network_sets_make_a_set_of_blocks() {
        Told told = told(FelixStates.NETS);
        assertEquals(Set.of("10.0.0.1", "10.0.0.2", "12.0.0.0/24", "12.1.0.0/24"), told.members(B));
        assertTrue(told.sets.keySet().stream().allMatch(set -> set.kind() == NamedSet.Kind.NET));
        told = told(FelixStates.NETS_2, FelixStates.NETS);
        assertEquals(Set.of("10.0.0.1", "10.0.0.2", "12.0.0.0/24", "12.1.0.0/24"), told.members(B), "a block that two sets have stays");
        told = told(FelixStates.NETS, FelixStates.EP1_POLICY);
        assertTrue(told.sets.keySet().stream().allMatch(set -> set.kind() == NamedSet.Kind.ADDRESS));
        assertTrue(told.policies.values().stream().map(ActivePolicy::ingress).flatMap(rules -> rules.stream()).flatMap(rule -> rule.source().sets().stream())
                .allMatch(set -> set.kind() == NamedSet.Kind.ADDRESS), "the rules know the new set");
    }

    @Test
    void host_endpoints_are_found_by_interface_or_address() {
        assertEquals(Map.of("0 default", "in [pol-1] out [pol-1]"), told(FelixStates.HOST).tiersOf(ETH0));
        assertEquals(Set.of("10.0.0.2", "10.0.0.3"), told(FelixStates.HOST).members(B));
        assertEquals(Map.of("0 default", "in [pol-1] out [pol-1]"), told(FelixStates.HOST_BY_IP).tiersOf(ETH0));
        assertEquals(Set.of(), told(FelixStates.HOST_ELSEWHERE).endpoints.keySet());
        assertEquals(Set.of(new EndpointId.Host("*")), told(FelixStates.HOST_STAR).endpoints.keySet());
    }

    @Test
    void a_host_endpoints_policies_are_of_four_kinds() {
        EndpointPolicies.Host host = assertInstanceOf(EndpointPolicies.Host.class, told(FelixStates.HOST_UNTRACKED).endpoints.get(ETH0));
        assertEquals("[]/[]/[pol-1]/[]", kinds(host));
        host = assertInstanceOf(EndpointPolicies.Host.class, told(FelixStates.HOST_PRE_DNAT).endpoints.get(ETH0));
        assertEquals("[]/[]/[]/[pol-1]", kinds(host));
        assertEquals(0, host.preDnat().getFirst().egress().size(), "egress cannot be before the translation");
        host = assertInstanceOf(EndpointPolicies.Host.class, told(FelixStates.HOST_BOTH).endpoints.get(ETH0));
        assertEquals("[pol-2, pol-3]/[pol-3]/[pol-1]/[]", kinds(host));
    }

    @Test
    void a_namespaced_policy_looks_into_its_namespace() {
        Told told = told(FelixStates.NAMESPACED);
        assertEquals(Map.of("0 default", "in [np] out [np]"), told.tiersOf(CALI1), "without types both directions are governed");
        assertEquals(1, told.sets.size());
        assertEquals(Set.of("10.0.0.1"), told.members(told.sets.keySet().iterator().next().id()));
    }

    @Test
    void of_two_endpoints_on_one_interface_the_first_by_name_is_in_force() {
        Told told = told(FelixStates.SAME_INTERFACE);
        assertEquals(List.of("prof-2", "prof-3"), told.endpoints.get(CALI1).profiles());
        told = told(FelixStates.SAME_INTERFACE, FelixStates.EP1_POLICY);
        assertEquals(List.of("prof-1", "prof-2", "prof-missing"), told.endpoints.get(CALI1).profiles());
    }

    @Test
    void endpoints_have_the_policies_of_their_own_labels() {
        assertEquals(Map.of("0 default", "in [pol-1] out [pol-1]"), told(FelixStates.BOTH_POLICY).tiersOf(CALI2));
    }

    private static String kinds(EndpointPolicies.Host host) {
        return Stream.of(host.tiers(), host.forward(), host.untracked(), host.preDnat())
                .map(tiers -> tiers.stream().flatMap(tier -> tier.ingress().stream()).map(id -> id.name()).toList().toString())
                .collect(Collectors.joining("/"));
    }

    private static String port(String protocol, String name) {
        return Selector.ALL.namedPortId(PolicyProtocol.parse(protocol), name);
    }

    /** What was told on the way through the states. */
    private static Told told(State... states) {
        PolicyCalculator calculator = StateSequenceTest.calculator();
        Told told = new Told();
        State before = State.EMPTY;
        for (State state : states) {
            before.toward(state, false, calculator, () -> { });
            calculator.flush(told);
            before = state;
        }
        return told;
    }
}
