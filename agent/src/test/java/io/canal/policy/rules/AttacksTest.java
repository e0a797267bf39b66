package io.canal.policy.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.policy.ActivePolicy;
import io.canal.policy.EndpointId;
import io.canal.policy.EndpointPolicies;
import io.canal.policy.PolicyId;
import io.canal.policy.ResolvedRule;
import io.canal.policy.ResolvedRule.End;
import io.canal.policy.TierPolicies;
import io.canal.policy.reference.Flow;
import io.canal.policy.reference.Passage;
import io.canal.policy.reference.Passage.State;
import io.canal.policy.testing.Objects;
import io.canal.policy.testing.PacketWay;
import io.canal.policy.testing.RenderedNode;
import io.canal.ruleset.CtState;
import io.canal.ruleset.Hook;
import io.canal.ruleset.Member;
import io.canal.ruleset.Outcome;
import io.canal.ruleset.Packet;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.iptables.IptablesMachine;
import io.canal.ruleset.iptables.IptablesRendering;
import io.canal.ruleset.nft.NftMachine;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a pod or a stranger may try, on both dataplanes and in both families. The pods' own policy allows everything. */
class AttacksTest {

    private static final String POD = "cali0123456789a";
    private static final String VICTIM = "cali0123456789b";
    private static final int TCP = 6;
    private static final int UDP = 17;

    /** Addresses of one family. */
    private record Net(Ip pod, Ip victim, Ip node, Ip peer, Ip stranger, Ip service) {

        static Net of(Family family) {
            return family == Family.V4
                    ? new Net(Ip.of("10.1.49.2"), Ip.of("10.1.49.3"), Ip.of("192.0.2.1"), Ip.of("192.0.2.2"), Ip.of("192.0.2.66"), Ip.of("10.96.0.1"))
                    : new Net(Ip.of("fd00:1:49::2"), Ip.of("fd00:1:49::3"), Ip.of("fd00:2::1"), Ip.of("fd00:2::2"), Ip.of("fd00:2::66"), Ip.of("fd00:96::1"));
        }
    }

    private record Place(PacketWay way, Net net) {

        @Override
        public String toString() {
            return way.dataplane() + " " + net.pod().family();
        }

        boolean passes(String in, String out, Flow flow) {
            return way.run(Passage.of(in, out, flow), false).through();
        }
    }

    static Stream<Place> places() {
        RenderedNode node = node();
        return Stream.of(node.onNftables(), node.onIptables()).flatMap(way -> Stream.of(Family.values()).map(family -> new Place(way, Net.of(family))));
    }

    private static RenderedNode node() {
        Set<Ip> own = Set.of(Net.of(Family.V4).node(), Net.of(Family.V6).node());
        RenderedNode node = new RenderedNode("n", Map.of("eth0", own), RuleSettings.defaults().withOverlayPorts(new TreeSet<>(Set.of(8472))));
        for (Family family : Family.values()) {
            node.rules().peer(Net.of(family).peer());
        }
        return node.put(List.of(pod("a", POD, true), pod("b", VICTIM, false)));
    }

    private static Resource pod(String name, String iface, boolean first) {
        Net v4 = Net.of(Family.V4);
        Net v6 = Net.of(Family.V6);
        return Objects.resource(Kind.WORKLOAD_ENDPOINT, "n-k8s-" + name + "-eth0", """
                {"orchestrator":"k8s","node":"n","pod":"%s","endpoint":"eth0","ipNetworks":["%s/32","%s/128"],"profiles":["projectcalico-default-allow"],"interfaceName":"%s"}
                """.formatted(name, first ? v4.pod() : v4.victim(), first ? v6.pod() : v6.victim(), iface));
    }

    @ParameterizedTest
    @MethodSource("places")
    void a_pod_cannot_inject_packets_of_the_overlay(Place at) {
        for (int port : List.of(8472, 4789)) {
            assertFalse(at.passes(POD, "eth0", Flow.ports(at.net.pod(), at.net.peer(), UDP, 4444, port)), "to a node, port " + port);
            Flow toService = Flow.ports(at.net.pod(), at.net.service(), UDP, 4444, 53);
            Flow behind = Flow.ports(at.net.pod(), at.net.peer(), UDP, 4444, port);
            assertFalse(at.way.run(new Passage(POD, "eth0", toService, behind, State.NEW), true).through(), "through a service, port " + port);
        }
        assertFalse(at.way.run(new Passage(POD, "eth0", Flow.ports(at.net.pod(), at.net.peer(), UDP, 53, 8472), Flow.ports(at.net.pod(), at.net.peer(), UDP, 53, 8472),
                State.ESTABLISHED), false).through(), "as if it were an answer");
        assertFalse(at.passes(POD, "eth0", Flow.bare(at.net.pod(), at.net.peer(), 4)), "IP in IP");
        assertFalse(at.passes(POD, "", Flow.ports(at.net.pod(), at.net.node(), UDP, 4444, 8472)), "to its own node");
        assertTrue(at.passes(POD, "eth0", Flow.ports(at.net.pod(), at.net.peer(), UDP, 4444, 8473)));
    }

    @ParameterizedTest
    @MethodSource("places")
    void a_stranger_cannot_inject_packets_of_the_overlay(Place at) {
        assertFalse(at.passes("eth0", "", Flow.ports(at.net.stranger(), at.net.node(), UDP, 4444, 8472)));
        assertTrue(at.passes("eth0", "", Flow.ports(at.net.peer(), at.net.node(), UDP, 4444, 8472)), "a node of the network");
    }

    @ParameterizedTest
    @MethodSource("places")
    void a_pod_cannot_use_the_address_of_another(Place at) {
        for (Ip source : List.of(at.net.victim(), at.net.node(), at.net.peer(), at.net.service())) {
            assertFalse(at.passes(POD, "eth0", Flow.ports(source, at.net.stranger(), UDP, 4444, 80)), () -> "as " + source);
            assertFalse(at.passes(POD, "", Flow.ports(source, at.net.node(), TCP, 4444, 80)), () -> "as " + source);
        }
    }

    @ParameterizedTest
    @MethodSource("places")
    void a_pod_is_neither_router_nor_dhcp_server_nor_at_home_on_the_node(Place at) {
        if (at.net.pod().isV4()) {
            assertFalse(at.passes(POD, "", Flow.ports(at.net.pod(), Ip.of("127.0.0.1"), TCP, 4444, 10248)), "loopback of the node");
            assertFalse(at.passes(POD, "", Flow.ports(at.net.pod(), at.net.node(), UDP, 67, 68)), "DHCP");
        } else {
            assertFalse(at.passes(POD, "", Flow.icmp(at.net.pod(), at.net.node(), 134, 0)), "router advertisement");
            assertFalse(at.passes(POD, "", Flow.icmp(at.net.pod(), at.net.node(), 137, 0)), "redirect");
            assertFalse(at.passes(POD, "", Flow.ports(at.net.pod(), at.net.node(), UDP, 547, 546)), "DHCPv6");
            assertTrue(at.passes(POD, "", Flow.icmp(at.net.pod(), at.net.node(), 135, 0)), "neighbour solicitation");
        }
    }

    @ParameterizedTest
    @MethodSource("places")
    void what_belongs_to_no_connection_is_dropped(Place at) {
        Flow forged = Flow.ports(at.net.pod(), at.net.victim(), TCP, 4444, 80);
        assertFalse(at.way.run(new Passage(POD, VICTIM, forged, forged, State.INVALID), false).through());
        assertFalse(at.passes("cali99999999999", VICTIM, forged), "an interface that nobody knows");
        assertFalse(at.passes("eth0", "cali99999999999", forged), "an interface that nobody knows");
    }

    @Test
    void a_mark_that_a_packet_brings_along_opens_nothing() {
        Ruleset ruleset = node().ruleset();
        for (Family family : Family.values()) {
            Net net = Net.of(family);
            for (int bit = 0; bit < 32; bit++) {
                Packet packet = new Packet("eth0", "", net.stranger(), net.node(), UDP, 4444, 8472, -1, -1, 1 << bit, CtState.NEW, false, true, Set.of(net.node()));
                Outcome nftRaw = NftMachine.of(ruleset).run("raw-" + Hook.PREROUTING, packet);
                Outcome iptablesRaw = IptablesMachine.of(ruleset, family).run("raw", "PREROUTING", packet);
                assertEquals(0, nftRaw.mark() & Marks.of(0xffff0000).all(), "nftables, bit " + bit);
                assertEquals(0, iptablesRaw.mark() & Marks.of(0xffff0000).all(), "iptables, bit " + bit);
            }
        }
    }

    /** Names and annotations from etcd that try to leave their place. */
    @Test
    void hostile_names_stay_in_their_place() {
        String hostile = "x\" -j ACCEPT\nCOMMIT\n*nat\n$(reboot)`id`;{}\\%n'é";
        PolicyId id = new PolicyId(Kind.NETWORK_POLICY, "ns" + hostile, "p" + hostile);
        Ruleset ruleset = new Ruleset();
        PolicyRules rules = new PolicyRules(ruleset, withPrefix("%t %n " + hostile));
        ResolvedRule deny = new ResolvedRule(ResolvedRule.Verdict.DENY, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(),
                End.ANY, End.ANY, Map.of("a" + hostile, hostile));
        ResolvedRule log = new ResolvedRule(ResolvedRule.Verdict.LOG, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(),
                End.ANY, End.ANY, Map.of());
        rules.policy(new ActivePolicy(id, "tier" + hostile, hostile, List.of(log, deny), List.of()));
        rules.endpoint(new EndpointPolicies.Workload(new EndpointId.Workload(POD), List.of(new TierPolicies("tier" + hostile, false, List.of(id), List.of())), List.of(), List.of()));
        rules.settle();
        rules.hooks().forEach(ruleset::put);
        String text = new IptablesRendering(Family.V4).wholeText(ruleset);
        assertTrue(text.lines().allMatch(line -> line.matches("\\*(raw|mangle|nat|filter)|COMMIT|:[A-Za-z0-9_./-]+ - \\[0:0\\]|-A [ -~]+")), text);
        assertTrue(text.lines().filter(line -> line.startsWith("-A")).noneMatch(line -> line.contains("$(") || line.contains("`") || line.contains("\\")), text);
        NftMachine.of(ruleset);
        IptablesMachine.of(ruleset, Family.V4);
    }

    private static RuleSettings withPrefix(String prefix) {
        RuleSettings d = RuleSettings.defaults();
        return new RuleSettings(d.markMask(), d.filterAccepts(), d.mangleAccepts(), d.rejects(), d.endpointToHost(), d.failsafeInbound(), d.failsafeOutbound(), prefix, d.logRate(),
                d.logBurst(), d.dropsInvalid(), d.vxlanPort(), d.vxlanFromWorkloads(), d.ipipFromWorkloads(), d.overlayPorts(), d.serviceLoop(), d.serviceBlocks(), d.natPorts(),
                d.natAddress(), d.natSparesHosts(), d.floatingIps(), d.spoofing(), d.behindOthers());
    }
}
