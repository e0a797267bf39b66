package io.canal.policy.calc;

import static io.canal.policy.calc.State.port;
import static io.canal.policy.calc.State.workload;

import io.canal.model.calico.EndpointPort;
import io.canal.model.calico.HostEndpoint;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Profile;
import io.canal.model.calico.ResourceKey;
import java.util.List;
import java.util.Map;

/** The states of the cluster that Felix's tests of its calculation use ({@code felix/calc/states_for_test.go}), as far as there is no routing in them. */
final class FelixStates {

    static final String NODE = "localhostname";
    static final String ALL = "all()";
    static final String B = "b == \"b\"";

    private static final Map<String, String> EP1_LABELS = Map.of("id", "loc-ep-1", "a", "a", "b", "b");
    private static final Map<String, String> EP2_LABELS = Map.of("id", "loc-ep-2", "a", "a", "b", "b2");
    private static final List<String> EP1_PROFILES = List.of("prof-1", "prof-2", "prof-missing");
    private static final List<String> EP2_PROFILES = List.of("prof-2", "prof-3");
    private static final List<EndpointPort> EP1_PORTS = List.of(port("tcpport", "tcp", 8080), port("tcpport2", "tcp", 1234), port("udpport", "udp", 9091));
    private static final List<EndpointPort> EP2_PORTS = List.of(port("tcpport", "tcp", 8080), port("tcpport2", "tcp", 2345), port("udpport", "udp", 9090));
    private static final String POL1 = "{`order`:20,`selector`:`a == 'a'`,`ingress`:[{`action`:`Allow`,`source`:{`selector`:`all()`}}],"
            + "`egress`:[{`action`:`Allow`,`source`:{`selector`:`b == 'b'`}}]}";

    static final State WITH_POLICY = State.EMPTY.policy("pol-1", POL1);
    static final State WITH_POLICY_ALWAYS = State.EMPTY.policy("pol-1", POL1.replace("{`order`", "{`performanceHints`:[`AssumeNeededOnEveryNode`],`order`"));
    static final State EP1 = ep1(State.EMPTY, EP1_PROFILES);
    static final State EP1_POLICY = ep1(WITH_POLICY, EP1_PROFILES);
    static final State EP2_POLICY = ep2(WITH_POLICY, EP2_PROFILES);
    static final State BOTH_POLICY = ep2(EP1_POLICY, EP2_PROFILES);
    static final State BOTH_POLICY_NEW_IPS = BOTH_POLICY.pod("ep1", workload("cali1", EP1_LABELS, EP1_PROFILES, EP1_PORTS, "11.0.0.1", "11.0.0.2", "fc00:fe12::1"));
    static final State REMOTE = WITH_POLICY.pod("ep1", workload("", EP1_LABELS, EP1_PROFILES, EP1_PORTS, "10.0.0.1", "10.0.0.2"));
    static final State INGRESS_ONLY = EP1.policy("pol-1", POL1.replace("{`order`", "{`types`:[`Ingress`],`order`"));
    static final State POLICY_123 = three(EP1, 10, 20, 30, "tier-1");
    static final State POLICY_321 = three(EP1, 30, 20, 10, "tier-1");
    static final State POLICY_ALPHA = three(EP1, 10, 10, 10, "tier-1");
    static final State TIERS_123 = tiers(10, 20, 30);
    static final State TIERS_321 = tiers(30, 20, 10);
    static final State TIERS_ALPHA = tiers(10, 10, 10);
    static final State TIERS_ALPHA_2 = tiers(20, 20, 10);
    static final State IN_TIER_1 = EP1.tier("tier-1", "{`order`:10}").tier("tier-2", "{`order`:20}").policy("pol-1", POL1.replace("{`order`", "{`tier`:`tier-1`,`order`"));
    static final State IN_TIER_2 = EP1.tier("tier-1", "{`order`:10}").tier("tier-2", "{`order`:20}").policy("pol-1", POL1.replace("{`order`", "{`tier`:`tier-2`,`order`"));
    static final State NAMED_PORT = EP1.policy("pol-1", named("tcp", "tcpport", "ports", ALL));
    static final State NAMED_PORTS_BOTH = ep2(NAMED_PORT, EP2_PROFILES);
    static final State NAMED_PORT_NEGATED = EP1.policy("pol-1", named("tcp", "tcpport", "notPorts", ALL));
    static final State NAMED_PORT_2 = ep2(EP1, EP2_PROFILES).policy("pol-1", named("tcp", "tcpport2", "ports", ALL));
    static final State NAMED_PORT_MISMATCHED = ep2(EP1, EP2_PROFILES)
            .policy("pol-1", "{`selector`:`all()`,`ingress`:[{`action`:`Allow`,`protocol`:`UDP`,`destination`:{`ports`:[`tcpport`]}},"
                    + "{`action`:`Allow`,`protocol`:`TCP`,`destination`:{`ports`:[`udpport`]}}]}");
    static final State DUPLICATE_PORTS = EP1.policy("pol-1", named("tcp", "tcpport", "ports", ALL))
            .pod("ep1", workload("cali1", EP1_LABELS, EP1_PROFILES, List.of(port("tcpport", "tcp", 8080), port("tcpport", "tcp", 8081), port("tcpport", "tcp", 8082)), "10.0.0.1"));
    static final State INHERIT = inheriting(State.EMPTY);
    static final State INHERIT_GONE = INHERIT.without(Profile.key("prof-1"));
    static final State INHERIT_OTHER = INHERIT.profile("prof-1", "{`labelsToApply`:{`inherited`:`no`}}");
    static final State INHERIT_OWN = INHERIT.pod("ep1", workload("cali1", Map.of("a", "a", "inherited", "own"), EP1_PROFILES, EP1_PORTS, "10.0.0.1"));
    static final State PROFILE = EP1.profile("prof-1", "{`ingress`:[{`action`:`Allow`,`source`:{`selector`:`has(t1)`}}],`labelsToApply`:{`t1`:``}}");
    static final State PROFILE_2 = EP1.profile("prof-1", "{`ingress`:[{`action`:`Allow`,`source`:{`notSelector`:`has(t2)`}}],`labelsToApply`:{`t1`:``}}");
    static final State NETS = EP1_POLICY.nets("nets-1", Map.of("a", "b", "b", "b"), "12.0.0.0/24", "12.1.0.0/24", "10.0.0.1/32");
    static final State NETS_2 = NETS.nets("nets-2", Map.of("a", "b", "b", "b"), "12.0.0.0/24", "13.1.0.0/24");
    static final State NETS_NESTED = NETS_2.nets("nets-3", Map.of("b", "b"), "12.0.0.0/16", "0.0.0.0/0");
    static final State HOST = hep(WITH_POLICY, "eth0");
    static final State HOST_BY_IP = hep(WITH_POLICY, "");
    static final State HOST_UNTRACKED = hep(State.EMPTY, "eth0").policy("pol-1", flags("`doNotTrack`:true,`applyOnForward`:true,"));
    static final State HOST_PRE_DNAT = hep(State.EMPTY, "eth0").policy("pol-1", flags("`preDNAT`:true,`applyOnForward`:true,"));
    static final State HOST_BOTH = HOST_UNTRACKED.policy("pol-2", flags("")).policy("pol-3", flags("`applyOnForward`:true,"));
    static final State HOST_STAR = WITH_POLICY.host("star", NODE, HostEndpoint.ALL_INTERFACES, Map.of("a", "a"));
    static final State HOST_ELSEWHERE = WITH_POLICY.host("hep1", "other", "eth0", Map.of("a", "a", "b", "b"), "10.0.0.1");
    static final State NAMESPACED = EP1.namespaced("default", "np", "{`selector`:`all()`,`ingress`:[{`action`:`Allow`,`source`:{`selector`:`a == 'a'`,`notSelector`:`b == 'x'`}}]}")
            .pod("ep1", workload("cali1", Map.of("a", "a", "projectcalico.org/namespace", "default"), EP1_PROFILES, EP1_PORTS, "10.0.0.1"));
    static final State UNKNOWN_TIER = EP1_POLICY.tier("default", "{`order`:1000000}").policy("pol-2", POL1.replace("{`order`", "{`tier`:`nowhere`,`order`"));
    static final State SAME_INTERFACE = EP1_POLICY.pod("ep0", workload("cali1", EP2_LABELS, EP2_PROFILES, EP2_PORTS, "10.0.0.9"));

    static final List<State> EACH = List.of(WITH_POLICY, WITH_POLICY_ALWAYS, EP1, EP1_POLICY, EP2_POLICY, BOTH_POLICY, BOTH_POLICY_NEW_IPS, REMOTE, INGRESS_ONLY,
            POLICY_123, POLICY_321, POLICY_ALPHA, TIERS_123, TIERS_321, TIERS_ALPHA, TIERS_ALPHA_2, IN_TIER_1, IN_TIER_2, NAMED_PORT, NAMED_PORTS_BOTH,
            NAMED_PORT_NEGATED, NAMED_PORT_2, NAMED_PORT_MISMATCHED, DUPLICATE_PORTS, INHERIT, INHERIT_GONE, INHERIT_OTHER, INHERIT_OWN, PROFILE, PROFILE_2, NETS,
            NETS_2, NETS_NESTED, HOST, HOST_BY_IP, HOST_UNTRACKED, HOST_PRE_DNAT, HOST_BOTH, HOST_STAR, HOST_ELSEWHERE, NAMESPACED, UNKNOWN_TIER, SAME_INTERFACE);

    /** The order of the sequences in which one state grows out of another. */
    static final List<List<State>> SEQUENCES = List.of(EACH,
            List.of(BOTH_POLICY, EP1_POLICY, BOTH_POLICY, EP2_POLICY, BOTH_POLICY_NEW_IPS, BOTH_POLICY, WITH_POLICY),
            List.of(NETS, NETS_2, NETS_NESTED, NETS_2, EP1_POLICY, NETS_NESTED, NETS),
            List.of(NAMED_PORT, NAMED_PORT_NEGATED, NAMED_PORT_2, NAMED_PORTS_BOTH, NAMED_PORT_MISMATCHED, DUPLICATE_PORTS),
            List.of(INHERIT, INHERIT_OTHER, INHERIT, INHERIT_GONE, INHERIT_OWN, INHERIT),
            List.of(HOST, HOST_BY_IP, HOST_STAR, HOST_UNTRACKED, HOST_BOTH, HOST_PRE_DNAT, HOST_ELSEWHERE),
            List.of(SAME_INTERFACE, EP1_POLICY, SAME_INTERFACE, REMOTE, SAME_INTERFACE));

    static final ResourceKey POLICY_KEY = ResourceKey.of(Kind.GLOBAL_NETWORK_POLICY, "pol-1");

    private FelixStates() {}

    private static State ep1(State state, List<String> profiles) {
        return state.pod("ep1", workload("cali1", EP1_LABELS, profiles, EP1_PORTS, "10.0.0.1", "10.0.0.2", "fc00:fe11::1", "fc00:fe11::2"));
    }

    private static State ep2(State state, List<String> profiles) {
        return state.pod("ep2", workload("cali2", EP2_LABELS, profiles, EP2_PORTS, "10.0.0.2", "10.0.0.3", "fc00:fe11::2", "fc00:fe11::3"));
    }

    private static State three(State state, int first, int second, int third, String tier) {
        return state.tier(tier, "{`order`:10}")
                .policy("pol-1", ordered(tier, first))
                .policy("pol-2", ordered(tier, second))
                .policy("pol-3", ordered(tier, third));
    }

    private static State tiers(int first, int second, int third) {
        return EP1.tier("tier-1", "{`order`:" + first + "}").tier("tier-2", "{`order`:" + second + ",`defaultAction`:`Pass`}").tier("tier-3", "{`order`:" + third + "}")
                .policy("pol-1", ordered("tier-1", 10)).policy("pol-2", ordered("tier-2", 10)).policy("pol-3", ordered("tier-3", 10));
    }

    private static String ordered(String tier, int order) {
        return "{`tier`:`" + tier + "`,`order`:" + order + ",`selector`:`a == 'a'`,`types`:[`Ingress`,`Egress`]}";
    }

    private static String named(String protocol, String port, String field, String selector) {
        return "{`selector`:`all()`,`types`:[`Ingress`],`ingress`:[{`action`:`Allow`,`protocol`:`" + protocol + "`,`source`:{`selector`:`" + selector + "`,`" + field + "`:[`" + port + "`]}}]}";
    }

    private static State inheriting(State state) {
        return ep1(state, EP1_PROFILES).policy("pol-1", "{`selector`:`a == 'a'`,`ingress`:[{`action`:`Allow`,`source`:{`selector`:`inherited == 'yes'`}}]}")
                .profile("prof-1", "{`labelsToApply`:{`inherited`:`yes`}}").profile("prof-2", "{`labelsToApply`:{`inherited`:`second`,`more`:``}}");
    }

    private static State hep(State state, String iface) {
        return state.host("hep1", NODE, iface, Map.of("a", "a", "b", "b"), "10.0.0.2", "10.0.0.3");
    }

    private static String flags(String flags) {
        return POL1.replace("{`order`", "{" + flags + "`order`");
    }
}
