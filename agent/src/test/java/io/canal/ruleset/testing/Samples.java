package io.canal.ruleset.testing;

import io.canal.model.Cidr;
import io.canal.model.Ip;
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
import io.canal.ruleset.Member;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.PortRange;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.Side;
import io.canal.ruleset.Way;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Rulesets with every kind of match and action. */
public final class Samples {

    public static final NamedSet ADDRESSES = new NamedSet("some-pods", Family.V4, NamedSet.Kind.ADDRESS);
    public static final NamedSet NETS = new NamedSet("s:some-nets", Family.V4, NamedSet.Kind.NET);
    public static final NamedSet NETS_6 = new NamedSet("s:some-nets", Family.V6, NamedSet.Kind.NET);
    public static final NamedSet PORTS = new NamedSet("n:named", Family.V4, NamedSet.Kind.ADDRESS_PORT);
    public static final NamedSet PORTS_6 = new NamedSet("n:named", Family.V6, NamedSet.Kind.ADDRESS_PORT);
    public static final ChainName EVERYTHING = ChainName.filter("cali-everything");
    public static final ChainName RAW = new ChainName(Layer.RAW, "cali-PREROUTING");

    private Samples() {}

    public static Ruleset everyMatchAndAction() {
        Ruleset ruleset = new Ruleset();
        List.of(ADDRESSES, NETS, NETS_6, PORTS, PORTS_6).forEach(ruleset::put);
        ruleset.add(ADDRESSES, Member.of(Ip.of("10.1.1.1")));
        ruleset.add(NETS, Member.of(Cidr.of("10.0.0.0/8")));
        ruleset.add(NETS, Member.of(Cidr.of("10.1.0.0/16")));
        ruleset.add(NETS, Member.of(Cidr.of("255.0.0.0/8")));
        ruleset.add(NETS_6, Member.of(Cidr.of("fd00::/8")));
        ruleset.add(PORTS, Member.of(Ip.of("10.1.1.1"), 6, 8080));
        ruleset.add(PORTS_6, Member.of(Ip.of("fd00::1"), 17, 53));
        List<Rule> rules = new ArrayList<>();
        for (boolean negated : List.of(false, true)) {
            for (Match match : List.of(
                    new Match.Interface(Way.IN, "cali", true, negated),
                    new Match.Interface(Way.OUT, "eth0", false, negated),
                    new Match.Net(Side.SOURCE, Cidr.of("10.0.0.0/8"), negated),
                    new Match.Net(Side.DESTINATION, Cidr.of("10.128.0.0/9"), negated),
                    new Match.Net(Side.SOURCE, Cidr.of("10.1.1.1/32"), negated),
                    new Match.Net(Side.DESTINATION, Cidr.of("0.0.0.0/0"), negated),
                    new Match.Net(Side.SOURCE, Cidr.of("fd00:10:244::/56"), negated),
                    new Match.Net(Side.DESTINATION, Cidr.of("fd00:10:244:8000::/49"), negated),
                    new Match.InSet(Side.SOURCE, ADDRESSES, negated),
                    new Match.InSet(Side.DESTINATION, NETS, negated),
                    new Match.InSet(Side.SOURCE, NETS_6, negated),
                    new Match.InSet(Side.DESTINATION, PORTS, negated),
                    new Match.InSet(Side.SOURCE, PORTS_6, negated),
                    new Match.Protocol(132, true, negated),
                    new Match.Mark(0x10000, 0x30000, negated),
                    new Match.Conntrack(Set.of(CtState.ESTABLISHED, CtState.RELATED), negated),
                    new Match.Dnat(negated),
                    new Match.Local(Side.DESTINATION, negated),
                    new Match.Local(Side.SOURCE, negated))) {
                rules.add(Rule.of(new Action.Drop(), match).comment("negated " + negated));
            }
            for (List<PortRange> ports : List.of(List.of(PortRange.of(80)), List.of(new PortRange(100, 200)),
                    List.of(PortRange.of(53), new PortRange(8000, 9000), new PortRange(60000, 65535)))) {
                rules.add(Rule.of(new Action.Return(), new Match.Protocol(6, true, false), new Match.Ports(Side.DESTINATION, ports, negated)));
                rules.add(Rule.of(new Action.Return(), new Match.Protocol(17, true, false), new Match.Ports(Side.SOURCE, ports, negated)));
            }
            rules.add(Rule.of(new Action.Drop(), Match.Protocol.of(1), new Match.Icmp(8, -1, negated)).only(Set.of(Family.V4)));
            rules.add(Rule.of(new Action.Drop(), Match.Protocol.of(1), new Match.Icmp(3, 4, negated)).only(Set.of(Family.V4)));
            rules.add(Rule.of(new Action.Drop(), Match.Protocol.of(58), new Match.Icmp(128, -1, negated)).only(Set.of(Family.V6)));
        }
        rules.add(Rule.of(new Action.SetMark(0x10000, 0x30000)));
        rules.add(Rule.of(new Action.ClearMark(0x180000)));
        rules.add(Rule.of(new Action.Drop(), Match.Protocol.of(6), new Match.TcpSyn()));
        rules.add(Rule.of(new Action.Drop(), Match.Protocol.of(6), new Match.ConnectionsAbove(20)));
        rules.add(Rule.of(Action.SetMark.of(0x20000), new Match.WithinRate(1000, 7)));
        rules.add(Rule.of(new Action.Log("calico-packet: ", 5)));
        rules.add(Rule.of(new Action.Nothing()).comment("NetworkPolicy default/empty ingress"));
        rules.add(Rule.of(new Action.Reject(Action.With.PORT_UNREACHABLE), Match.Protocol.of(17)));
        rules.add(Rule.of(new Action.Reject(Action.With.TCP_RESET), Match.Protocol.of(6)));
        rules.add(Rule.of(new Action.Accept()));
        ruleset.put(new Chain.Rules(EVERYTHING, Rule.BOTH, rules));
        ruleset.put(Chain.Rules.of(RAW,
                Rule.of(new Action.NoTrack(), Match.Protocol.of(17), new Match.Ports(Side.DESTINATION, List.of(PortRange.of(8472)), false)),
                Rule.of(new Action.Drop(), new Match.Interface(Way.IN, "cali", true, false), new Match.NotReversePath())));
        ruleset.put(new HookPoint(Layer.RAW, Hook.PREROUTING), new HookRules(List.of(Rule.of(new Action.Jump(RAW))), List.of()));
        ruleset.put(new HookPoint(Layer.FILTER, Hook.FORWARD), new HookRules(List.of(Rule.of(new Action.Goto(EVERYTHING))), List.of()));
        ruleset.put(new HookPoint(Layer.NAT, Hook.POSTROUTING), new HookRules(List.of(), List.of(
                Rule.of(new Action.Masquerade(true), new Match.Net(Side.SOURCE, Cidr.of("10.0.0.0/8"), false)),
                Rule.of(new Action.Masquerade(false), new Match.Net(Side.SOURCE, Cidr.of("fd00::/8"), false)),
                Rule.of(new Action.Snat(Ip.of("192.0.2.7"), true, Optional.of(new PortRange(1000, 2000))), new Match.Protocol(6, true, false),
                        new Match.Net(Side.SOURCE, Cidr.of("10.9.0.0/16"), false)),
                Rule.of(new Action.Snat(Ip.of("fd00::7"), true, Optional.of(new PortRange(1000, 2000))), new Match.Protocol(17, true, false),
                        new Match.Net(Side.SOURCE, Cidr.of("fd09::/16"), false)))));
        return ruleset;
    }
}
