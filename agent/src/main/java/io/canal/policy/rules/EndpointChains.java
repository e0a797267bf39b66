package io.canal.policy.rules;

import static io.canal.policy.rules.Verdicts.clear;
import static io.canal.policy.rules.Verdicts.notClear;
import static io.canal.policy.rules.Verdicts.rule;
import static io.canal.policy.rules.Verdicts.set;

import io.canal.policy.EndpointPolicies;
import io.canal.policy.PolicyId;
import io.canal.policy.TierPolicies;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.CtState;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Match;
import io.canal.ruleset.PortRange;
import io.canal.ruleset.Rule;
import io.canal.ruleset.Rule.Place;
import io.canal.ruleset.Side;
import io.canal.ruleset.Way;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * The chains of endpoints: conntrack's shortcut, then tier by tier the policies, then the profiles.
 *
 * <p>Policies of a tier that stand one after the other and have the same selector hold for the same endpoints, so that they have a
 * chain in common: a group.
 */
final class EndpointChains {

    private static final int UDP = 17;
    private static final int IPIP = 4;
    /** In the chain of a group the verdict is looked at after so many policies. */
    private static final int STRIDE = 5;
    /** In nftables a packet with a verdict returns after so many jumps. */
    private static final int LOOK = 16;

    private final Verdicts verdicts;
    private final Marks marks;
    private final Function<PolicyId, String> selectors;
    private final List<Chain.Rules> made = new ArrayList<>();

    private enum Kind {
        NORMAL,
        FORWARD,
        UNTRACKED,
        PRE_DNAT
    }

    /** @param selectors the selector of each policy that an endpoint has */
    EndpointChains(Verdicts verdicts, Function<PolicyId, String> selectors) {
        this.verdicts = verdicts;
        this.selectors = selectors;
        marks = verdicts.marks();
    }

    /** The chains of a pod's interface, and those of the groups that they lead to. */
    List<Chain.Rules> of(EndpointPolicies.Workload endpoint, WorkloadTraits traits) {
        boolean accepts = verdicts.settings().filterAccepts();
        String iface = endpoint.id().interfaceName();
        workload(Names.endpoint(Layer.FILTER, "cali-tw-", iface), true, accepts, traits.toPod(), List.of(), endpoint);
        workload(Names.endpoint(Layer.FILTER, "cali-fw-", iface), false, accepts, traits.fromPod(), encapsulated(), endpoint);
        return made;
    }

    /** The chains of one of the node's own interfaces, and those of the groups that they lead to. */
    List<Chain.Rules> of(EndpointPolicies.Host endpoint) {
        boolean accepts = verdicts.settings().filterAccepts();
        host(Dispatches.ToHostEndpoints.FILTER_TO, endpoint, Kind.NORMAL, accepts, endpoint.tiers());
        host(Dispatches.ToHostEndpoints.FILTER_FROM, endpoint, Kind.NORMAL, accepts, endpoint.tiers());
        host(Dispatches.ToHostEndpoints.FORWARD_TO, endpoint, Kind.FORWARD, accepts, endpoint.forward());
        host(Dispatches.ToHostEndpoints.FORWARD_FROM, endpoint, Kind.FORWARD, accepts, endpoint.forward());
        // An allowed packet goes on: others may want to change it in mangle.
        host(Dispatches.ToHostEndpoints.MANGLE_TO, endpoint, Kind.NORMAL, false, endpoint.tiers());
        if (!endpoint.preDnat().isEmpty()) {
            host(Dispatches.ToHostEndpoints.MANGLE_FROM, endpoint, Kind.PRE_DNAT, verdicts.settings().mangleAccepts(), endpoint.preDnat());
        }
        if (Dispatches.isUntracked(endpoint)) {
            host(Dispatches.ToHostEndpoints.RAW_TO, endpoint, Kind.UNTRACKED, true, endpoint.untracked());
            host(Dispatches.ToHostEndpoints.RAW_FROM, endpoint, Kind.UNTRACKED, true, endpoint.untracked());
        }
        return made;
    }

    private void workload(ChainName name, boolean ingress, boolean accepts, WorkloadTraits.Limits limits, List<Rule> refused,
            EndpointPolicies.Workload endpoint) {
        String way = ingress ? "ingress" : "egress";
        List<Rule> rules = new ArrayList<>(TraitRules.rate(marks, limits, way));
        connection(name.layer(), rules, accepts);
        rules.addAll(TraitRules.connections(limits, way));
        rules.add(cleared(endpoint.tiers(), ingress));
        rules.addAll(refused);
        decide(name.layer(), Kind.NORMAL, ingress, endpoint.tiers(), endpoint.profiles(), rules);
        made.add(new Chain.Rules(name, Rule.BOTH, rules));
    }

    private void host(Dispatches.ToHostEndpoints dispatch, EndpointPolicies.Host endpoint, Kind kind, boolean accepts, List<TierPolicies> tiers) {
        boolean ingress = dispatch.way() == Way.IN;
        String failsafe = kind == Kind.FORWARD ? "" : ingress ? StaticChains.FAILSAFE_IN : StaticChains.FAILSAFE_OUT;
        ChainName name = dispatch.target(endpoint.id());
        List<Rule> rules = new ArrayList<>();
        if (kind != Kind.UNTRACKED) {
            connection(name.layer(), rules, accepts);
        }
        if (!failsafe.isEmpty()) {
            rules.add(rule(new Action.Jump(new ChainName(name.layer(), failsafe))));
        }
        rules.add(cleared(tiers, ingress));
        decide(name.layer(), kind, ingress, tiers, endpoint.profiles(), rules);
        made.add(new Chain.Rules(name, Rule.BOTH, rules));
    }

    private void connection(Layer layer, List<Rule> rules, boolean accepts) {
        Match known = new Match.Conntrack(Set.of(CtState.RELATED, CtState.ESTABLISHED), false);
        if (accepts) {
            rules.add(rule(new Action.Accept(), known));
        } else {
            rules.add(rule(Action.SetMark.of(marks.accept()), known));
            rules.add(rule(new Action.Return(), known));
        }
        if (verdicts.settings().dropsInvalid()) {
            rules.add(rule(verdicts.deny(layer), new Match.Conntrack(Set.of(CtState.INVALID), false)));
        }
    }

    /** Packets by which a pod could go round the policy of others. */
    private List<Rule> encapsulated() {
        List<Rule> rules = new ArrayList<>();
        RuleSettings settings = verdicts.settings();
        if (!settings.vxlanFromWorkloads()) {
            rules.add(rule(verdicts.deny(Layer.FILTER), Match.Protocol.of(UDP),
                    new Match.Ports(Side.DESTINATION, List.of(PortRange.of(settings.vxlanPort())), false))
                    .comment(verdicts.denyWord() + " VXLAN encapped packets originating in workloads"));
        }
        if (!settings.ipipFromWorkloads()) {
            rules.add(rule(verdicts.deny(Layer.FILTER), Match.Protocol.of(IPIP))
                    .comment(verdicts.denyWord() + " IPinIP encapped packets originating in workloads"));
        }
        return rules;
    }

    /** In nftables the start of the first tier clears as well. */
    private Rule cleared(List<TierPolicies> tiers, boolean ingress) {
        Rule cleared = rule(new Action.ClearMark(marks.verdict()));
        return tiers.stream().anyMatch(tier -> !policies(tier, ingress).isEmpty()) ? cleared.in(Place.IPTABLES) : cleared;
    }

    private static List<PolicyId> policies(TierPolicies tier, boolean ingress) {
        return ingress ? tier.ingress() : tier.egress();
    }

    private void decide(Layer layer, Kind kind, boolean ingress, List<TierPolicies> tiers, List<String> profiles, List<Rule> rules) {
        boolean drops = kind == Kind.NORMAL || kind == Kind.FORWARD;
        boolean first = true;
        for (TierPolicies tier : tiers) {
            List<PolicyId> policies = policies(tier, ingress);
            if (policies.isEmpty()) {
                continue;
            }
            Rule start = rule(new Action.ClearMark(marks.pass())).comment(Names.comment("Start of tier " + tier.tier()));
            rules.add(first ? start.in(Place.IPTABLES) : start);
            if (first) {
                rules.add(start.with(new Action.ClearMark(marks.verdict())).in(Place.NFTABLES));
            }
            first = false;
            ask(kind, chains(layer, ingress, policies), rules);
            // Staged policies decide nothing, so a tier that has no others lets packets pass.
            if (drops && !tier.passes() && !policies.stream().allMatch(EndpointChains::isStaged)) {
                rules.add(rule(verdicts.deny(layer), clear(marks.pass()))
                        .comment(Names.comment("End of tier " + tier.tier() + ". " + verdicts.denyWord() + " if no policies passed packet")));
            }
        }
        if (kind == Kind.FORWARD && tiers.isEmpty()) {
            rules.add(rule(Action.SetMark.of(marks.accept())).comment("Allow forwarded traffic by default"));
            rules.add(rule(new Action.Return()).comment("Return for accepted forward traffic"));
        }
        if (kind == Kind.NORMAL) {
            for (String profile : profiles) {
                rules.add(rule(new Action.Jump(Names.profile(layer, ingress, profile))));
                rules.add(rule(new Action.Return(), set(marks.accept())).comment("Return if profile accepted"));
            }
            rules.add(rule(verdicts.deny(layer)).comment(verdicts.denyWord() + " if no profiles matched"));
        }
    }

    /**
     * Leads to one chain after the other until one has decided. The kernel's check of a table takes as long as it has rules that are
     * reached, so that in nftables the jump itself asks whether there is a verdict, and few rules return.
     */
    private void ask(Kind kind, List<ChainName> chains, List<Rule> rules) {
        Rule accepted = rule(new Action.Return(), set(marks.accept())).comment("Return if policy accepted");
        for (int i = 0; i < chains.size(); i++) {
            Action jump = new Action.Jump(chains.get(i));
            if (kind == Kind.UNTRACKED) {
                rules.add(rule(jump, clear(marks.pass())));
                rules.add(rule(new Action.NoTrack(), set(marks.accept())));
                rules.add(accepted);
                continue;
            }
            rules.add(rule(jump, clear(marks.pass())).in(Place.IPTABLES));
            rules.add(accepted.in(Place.IPTABLES));
            rules.add((i == 0 ? rule(jump) : rule(jump, clear(marks.verdict()))).in(Place.NFTABLES));
            if (i == chains.size() - 1 || i % LOOK == LOOK - 1) {
                rules.add(accepted.in(Place.NFTABLES));
            }
        }
    }

    /** The chains of the policies in order, with one chain for each group. */
    private List<ChainName> chains(Layer layer, boolean ingress, List<PolicyId> policies) {
        List<ChainName> chains = new ArrayList<>();
        int at = 0;
        while (at < policies.size()) {
            String selector = selectors.apply(policies.get(at));
            int end = at + 1;
            while (end < policies.size() && selectors.apply(policies.get(end)).equals(selector)) {
                end++;
            }
            List<PolicyId> same = policies.subList(at, end);
            List<PolicyId> enforced = same.stream().filter(id -> !isStaged(id)).toList();
            if (enforced.size() > 1) {
                chains.add(group(Names.group(layer, ingress, selector, same), ingress, enforced));
            } else {
                enforced.forEach(id -> chains.add(Names.policy(layer, ingress, id)));
            }
            at = end;
        }
        return chains;
    }

    private ChainName group(ChainName name, boolean ingress, List<PolicyId> policies) {
        if (made.stream().anyMatch(chain -> chain.name().equals(name))) {
            return name;
        }
        List<Rule> rules = new ArrayList<>();
        Rule decided = rule(new Action.Return(), notClear(marks.verdict())).comment("Return on verdict");
        for (int i = 0; i < policies.size(); i++) {
            if (i > 0 && i % STRIDE == 0) {
                rules.add(decided.in(Place.IPTABLES));
            }
            if (i > 0 && i % LOOK == 0) {
                rules.add(decided.in(Place.NFTABLES));
            }
            Action jump = new Action.Jump(Names.policy(name.layer(), ingress, policies.get(i)));
            Rule always = rule(jump);
            Rule undecided = rule(jump, clear(marks.verdict()));
            if (i % STRIDE == 0 == (i % LOOK == 0)) {
                rules.add(i % STRIDE == 0 ? always : undecided);
            } else {
                rules.add((i % STRIDE == 0 ? always : undecided).in(Place.IPTABLES));
                rules.add((i % LOOK == 0 ? always : undecided).in(Place.NFTABLES));
            }
        }
        made.add(new Chain.Rules(name, Rule.BOTH, rules));
        return name;
    }

    private static boolean isStaged(PolicyId id) {
        return switch (id.kind()) {
            case STAGED_NETWORK_POLICY, STAGED_GLOBAL_NETWORK_POLICY, STAGED_KUBERNETES_NETWORK_POLICY -> true;
            default -> false;
        };
    }
}
