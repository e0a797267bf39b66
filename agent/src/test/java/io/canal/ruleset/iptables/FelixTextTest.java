package io.canal.ruleset.iptables;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.model.Ip.Family;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.CtState;
import io.canal.ruleset.Hook;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Match;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Side;
import io.canal.ruleset.Way;
import io.canal.ruleset.testing.WorkloadRules;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Text and tags of the chains that Felix has too are Felix's. */
class FelixTextTest {

    private static final String ENV = "felix-canal-env.txt";
    private static final String TREE = "felix-dispatch-tree.txt";
    private static final Match FROM_POD = new Match.Interface(Way.IN, "cali", true, false);

    private final IptablesRendering v4 = new IptablesRendering(Family.V4);

    @Test
    void inserted_and_appended_rules_of_kernel_chains() {
        HookRules forward = new HookRules(List.of(WorkloadRules.forwardJump()),
                List.of(WorkloadRules.acceptAccepted(), Rule.of(new Action.SetMark(0x10000, 0x10000))));
        HookPoint point = new HookPoint(Layer.FILTER, Hook.FORWARD);
        List<String> recorded = Recorded.rules(ENV, "FORWARD");
        assertEquals(recorded.subList(0, 1), v4.first(point, forward));
        assertEquals(recorded.subList(1, 3), v4.last(point, forward));
        assertEquals(Recorded.rules(ENV, "INPUT"),
                v4.first(new HookPoint(Layer.FILTER, Hook.INPUT), new HookRules(List.of(WorkloadRules.inputJump()), List.of())));
    }

    @Test
    void marks_jumps_and_interfaces() {
        assertChain("cali-FORWARD",
                Rule.of(new Action.ClearMark(0x1a0000)),
                Rule.of(new Action.Jump(ChainName.filter("cali-from-hep-forward")), new Match.Mark(0, 0x10000, false)),
                Rule.of(new Action.Jump(WorkloadRules.FROM.name()), FROM_POD),
                Rule.of(new Action.Jump(WorkloadRules.TO.name()), new Match.Interface(Way.OUT, "cali", true, false)),
                Rule.of(new Action.Jump(ChainName.filter("cali-to-hep-forward"))),
                Rule.of(new Action.Jump(ChainName.filter("cali-cidr-block"))));
    }

    @Test
    void conntrack_protocols_and_ports() {
        assertChain("cali-fw-cali0d7763386da",
                Rule.of(new Action.Accept(), new Match.Conntrack(Set.of(CtState.ESTABLISHED, CtState.RELATED), false)),
                Rule.of(new Action.Drop(), new Match.Conntrack(Set.of(CtState.INVALID), false)),
                Rule.of(new Action.ClearMark(0x30000)),
                Rule.of(new Action.Drop(), Match.Protocol.of(17), port(4789))
                        .comment("Drop VXLAN encapped packets originating in workloads"),
                Rule.of(new Action.Drop(), Match.Protocol.of(4)).comment("Drop IPinIP encapped packets originating in workloads"),
                Rule.of(new Action.Jump(ChainName.filter("cali-pro-kns.default"))),
                accepted(),
                Rule.of(new Action.Jump(ChainName.filter("cali-pro-ksa.default.default"))),
                accepted(),
                Rule.of(new Action.Drop()).comment("Drop if no profiles matched"));
    }

    @Test
    void reverse_path_and_dnat() {
        assertEquals(Recorded.rules(ENV, "cali-PREROUTING").subList(0, 6), lines(new ChainName(Layer.RAW, "cali-PREROUTING"),
                Rule.of(new Action.ClearMark(0x1b0000)),
                Rule.of(new Action.SetMark(0x80000, 0x80000), FROM_POD),
                Rule.of(new Action.Jump(new ChainName(Layer.RAW, "cali-rpf-skip")), new Match.Mark(0x80000, 0x80000, false)),
                Rule.of(new Action.Drop(), new Match.Mark(0x80000, 0x80000, false), new Match.NotReversePath()),
                Rule.of(new Action.Jump(new ChainName(Layer.RAW, "cali-from-host-endpoint")), new Match.Mark(0, 0x80000, false)),
                Rule.of(new Action.Accept(), new Match.Mark(0x10000, 0x10000, false))));
    }

    @Test
    void sets_and_masquerade() {
        NamedSet masq = new NamedSet("masq-ipam-pools", Family.V4, NamedSet.Kind.NET);
        NamedSet pools = new NamedSet("network-ip-pools", Family.V4, NamedSet.Kind.NET);
        assertEquals(Recorded.rules(ENV, "cali-nat-outgoing"), lines(ChainName.nat("cali-nat-outgoing"),
                Rule.of(new Action.Masquerade(true),
                        new Match.InSet(Side.SOURCE, masq, false), new Match.InSet(Side.DESTINATION, pools, true))));
    }

    @Test
    void a_rate_that_iptables_would_refuse_is_the_fastest_that_it_takes() {
        List<String> lines = lines(ChainName.filter("cali-x"), Rule.of(new Action.Accept(), new Match.WithinRate(20_000, 5)));
        assertEquals(List.of("-m limit --limit 10000/sec -j ACCEPT"), lines.stream().map(line -> line.substring(line.indexOf("-m limit"))).toList());
    }

    @Test
    void a_rate_is_given_by_the_unit_that_it_has() {
        List<String> lines = lines(ChainName.filter("cali-x"), Rule.of(new Action.Accept(), new Match.WithinRate(5, Match.WithinRate.Unit.HOUR, 7)));
        assertEquals(List.of("-m limit --limit 5/hour --limit-burst 7 -j ACCEPT"), lines.stream().map(line -> line.substring(line.indexOf("-m limit"))).toList());
    }

    @Test
    void dispatch_of_two_interfaces() {
        assertDispatch(ENV, List.of("cali9ae1fe16e6f", "cali0d7763386da"));
    }

    @Test
    void dispatch_of_many_interfaces_is_a_tree() {
        assertDispatch(TREE, List.of("cali0", "cali00", "cali01", "cali0a", "cali1", "cali12345678901", "cali12345678902", "cali2",
                "calia", "calib1", "calib2", "caliz"));
    }

    @Test
    void the_chain_of_packets_to_the_host() {
        assertEquals(Recorded.rules(ENV, "cali-wl-to-host"),
                v4.chains(WorkloadRules.toHost(), Map.of()).get(WorkloadRules.TO_HOST));
    }

    private void assertDispatch(String file, List<String> interfaces) {
        Map<String, ChainName> from = new TreeMap<>();
        Map<String, ChainName> to = new TreeMap<>();
        interfaces.forEach(iface -> {
            from.put(iface, WorkloadRules.fromEndpoint(iface));
            to.put(iface, WorkloadRules.toEndpoint(iface));
        });
        v4.chains(WorkloadRules.FROM, from).forEach((name, lines) -> assertEquals(Recorded.rules(file, name.name()), lines));
        v4.chains(WorkloadRules.TO, to).forEach((name, lines) -> assertEquals(Recorded.rules(file, name.name()), lines));
    }

    private void assertChain(String name, Rule... rules) {
        assertEquals(Recorded.rules(ENV, name), lines(ChainName.filter(name), rules));
    }

    private List<String> lines(ChainName name, Rule... rules) {
        return v4.chains(new Chain.Rules(name, Rule.BOTH, List.of(rules)), Map.of()).get(name);
    }

    private static Match port(int port) {
        return new Match.Ports(Side.DESTINATION, List.of(io.canal.ruleset.PortRange.of(port)), false);
    }

    private static Rule accepted() {
        return Rule.of(new Action.Return(), new Match.Mark(0x10000, 0x10000, false)).comment("Return if profile accepted");
    }
}
