package io.canal.policy.rules;

import static io.canal.policy.rules.Dispatches.workload;
import static io.canal.policy.rules.Verdicts.rule;

import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Match;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Rule.Place;
import io.canal.ruleset.Way;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * In nftables, the ways from the kernel's hooks to the chains of pods on a node without host endpoints.
 *
 * <p>A packet of a known connection costs what it meets until it is accepted, and an interface's name costs most of all. So what is only
 * for packets of pods, or of the overlay, stands in a chain of its own, which others pass by with one question; and what is only for host
 * endpoints is not there. Each packet meets the same conditions as in {@link StaticChains}, in the same order.
 */
final class ShortPaths {

    private static final ChainName RAW_FROM_WORKLOAD = new ChainName(Layer.RAW, "cali-from-workload");
    private static final ChainName FROM_WORKLOAD = ChainName.filter("cali-from-workload");
    private static final ChainName OVERLAY = ChainName.filter("cali-overlay");

    private final RuleSettings settings;
    private final Marks marks;

    ShortPaths(Verdicts verdicts) {
        settings = verdicts.settings();
        marks = verdicts.marks();
    }

    /** {@code chain} on iptables, and {@code rules} in its place on nftables. */
    static Chain.Rules instead(Chain.Rules chain, List<Rule> rules) {
        return new Chain.Rules(chain.name(), chain.families(),
                Stream.concat(chain.rules().stream().map(rule -> rule.in(Place.IPTABLES)), rules.stream().map(rule -> rule.in(Place.NFTABLES))).toList());
    }

    /** The chains that only these ways need. */
    List<Chain> chains() {
        List<Rule> fromWorkload = new ArrayList<>(Guards.forwardOfWorkloads(settings.overlayPorts()));
        fromWorkload.add(rule(new Action.ClearMark(marks.all() & ~marks.accept())));
        fromWorkload.add(rule(new Action.Goto(Dispatches.FROM_WORKLOAD)));
        List<Rule> source = new ArrayList<>(Guards.beforeRoutingOfWorkloads());
        source.add(rule(new Action.SetMark(marks.scratch0(), marks.all())));
        source.add(rule(new Action.Jump(StaticChains.RPF_SKIP)));
        source.add(rule(new Action.Drop(), new Match.NotReversePath()));
        return List.of(own(RAW_FROM_WORKLOAD, source), own(FROM_WORKLOAD, fromWorkload), own(OVERLAY, Guards.overlay()));
    }

    private static Chain own(ChainName name, List<Rule> rules) {
        return new Chain.Rules(name, Set.of(), rules);
    }

    /** A mark that a packet brings along opens nothing; a pod's packet comes from its addresses. */
    List<Rule> rawPrerouting() {
        return List.of(rule(new Action.Goto(RAW_FROM_WORKLOAD), workload(Way.IN)), rule(new Action.ClearMark(marks.all())));
    }

    List<Rule> input(ChainName toHost) {
        List<Rule> rules = new ArrayList<>();
        settings.overlayPorts().forEach(port -> rules.add(rule(new Action.Jump(OVERLAY), Guards.overlayPackets(port))));
        rules.add(rule(new Action.Goto(toHost), workload(Way.IN)));
        return rules;
    }

    List<Rule> forward(Chain.Rules serviceLoops) {
        List<Rule> rules = new ArrayList<>();
        rules.add(rule(new Action.Jump(FROM_WORKLOAD), workload(Way.IN)));
        rules.add(rule(new Action.Jump(Dispatches.TO_WORKLOAD), workload(Way.OUT)));
        if (!serviceLoops.rules().isEmpty()) {
            rules.add(rule(new Action.Jump(serviceLoops.name())));
        }
        return rules;
    }
}
