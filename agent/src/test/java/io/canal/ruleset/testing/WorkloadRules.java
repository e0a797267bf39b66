package io.canal.ruleset.testing;

import io.canal.model.Ip.Family;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.CtState;
import io.canal.ruleset.Match;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.PortRange;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Side;
import io.canal.ruleset.Way;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * A small layout in Felix's manner, for tests of the ruleset: the guard of the overlay, and the dispatch to pods' chains, which allow
 * everything.
 */
public final class WorkloadRules {

    public static final ChainName FORWARD = ChainName.filter("cali-FORWARD");
    public static final ChainName INPUT = ChainName.filter("cali-INPUT");
    public static final ChainName TO_HOST = ChainName.filter("cali-wl-to-host");
    public static final Chain.Dispatch FROM = Chain.Dispatch.closed(ChainName.filter("cali-from-wl-dispatch"), Way.IN);
    public static final Chain.Dispatch TO = Chain.Dispatch.closed(ChainName.filter("cali-to-wl-dispatch"), Way.OUT);

    private static final int ACCEPT = 0x10000;
    private static final int PASS = 0x20000;
    private static final int ALL = 0x1b0000;
    private static final String PREFIX = "cali";
    private static final String FROM_WORKLOADS = "Drop VXLAN encapped packets originating in workloads";
    private static final int UDP = 17;
    private static final int IPIP = 4;

    private WorkloadRules() {}

    /** The nodes from which this one takes VXLAN packets. */
    public static NamedSet overlayPeers(Family family) {
        return new NamedSet("all-vxlan-net", family, NamedSet.Kind.ADDRESS);
    }

    /** The rule that leads from filter INPUT to {@link #INPUT}. */
    public static Rule inputJump() {
        return Rule.of(new Action.Jump(INPUT));
    }

    /** The rule that leads from filter FORWARD to {@link #FORWARD}. */
    public static Rule forwardJump() {
        return Rule.of(new Action.Jump(FORWARD));
    }

    /** The rule at the end of filter FORWARD that lets through what an endpoint's chain accepted. */
    public static Rule acceptAccepted() {
        return Rule.of(new Action.Accept(), new Match.Mark(ACCEPT, ACCEPT, false)).comment("Policy explicitly accepted packet.");
    }

    public static Chain.Rules forward(Collection<Integer> overlayPorts) {
        List<Rule> rules = new ArrayList<>();
        fromWorkloads(overlayPorts, rules);
        rules.add(Rule.of(new Action.ClearMark(ALL)));
        rules.add(Rule.of(new Action.Jump(FROM.name()), workload(Way.IN)));
        rules.add(Rule.of(new Action.Jump(TO.name()), workload(Way.OUT)));
        return new Chain.Rules(FORWARD, Rule.BOTH, rules);
    }

    public static Chain.Rules input(Collection<Integer> overlayPorts) {
        List<Rule> rules = new ArrayList<>();
        fromWorkloads(overlayPorts, rules);
        for (int port : overlayPorts) {
            for (Family family : Family.values()) {
                String ip = family == Family.V4 ? "IPv4" : "IPv6";
                rules.add(Rule.of(new Action.Accept(), udp(), new Match.InSet(Side.SOURCE, overlayPeers(family), false), to(port), local())
                        .comment("Allow " + ip + " VXLAN packets from allowed hosts"));
                rules.add(Rule.of(new Action.Drop(), udp(), to(port), local())
                        .only(Set.of(family)).comment("Drop " + ip + " VXLAN packets from non-allowed hosts"));
            }
        }
        rules.add(Rule.of(new Action.Goto(TO_HOST), workload(Way.IN)));
        return new Chain.Rules(INPUT, Rule.BOTH, rules);
    }

    public static Chain.Rules toHost() {
        return Chain.Rules.of(TO_HOST,
                Rule.of(new Action.Jump(FROM.name())),
                Rule.of(new Action.Accept()).comment("Configured DefaultEndpointToHostAction"));
    }

    public static ChainName fromEndpoint(String iface) {
        return ChainName.filter("cali-fw-" + iface);
    }

    public static ChainName toEndpoint(String iface) {
        return ChainName.filter("cali-tw-" + iface);
    }

    /** What a pod may send: everything but packets of an overlay. */
    public static Chain.Rules fromEndpointAllowAll(String iface, Collection<Integer> overlayPorts) {
        List<Rule> rules = new ArrayList<>(connection());
        for (int port : overlayPorts) {
            rules.add(Rule.of(new Action.Drop(), udp(), to(port)).comment(FROM_WORKLOADS));
        }
        rules.add(Rule.of(new Action.Drop(), Match.Protocol.of(IPIP))
                .comment("Drop IPinIP encapped packets originating in workloads"));
        rules.add(allowAll());
        return new Chain.Rules(fromEndpoint(iface), Rule.BOTH, rules);
    }

    /** What may be sent to a pod: everything. */
    public static Chain.Rules toEndpointAllowAll(String iface) {
        List<Rule> rules = new ArrayList<>(connection());
        rules.add(allowAll());
        return new Chain.Rules(toEndpoint(iface), Rule.BOTH, rules);
    }

    private static List<Rule> connection() {
        return List.of(
                Rule.of(new Action.Accept(), new Match.Conntrack(Set.of(CtState.RELATED, CtState.ESTABLISHED), false)),
                Rule.of(new Action.Drop(), new Match.Conntrack(Set.of(CtState.INVALID), false)),
                Rule.of(new Action.ClearMark(ACCEPT | PASS)));
    }

    private static Rule allowAll() {
        return Rule.of(new Action.SetMark(ACCEPT, ACCEPT)).comment("Allow all");
    }

    private static void fromWorkloads(Collection<Integer> overlayPorts, List<Rule> rules) {
        for (int port : overlayPorts) {
            rules.add(Rule.of(new Action.Drop(), workload(Way.IN), udp(), to(port)).comment(FROM_WORKLOADS));
        }
    }

    private static Match workload(Way way) {
        return new Match.Interface(way, PREFIX, true, false);
    }

    private static Match udp() {
        return Match.Protocol.of(UDP);
    }

    private static Match to(int port) {
        return new Match.Ports(Side.DESTINATION, List.of(PortRange.of(port)), false);
    }

    private static Match local() {
        return new Match.Local(Side.DESTINATION, false);
    }
}
