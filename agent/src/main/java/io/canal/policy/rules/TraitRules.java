package io.canal.policy.rules;

import static io.canal.policy.rules.Verdicts.rule;

import io.canal.policy.rules.WorkloadTraits.Limits;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.Match;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Side;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/** Rules for the traits of pods: limits, floating addresses, code points. */
final class TraitRules {

    private static final int TCP = 6;

    private TraitRules() {}

    /** Before everything else in an endpoint's chain: packets beyond the rate are dropped, whatever they belong to. */
    static List<Rule> rate(Marks marks, Limits limits, String way) {
        if (limits.packets() == 0) {
            return List.of();
        }
        Rule clear = rule(new Action.ClearMark(marks.scratch0())).comment("Clear " + way + " packet rate limit mark");
        return List.of(clear,
                rule(Action.SetMark.of(marks.scratch0()), new Match.WithinRate(limits.packets(), limits.burst()))
                        .comment("Mark packets within " + way + " packet rate limit"),
                rule(new Action.Drop(), new Match.Mark(marks.scratch0(), marks.scratch0(), true)).comment("Drop packets over " + way + " packet rate limit"),
                clear);
    }

    /** Behind conntrack's shortcut: connections beyond the limit are refused. */
    static List<Rule> connections(Limits limits, String way) {
        if (limits.connections() == 0) {
            return List.of();
        }
        return List.of(rule(new Action.Reject(Action.With.TCP_RESET),
                new Match.Protocol(TCP, true, false), new Match.TcpSyn(), new Match.ConnectionsAbove(limits.connections()))
                .comment("Reject connections over " + way + " connection limit"));
    }

    static Chain floatingIn(Collection<WorkloadTraits> all) {
        List<Rule> rules = new ArrayList<>();
        all.forEach(traits -> traits.floating().forEach((external, internal) ->
                rules.add(rule(new Action.Dnat(internal), new Match.Address(Side.DESTINATION, external)))));
        return new Chain.Rules(StaticChains.FLOATING_IN, Rule.BOTH, rules);
    }

    /** A pod that speaks to itself by its floating address must see that address. */
    static Chain floatingOut(Collection<WorkloadTraits> all) {
        List<Rule> rules = new ArrayList<>();
        all.forEach(traits -> traits.floating().forEach((external, internal) -> rules.add(rule(new Action.Snat(external, true),
                new Match.Address(Side.DESTINATION, internal), new Match.Address(Side.SOURCE, internal)))));
        return new Chain.Rules(StaticChains.FLOATING_OUT, Rule.BOTH, rules);
    }

    static Chain codePoints(Collection<WorkloadTraits> all) {
        List<Rule> rules = new ArrayList<>();
        all.forEach(traits -> traits.codePoint().ifPresent(value -> traits.addresses().forEach(address ->
                rules.add(rule(new Action.Dscp(value), new Match.Address(Side.SOURCE, address))))));
        return new Chain.Rules(StaticChains.DSCP, Rule.BOTH, rules);
    }
}
