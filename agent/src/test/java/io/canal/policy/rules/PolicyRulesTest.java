package io.canal.policy.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.calico.Kind;
import io.canal.policy.ActivePolicy;
import io.canal.policy.ActiveProfile;
import io.canal.policy.AddressSet;
import io.canal.policy.EndpointId;
import io.canal.policy.EndpointPolicies;
import io.canal.policy.PolicyId;
import io.canal.policy.ResolvedRule;
import io.canal.policy.ResolvedRule.End;
import io.canal.policy.ResolvedRule.Proto;
import io.canal.policy.ResolvedRule.Verdict;
import io.canal.policy.TierPolicies;
import io.canal.policy.testing.SavedRules;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Dialect;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Member;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.PortRange;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Ruleset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Hand-made policies become the chains that Felix made of the same. */
class PolicyRulesTest {

    private static final Proto TCP = new Proto(6, true);
    private static final Proto UDP = new Proto(17, true);
    private static final EndpointId.Workload WEB = new EndpointId.Workload("cali0d7763386da");
    private static final EndpointId.Workload DB = new EndpointId.Workload("cali9ae1fe16e6f");
    private static final EndpointId.Host ETH0 = new EndpointId.Host("eth0");
    private static final List<String> PROFILES = List.of("kns.default", "ksa.default.default");

    private final Ruleset ruleset = new Ruleset();
    private final PolicyRules rules = new PolicyRules(ruleset, RuleSettings.defaults());

    /** Two pods with the usual profiles, the first with these policies in tier default. */
    private void pods(List<PolicyId> ingress, List<PolicyId> egress) {
        rules.profile(new ActiveProfile("kns.default", List.of(any(Verdict.ALLOW)), List.of(any(Verdict.ALLOW))));
        rules.profile(new ActiveProfile("ksa.default.default", List.of(), List.of()));
        List<TierPolicies> tiers = ingress.isEmpty() && egress.isEmpty() ? List.of() : List.of(new TierPolicies("default", false, ingress, egress));
        rules.endpoint(new EndpointPolicies.Workload(WEB, tiers, PROFILES, List.of()));
        rules.endpoint(new EndpointPolicies.Workload(DB, List.of(), PROFILES, List.of()));
    }

    private void assertAsRecorded(String folder) {
        rules.settle();
        rules.hooks().forEach(ruleset::put);
        for (Family family : Family.values()) {
            assertEquals("", SavedRules.of(ruleset, family).differences(SavedRules.recorded(folder, family).orElseThrow()), () -> folder + " " + family);
        }
    }

    @Test
    void pods_with_profiles_alone() {
        pods(List.of(), List.of());
        assertAsRecorded("01-profiles-only");
    }

    /** A rule with a set whose name nothing takes stands for any defect. */
    @Test
    void a_policy_whose_rules_cannot_be_made_is_closed_and_leaves_the_others() {
        PolicyId odd = np("odd");
        PolicyId good = np("good");
        AddressSet nameless = new AddressSet("s: ", NamedSet.Kind.ADDRESS);
        rules.policy(new ActivePolicy(odd, "default", "x", List.of(rule(Verdict.ALLOW, Optional.of(TCP), end(List.of(), List.of(), List.of(nameless), List.of()), End.ANY)), List.of()));
        rules.policy(new ActivePolicy(good, "default", "y", List.of(any(Verdict.ALLOW)), List.of()));
        pods(List.of(odd, good), List.of());
        rules.settle();
        assertEquals(List.of(new Action.Drop()), actions("cali-pi-np/default/odd"));
        assertEquals(List.of(Action.SetMark.of(0x10000)), actions("cali-pi-np/default/good"));
        assertEquals(1, rules.problems().size());
        rules.policy(new ActivePolicy(odd, "default", "x", List.of(any(Verdict.ALLOW)), List.of()));
        rules.settle();
        assertEquals(List.of(), rules.problems());
        assertEquals(List.of(Action.SetMark.of(0x10000)), actions("cali-pi-np/default/odd"));
    }

    /** Many chains are made on several threads. */
    @Test
    void many_policies_at_once_become_the_chains_that_they_become_one_by_one() {
        Ruleset other = new Ruleset();
        PolicyRules oneByOne = new PolicyRules(other, RuleSettings.defaults());
        List<PolicyId> ids = IntStream.range(0, 200).mapToObj(i -> np("p" + i)).toList();
        for (int i = 0; i < ids.size(); i++) {
            ActivePolicy policy = new ActivePolicy(ids.get(i), "default", "s" + i,
                    List.of(rule(Verdict.ALLOW, Optional.of(TCP), End.ANY, ports(PortRange.of(i + 1))), any(Verdict.DENY)), List.of());
            rules.policy(policy);
            oneByOne.policy(policy);
            oneByOne.endpoint(new EndpointPolicies.Workload(WEB, List.of(new TierPolicies("default", false, ids.subList(0, i + 1), List.of())), PROFILES, List.of()));
            oneByOne.settle();
        }
        rules.endpoint(new EndpointPolicies.Workload(WEB, List.of(new TierPolicies("default", false, ids, List.of())), PROFILES, List.of()));
        rules.settle();
        assertEquals(other.chains(), ruleset.chains());
    }

    private List<Action> actions(String chain) {
        return ruleset.chain(ChainName.filter(chain)) instanceof Chain.Rules found ? found.rules().stream().map(Rule::action).toList() : List.of();
    }

    private static RuleSettings sparingHosts(RuleSettings one) {
        return new RuleSettings(one.markMask(), one.filterAccepts(), one.mangleAccepts(), one.rejects(), one.endpointToHost(), one.failsafeInbound(),
                one.failsafeOutbound(), one.logPrefix(), one.logRate(), one.logBurst(), one.dropsInvalid(), one.vxlanPort(), one.vxlanFromWorkloads(),
                one.ipipFromWorkloads(), one.overlayPorts(), one.serviceLoop(), one.serviceBlocks(), one.natPorts(), one.natAddress(), true, one.floatingIps(),
                one.spoofing(), one.behindOthers());
    }

    /** Hosts whose addresses pods' packets keep their source for. */
    @Test
    void all_hosts_are_this_one_and_its_peers() {
        NamedSet all = NodeSets.ALL_HOSTS.of(Family.V4);
        rules.peer(Ip.of("192.0.2.2"));
        rules.hostAddresses(List.of(Ip.of("192.0.2.1")));
        assertEquals(Set.of(), ruleset.members(all));
        rules.settings(sparingHosts(RuleSettings.defaults()));
        assertEquals(Set.of(Member.of(Ip.of("192.0.2.1")), Member.of(Ip.of("192.0.2.2"))), ruleset.members(all));
        rules.peer(Ip.of("192.0.2.3"));
        rules.peerGone(Ip.of("192.0.2.2"));
        assertEquals(Set.of(Member.of(Ip.of("192.0.2.1")), Member.of(Ip.of("192.0.2.3"))), ruleset.members(all));
        rules.settings(RuleSettings.defaults());
        assertEquals(Set.of(), ruleset.members(all));
    }

    @Test
    void a_selector_and_a_port() {
        AddressSet fe = new AddressSet("s:19auzvUkmEn_XfGxaYKL8oG", NamedSet.Kind.ADDRESS);
        rules.set(fe);
        PolicyId web = np("allow-web");
        rules.policy(new ActivePolicy(web, "default", "app == \"web\"",
                List.of(rule(Verdict.ALLOW, Optional.of(TCP), end(List.of(), List.of(), List.of(fe), List.of()), ports(PortRange.of(80)))), List.of()));
        pods(List.of(web), List.of());
        assertAsRecorded("02-allow-web");
    }

    @Test
    void more_ports_than_one_match_has_room_for() {
        PolicyId id = np("np-ports");
        AddressSet named = new AddressSet("n:cl9_Kgeu4H0OGLbhovVR3NB", NamedSet.Kind.ADDRESS_PORT);
        rules.set(named);
        rules.policy(new ActivePolicy(id, "default", "x", List.of(
                rule(Verdict.ALLOW, Optional.of(TCP), End.ANY, ports(run(100, 115))),
                rule(Verdict.ALLOW, Optional.of(TCP), End.ANY, ports(run(200, 214))),
                rule(Verdict.ALLOW, Optional.of(UDP), End.ANY, ports(IntStream.range(30, 38).mapToObj(i -> new PortRange(i * 10, i * 10 + 5)).toArray(PortRange[]::new))),
                rule(Verdict.ALLOW, Optional.of(TCP), ports(run(1000, 1039)), ports(run(400, 439))),
                rule(Verdict.DENY, Optional.of(TCP), End.ANY, new End(List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(run(500, 519)), List.of())),
                rule(Verdict.ALLOW, Optional.of(TCP), new End(List.of(), List.of(), List.of(), List.of(),
                        Stream.concat(Stream.of(PortRange.of(1)), Stream.of(run(600, 616))).toList(), List.of(named), List.of(), List.of()), End.ANY)), List.of()));
        pods(List.of(id), List.of());
        assertAsRecorded("10-many-ports");
    }

    @Test
    void a_host_endpoint_with_forward_policy_and_a_group() {
        PolicyId forward = gnp("hep-fwd");
        PolicyId normal = gnp("hep-norm");
        rules.policy(new ActivePolicy(forward, "default", "has(host-endpoint)",
                List.of(rule(Verdict.DENY, Optional.empty(), nets("192.0.2.0/24"), End.ANY), any(Verdict.ALLOW)), List.of(any(Verdict.ALLOW))));
        rules.policy(new ActivePolicy(normal, "default", "has(host-endpoint)",
                List.of(rule(Verdict.ALLOW, Optional.of(TCP), End.ANY, ports(PortRange.of(9100)))), List.of()));
        pods(List.of(), List.of());
        rules.endpoint(new EndpointPolicies.Host(ETH0,
                List.of(new TierPolicies("default", false, List.of(forward, normal), List.of(forward))),
                List.of(new TierPolicies("default", false, List.of(forward), List.of(forward))), List.of(), List.of(), List.of()));
        assertAsRecorded("16-hep-forward");
    }

    @Test
    void a_host_endpoint_with_untracked_policy() {
        PolicyId id = gnp("dnt");
        rules.policy(new ActivePolicy(id, "default", "has(host-endpoint)",
                List.of(rule(Verdict.ALLOW, Optional.of(UDP), End.ANY, ports(PortRange.of(53))), rule(Verdict.DENY, Optional.empty(), nets("192.0.2.0/24"), End.ANY)),
                List.of(rule(Verdict.ALLOW, Optional.of(UDP), ports(PortRange.of(53)), End.ANY))));
        pods(List.of(), List.of());
        rules.endpoint(new EndpointPolicies.Host(ETH0, List.of(), List.of(), List.of(new TierPolicies("default", false, List.of(id), List.of(id))), List.of(), List.of()));
        assertAsRecorded("18-hep-donottrack");
    }

    @Test
    void a_host_endpoint_of_all_interfaces() {
        PolicyId star = gnp("star");
        PolicyId pre = gnp("star-pre");
        rules.policy(new ActivePolicy(star, "default", "s", List.of(rule(Verdict.ALLOW, Optional.of(TCP), End.ANY, ports(PortRange.of(443)))), List.of(any(Verdict.ALLOW))));
        rules.policy(new ActivePolicy(pre, "default", "p", List.of(rule(Verdict.DENY, Optional.empty(), nets("192.0.2.0/24"), End.ANY)), List.of()));
        pods(List.of(), List.of());
        TierPolicies tier = new TierPolicies("default", false, List.of(star), List.of(star));
        rules.endpoint(new EndpointPolicies.Host(new EndpointId.Host(EndpointId.Host.ALL), List.of(tier), List.of(tier), List.of(),
                List.of(new TierPolicies("default", false, List.of(pre), List.of())), List.of()));
        rules.endpoint(new EndpointPolicies.Host(ETH0, List.of(), List.of(), List.of(), List.of(), List.of()));
        assertAsRecorded("19-hep-star");
    }

    @Test
    void what_is_gone_leaves_nothing_behind() {
        PolicyId id = np("x");
        rules.policy(new ActivePolicy(id, "default", "x", List.of(any(Verdict.DENY)), List.of()));
        pods(List.of(), List.of());
        rules.settle();
        Map<?, ?> before = Map.copyOf(ruleset.chains());
        EndpointId.Workload other = new EndpointId.Workload("cali1");
        rules.endpoint(new EndpointPolicies.Workload(other, List.of(new TierPolicies("default", false, List.of(id), List.of())), List.of(), List.of(Cidr.of("10.0.0.0/8"))));
        rules.endpoint(new EndpointPolicies.Host(ETH0, List.of(), List.of(), List.of(), List.of(new TierPolicies("default", false, List.of(id), List.of())), List.of()));
        rules.settle();
        rules.endpointGone(other);
        rules.endpointGone(ETH0);
        rules.policyGone(id);
        rules.settle();
        assertEquals(before, ruleset.chains());
    }

    @Test
    void nftables_asks_for_host_endpoints_only_while_there_are_some() {
        pods(List.of(), List.of());
        rules.settle();
        assertEquals(Set.of(), toHostEndpoints());
        rules.endpoint(new EndpointPolicies.Host(ETH0, List.of(), List.of(), List.of(), List.of(), List.of()));
        rules.settle();
        assertEquals(Set.of("raw cali-from-host-endpoint", "filter cali-from-host-endpoint", "filter cali-from-hep-forward", "filter cali-to-hep-forward"), toHostEndpoints());
    }

    /** The dispatches to host endpoints that packets are led to which come in or pass through. */
    private Set<String> toHostEndpoints() {
        return Stream.of(new ChainName(Layer.RAW, "cali-PREROUTING"), ChainName.filter("cali-INPUT"), ChainName.filter("cali-FORWARD"))
                .flatMap(name -> Dialect.NFTABLES.of(((Chain.Rules) Objects.requireNonNull(ruleset.chain(name))).rules()))
                .flatMap(rule -> rule.action() instanceof Action.Jump(ChainName target) ? Stream.of(target.toString()) : Stream.of())
                .filter(target -> target.contains("host-endpoint") || target.contains("hep")).collect(Collectors.toSet());
    }

    static PolicyId np(String name) {
        return new PolicyId(Kind.NETWORK_POLICY, "default", name);
    }

    static PolicyId gnp(String name) {
        return new PolicyId(Kind.GLOBAL_NETWORK_POLICY, "", name);
    }

    static ResolvedRule any(Verdict verdict) {
        return rule(verdict, Optional.empty(), End.ANY, End.ANY);
    }

    static ResolvedRule rule(Verdict verdict, Optional<Proto> protocol, End source, End destination) {
        return new ResolvedRule(verdict, Optional.empty(), protocol, Optional.empty(), Optional.empty(), Optional.empty(), source, destination, Map.of());
    }

    static End ports(PortRange... ports) {
        return new End(List.of(), List.of(), List.of(), List.of(), List.of(ports), List.of(), List.of(), List.of());
    }

    static End nets(String... nets) {
        return end(Stream.of(nets).map(Cidr::of).toList(), List.of(), List.of(), List.of());
    }

    static End end(List<Cidr> nets, List<Cidr> notNets, List<AddressSet> sets, List<AddressSet> notSets) {
        return new End(nets, notNets, sets, notSets, List.of(), List.of(), List.of(), List.of());
    }

    static PortRange[] run(int first, int last) {
        return IntStream.rangeClosed(first, last).mapToObj(PortRange::of).toArray(PortRange[]::new);
    }
}
