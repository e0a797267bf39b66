package io.canal.policy.rules;

import static io.canal.policy.rules.Dispatches.workload;
import static io.canal.policy.rules.Verdicts.clear;
import static io.canal.policy.rules.Verdicts.rule;
import static io.canal.policy.rules.Verdicts.set;

import io.canal.model.Cidr;
import io.canal.model.Ip.Family;
import io.canal.policy.rules.Dispatches.ToHostEndpoints;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.CtState;
import io.canal.ruleset.Hook;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Match;
import io.canal.ruleset.PortRange;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Side;
import io.canal.ruleset.Way;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** The chains that are there whatever policies and endpoints there are, and the rules of the kernel's chains that lead to them. */
final class StaticChains {

    static final String FAILSAFE_IN = "cali-failsafe-in";
    static final String FAILSAFE_OUT = "cali-failsafe-out";
    static final ChainName RPF_SKIP = raw("cali-rpf-skip");
    static final ChainName NAT_OUTGOING = ChainName.nat("cali-nat-outgoing");
    static final ChainName FLOATING_IN = ChainName.nat("cali-fip-dnat");
    static final ChainName FLOATING_OUT = ChainName.nat("cali-fip-snat");
    static final ChainName DSCP = mangle("cali-egress-dscp");

    private static final ChainName RAW_PREROUTING = raw("cali-PREROUTING");
    private static final ChainName RAW_OUTPUT = raw("cali-OUTPUT");
    private static final ChainName MANGLE_PREROUTING = mangle("cali-PREROUTING");
    private static final ChainName MANGLE_POSTROUTING = mangle("cali-POSTROUTING");
    private static final ChainName NAT_PREROUTING = ChainName.nat("cali-PREROUTING");
    private static final ChainName NAT_OUTPUT = ChainName.nat("cali-OUTPUT");
    private static final ChainName NAT_POSTROUTING = ChainName.nat("cali-POSTROUTING");
    private static final ChainName INPUT = ChainName.filter("cali-INPUT");
    private static final ChainName FORWARD = ChainName.filter("cali-FORWARD");
    private static final ChainName OUTPUT = ChainName.filter("cali-OUTPUT");
    private static final ChainName TO_HOST = ChainName.filter("cali-wl-to-host");
    private static final ChainName SERVICE_LOOPS = ChainName.filter("cali-cidr-block");

    private static final String HOST_ACCEPTED = "Host endpoint policy accepted packet.";
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ICMP_V6 = 58;
    /** Multicast listener query, report and done, router solicitation, neighbour solicitation and advertisement. */
    private static final List<Integer> NEIGHBOUR_DISCOVERY = List.of(130, 131, 132, 133, 135, 136);

    private final Verdicts verdicts;
    private final RuleSettings settings;
    private final Marks marks;

    StaticChains(Verdicts verdicts) {
        this.verdicts = verdicts;
        settings = verdicts.settings();
        marks = verdicts.marks();
    }

    private static ChainName raw(String name) {
        return new ChainName(Layer.RAW, name);
    }

    private static ChainName mangle(String name) {
        return new ChainName(Layer.MANGLE, name);
    }

    /**
     * The rules of the kernel's chains.
     *
     * @param use what there is, so that nftables can leave out the hooks that nothing needs
     */
    Map<HookPoint, HookRules> hooks(Use use) {
        Map<HookPoint, HookRules> hooks = new TreeMap<>();
        hooks.put(new HookPoint(Layer.RAW, Hook.PREROUTING), first(RAW_PREROUTING, false));
        hooks.put(new HookPoint(Layer.RAW, Hook.OUTPUT), first(RAW_OUTPUT, !use.hostEndpoints()));
        hooks.put(new HookPoint(Layer.MANGLE, Hook.PREROUTING), first(MANGLE_PREROUTING, !use.hostEndpoints()));
        hooks.put(new HookPoint(Layer.MANGLE, Hook.POSTROUTING), first(MANGLE_POSTROUTING, !use.hostEndpoints() && !use.codePoints()));
        hooks.put(new HookPoint(Layer.NAT, Hook.PREROUTING), first(NAT_PREROUTING, !use.floating()));
        hooks.put(new HookPoint(Layer.NAT, Hook.OUTPUT), first(NAT_OUTPUT, !use.floating()));
        hooks.put(new HookPoint(Layer.NAT, Hook.POSTROUTING),
                new HookRules(List.of(), List.of(rule(new Action.Jump(NAT_POSTROUTING))), !use.floating() && !use.natOutgoing()));
        hooks.put(new HookPoint(Layer.FILTER, Hook.INPUT), first(INPUT, false));
        hooks.put(new HookPoint(Layer.FILTER, Hook.FORWARD), new HookRules(List.of(rule(new Action.Jump(FORWARD))), List.of(
                rule(verdicts.allow(), set(marks.accept())).comment("Policy explicitly accepted packet."),
                // So that mangle POSTROUTING does not take a forwarded packet for one of the node's own.
                rule(Action.SetMark.of(marks.accept())))));
        hooks.put(new HookPoint(Layer.FILTER, Hook.OUTPUT), first(OUTPUT, !use.hostEndpoints()));
        if (settings.behindOthers()) {
            hooks.replaceAll((point, rules) -> new HookRules(rules.first(), rules.last(), rules.idle(), true));
        }
        return hooks;
    }

    /** What there is on this node. */
    record Use(boolean hostEndpoints, boolean codePoints, boolean floating, boolean natOutgoing) {}

    private static HookRules first(ChainName chain, boolean idle) {
        return new HookRules(List.of(rule(new Action.Jump(chain))), List.of(), idle);
    }

    /** @param hostEndpoints whether there are any; without them packets have a shorter way on nftables */
    List<Chain> chains(boolean hostEndpoints) {
        List<Chain> chains = new ArrayList<>();
        chains.add(Chain.Rules.of(RAW_OUTPUT,
                rule(new Action.ClearMark(marks.all())),
                rule(new Action.Jump(ToHostEndpoints.RAW_TO.chain())),
                rule(new Action.Accept(), set(marks.accept()))));
        chains.add(Chain.Rules.of(MANGLE_PREROUTING,
                rule(verdicts.mangleAllow(), new Match.Conntrack(Set.of(CtState.RELATED, CtState.ESTABLISHED), false)),
                rule(verdicts.mangleAllow(), set(marks.accept())),
                rule(new Action.Jump(ToHostEndpoints.MANGLE_FROM.chain())),
                rule(verdicts.mangleAllow(), set(marks.accept())).comment(HOST_ACCEPTED)));
        chains.add(manglePostrouting());
        chains.add(Chain.Rules.of(NAT_PREROUTING, rule(new Action.Jump(FLOATING_IN))));
        chains.add(Chain.Rules.of(NAT_OUTPUT, rule(new Action.Jump(FLOATING_IN))));
        chains.add(Chain.Rules.of(NAT_POSTROUTING, rule(new Action.Jump(FLOATING_OUT)), rule(new Action.Jump(NAT_OUTGOING))));
        chains.add(toHost());
        chains.add(Chain.Rules.of(OUTPUT,
                rule(verdicts.allow(), set(marks.accept())),
                rule(new Action.Return(), workload(Way.OUT)),
                rule(new Action.ClearMark(marks.all())),
                rule(new Action.Jump(ToHostEndpoints.FILTER_TO.chain()), new Match.Dnat(true)),
                rule(verdicts.allow(), set(marks.accept())).comment(HOST_ACCEPTED)));
        Chain.Rules serviceLoops = serviceLoops();
        chains.add(serviceLoops);
        if (hostEndpoints) {
            chains.addAll(List.of(rawPrerouting(), input(), forward()));
        } else {
            ShortPaths shorter = new ShortPaths(verdicts);
            chains.add(ShortPaths.instead(rawPrerouting(), shorter.rawPrerouting()));
            chains.add(ShortPaths.instead(input(), shorter.input(TO_HOST)));
            chains.add(ShortPaths.instead(forward(), shorter.forward(serviceLoops)));
            chains.addAll(shorter.chains());
        }
        for (Layer layer : List.of(Layer.RAW, Layer.MANGLE, Layer.FILTER)) {
            chains.add(failsafe(new ChainName(layer, FAILSAFE_IN), settings.failsafeInbound(), settings.failsafeOutbound(), Side.SOURCE));
            chains.add(failsafe(new ChainName(layer, FAILSAFE_OUT), settings.failsafeOutbound(), settings.failsafeInbound(), Side.DESTINATION));
        }
        return chains;
    }

    private Chain.Rules rawPrerouting() {
        List<Rule> rules = new ArrayList<>(Guards.beforeRouting());
        rules.add(rule(new Action.ClearMark(marks.all())));
        rules.add(rule(Action.SetMark.of(marks.scratch0()), workload(Way.IN)));
        rules.add(rule(new Action.Jump(RPF_SKIP), set(marks.scratch0())));
        rules.add(rule(new Action.Drop(), set(marks.scratch0()), new Match.NotReversePath()));
        rules.add(rule(new Action.Jump(ToHostEndpoints.RAW_FROM.chain()), clear(marks.scratch0())));
        rules.add(rule(new Action.Accept(), set(marks.accept())));
        return new Chain.Rules(RAW_PREROUTING, Rule.BOTH, rules);
    }

    private Chain manglePostrouting() {
        List<Rule> rules = new ArrayList<>();
        for (Family family : Family.values()) {
            rules.add(rule(new Action.Jump(DSCP),
                    new Match.InSet(Side.SOURCE, NodeSets.CODE_POINTS.of(family), false),
                    new Match.InSet(Side.DESTINATION, NodeSets.POOLS.of(family), true),
                    new Match.InSet(Side.DESTINATION, NodeSets.THIS_HOST.of(family), true)).comment("set dscp for traffic leaving cluster."));
        }
        rules.add(rule(new Action.Return(), set(marks.accept())));
        rules.add(rule(new Action.ClearMark(marks.all())));
        rules.add(rule(new Action.Jump(ToHostEndpoints.MANGLE_TO.chain()), new Match.Dnat(false)));
        rules.add(rule(new Action.Return(), set(marks.accept())).comment(HOST_ACCEPTED));
        return new Chain.Rules(MANGLE_POSTROUTING, Rule.BOTH, rules);
    }

    private Chain.Rules input() {
        List<Rule> rules = new ArrayList<>(Guards.input(settings.overlayPorts()));
        rules.add(rule(new Action.Goto(TO_HOST), workload(Way.IN)));
        rules.add(rule(verdicts.allow(), set(marks.accept())));
        rules.add(rule(new Action.ClearMark(marks.all())));
        rules.add(rule(new Action.Jump(ToHostEndpoints.FILTER_FROM.chain())));
        rules.add(rule(verdicts.allow(), set(marks.accept())).comment(HOST_ACCEPTED));
        return new Chain.Rules(INPUT, Rule.BOTH, rules);
    }

    private Chain toHost() {
        List<Rule> rules = new ArrayList<>(Guards.toHost());
        for (int type : NEIGHBOUR_DISCOVERY) {
            rules.add(rule(verdicts.allow(), Match.Protocol.of(ICMP_V6), new Match.Icmp(type, -1, false)).only(Set.of(Family.V6)));
        }
        rules.add(rule(new Action.Jump(Dispatches.FROM_WORKLOAD)));
        Action configured = switch (settings.endpointToHost()) {
            case ACCEPT -> new Action.Accept();
            case RETURN -> new Action.Return();
            case DROP -> verdicts.deny(Layer.FILTER);
        };
        rules.add(rule(configured).comment("Configured DefaultEndpointToHostAction"));
        return new Chain.Rules(TO_HOST, Rule.BOTH, rules);
    }

    private Chain.Rules forward() {
        List<Rule> rules = new ArrayList<>(Guards.forward(settings.overlayPorts()));
        rules.add(rule(new Action.ClearMark(marks.all() & ~marks.accept())));
        rules.add(rule(new Action.Jump(ToHostEndpoints.FORWARD_FROM.chain()), clear(marks.accept())));
        rules.add(rule(new Action.Jump(Dispatches.FROM_WORKLOAD), workload(Way.IN)));
        rules.add(rule(new Action.Jump(Dispatches.TO_WORKLOAD), workload(Way.OUT)));
        rules.add(rule(new Action.Jump(ToHostEndpoints.FORWARD_TO.chain())));
        rules.add(rule(new Action.Jump(SERVICE_LOOPS)));
        return new Chain.Rules(FORWARD, Rule.BOTH, rules);
    }

    private Chain.Rules serviceLoops() {
        List<Rule> rules = new ArrayList<>();
        if (settings.serviceLoop() != RuleSettings.ServiceLoop.DISABLED) {
            Action action = settings.serviceLoop() == RuleSettings.ServiceLoop.REJECT
                    ? new Action.Reject(Action.With.PORT_UNREACHABLE)
                    : new Action.Drop();
            settings.serviceBlocks().forEach(block -> rules.add(rule(action, new Match.Net(Side.DESTINATION, block, false))));
        }
        return new Chain.Rules(SERVICE_LOOPS, Rule.BOTH, rules);
    }

    /** In raw there is no connection to know an answer by, so that answers are let through too. */
    private Chain failsafe(ChainName name, List<Failsafe> ports, List<Failsafe> answers, Side peer) {
        List<Rule> rules = new ArrayList<>();
        ports.forEach(port -> rules.add(failsafe(port, Side.DESTINATION, peer)));
        if (name.layer() == Layer.RAW) {
            answers.forEach(port -> rules.add(failsafe(port, Side.SOURCE, peer)));
        }
        return new Chain.Rules(name, Rule.BOTH, rules);
    }

    private static Rule failsafe(Failsafe failsafe, Side portOf, Side peer) {
        List<Match> matches = new ArrayList<>();
        matches.add(new Match.Protocol(failsafe.protocol(), true, false));
        matches.add(new Match.Ports(portOf, List.of(PortRange.of(failsafe.port())), false));
        failsafe.net().ifPresent(net -> matches.add(new Match.Net(peer, net, false)));
        return rule(new Action.Accept(), matches.toArray(Match[]::new));
    }

    /** Masquerades what leaves pools that ask for it. */
    Chain natOutgoing(Set<Family> families) {
        List<Rule> rules = new ArrayList<>();
        for (Family family : families) {
            settings.natPorts().ifPresent(ports -> {
                for (int protocol : List.of(TCP, UDP)) {
                    rules.add(rule(translate(family, Optional.of(ports)), outgoing(family, protocol)));
                    rules.add(rule(new Action.Return(), outgoing(family, protocol)));
                }
            });
            rules.add(rule(translate(family, Optional.empty()), outgoing(family, -1)));
        }
        return new Chain.Rules(NAT_OUTGOING, Rule.BOTH, rules);
    }

    private Action translate(Family family, Optional<PortRange> ports) {
        return settings.natAddress().filter(address -> address.family() == family)
                .<Action>map(address -> new Action.Snat(address, true, ports))
                .orElseGet(() -> new Action.Masquerade(true, ports));
    }

    private Match[] outgoing(Family family, int protocol) {
        List<Match> matches = new ArrayList<>();
        matches.add(new Match.InSet(Side.SOURCE, NodeSets.MASQUERADED_POOLS.of(family), false));
        matches.add(new Match.InSet(Side.DESTINATION, NodeSets.POOLS.of(family), true));
        if (settings.natSparesHosts()) {
            matches.add(new Match.InSet(Side.DESTINATION, NodeSets.ALL_HOSTS.of(family), true));
        }
        if (protocol >= 0) {
            matches.add(new Match.Protocol(protocol, true, false));
        }
        return matches.toArray(Match[]::new);
    }

    /** Sources beside its own addresses that a pod may use. */
    static Chain rpfSkip(Map<String, List<Cidr>> spoofed) {
        List<Rule> rules = new ArrayList<>();
        spoofed.forEach((iface, blocks) -> blocks.forEach(block -> rules.add(rule(new Action.Accept(),
                new Match.Interface(Way.IN, iface, false, false), new Match.Net(Side.SOURCE, block, false)))));
        return new Chain.Rules(RPF_SKIP, Rule.BOTH, rules);
    }
}
