package io.canal.policy.rules;

import io.canal.model.Ip.Family;
import io.canal.policy.ActivePolicy;
import io.canal.policy.ActiveProfile;
import io.canal.policy.PolicyId;
import io.canal.policy.ResolvedRule;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Chains of policies and profiles: each rule leaves its verdict in the mark and returns, or drops. */
final class PolicyChains {

    private static final String DEFAULT_PREFIX = "calico-packet";
    private static final int LOG_LEVEL = 5;
    private static final String AFTER_PREFIX = ": ";
    private static final int LONGEST_PREFIX = 127;
    private static final Pattern UNSAFE = Pattern.compile("[^ !#-\\[\\]-~]");

    private final Verdicts verdicts;

    PolicyChains(Verdicts verdicts) {
        this.verdicts = verdicts;
    }

    Chain.Rules policy(Layer layer, boolean ingress, ActivePolicy policy) {
        PolicyId id = policy.id();
        String path = id.namespace().isEmpty() ? id.name() : id.namespace() + "/" + id.name();
        return chain(Names.policy(layer, ingress, id), ingress ? policy.ingress() : policy.egress(),
                id.text() + (ingress ? " ingress" : " egress"), log(policy.tier(), Names.kind(id), id.name(), path));
    }

    Chain.Rules profile(Layer layer, boolean ingress, ActiveProfile profile) {
        return chain(Names.profile(layer, ingress, profile.name()), ingress ? profile.ingress() : profile.egress(),
                "Profile " + profile.name() + (ingress ? " ingress" : " egress"), log("", "pro", profile.name(), profile.name()));
    }

    private Chain.Rules chain(ChainName name, List<ResolvedRule> rules, String comment, Action.Log log) {
        return new Chain.Rules(name, Rule.BOTH, byRule(name.layer(), rules, comment, log).stream().flatMap(List::stream).toList());
    }

    /** The rules of {@link #policy}'s chain, for each rule of the policy. */
    List<List<Rule>> byRule(Layer layer, boolean ingress, ActivePolicy policy) {
        return byRule(layer, ingress ? policy.ingress() : policy.egress(), "", log(policy.tier(), Names.kind(policy.id()), policy.id().name(), ""));
    }

    private List<List<Rule>> byRule(Layer layer, List<ResolvedRule> rules, String comment, Action.Log log) {
        String safe = Names.comment(comment);
        return merge(written(new RuleWriter(verdicts, layer, Family.V4, log), rules, safe),
                written(new RuleWriter(verdicts, layer, Family.V6, log), rules, safe));
    }

    private static List<List<Rule>> written(RuleWriter writer, List<ResolvedRule> rules, String comment) {
        List<List<Rule>> lists = new ArrayList<>();
        rules.forEach(rule -> lists.add(new ArrayList<>(writer.write(rule))));
        trim(lists);
        head(lists, comment);
        return lists;
    }

    /** A chain returns at its end anyway. */
    private static void trim(List<List<Rule>> lists) {
        for (List<Rule> list : lists.reversed()) {
            if (!list.isEmpty()) {
                Rule last = list.removeLast();
                list.add(last.action() instanceof Action.Conclude conclude && conclude.end() instanceof Action.Return ? last.with(Action.SetMark.of(conclude.bits())) : last);
                return;
            }
        }
    }

    /** The first rule says whose the chain is; a chain without rules has one that does nothing else. */
    private static void head(List<List<Rule>> lists, String comment) {
        for (List<Rule> list : lists) {
            if (!list.isEmpty()) {
                list.set(0, list.getFirst().comment(comment));
                return;
            }
        }
        List<Rule> only = List.of(Rule.of(new Action.Nothing()).comment(comment));
        if (lists.isEmpty()) {
            lists.add(only);
        } else {
            lists.set(0, only);
        }
    }

    /**
     * For each rule of the policy the rules of both families, in an order that is that of each; those at the end of a policy's rule that
     * both have become one.
     */
    private static List<List<Rule>> merge(List<List<Rule>> v4, List<List<Rule>> v6) {
        List<List<Rule>> all = new ArrayList<>();
        for (int i = 0; i < Math.max(v4.size(), v6.size()); i++) {
            List<Rule> a = i < v4.size() ? v4.get(i) : List.of();
            List<Rule> b = i < v6.size() ? v6.get(i) : List.of();
            List<Rule> merged = new ArrayList<>();
            int common = 0;
            while (common < a.size() && common < b.size() && a.get(a.size() - 1 - common).equals(b.get(b.size() - 1 - common))) {
                common++;
            }
            a.subList(0, a.size() - common).forEach(rule -> merged.add(rule.only(Set.of(Family.V4))));
            b.subList(0, b.size() - common).forEach(rule -> merged.add(rule.only(Set.of(Family.V6))));
            merged.addAll(a.subList(a.size() - common, a.size()));
            all.add(merged);
        }
        return all;
    }

    private Action.Log log(String tier, String kind, String name, String path) {
        String pattern = verdicts.settings().logPrefix().isEmpty() ? DEFAULT_PREFIX : verdicts.settings().logPrefix();
        StringBuilder prefix = new StringBuilder();
        for (int i = 0; i < pattern.length(); i++) {
            char next = pattern.charAt(i) == '%' && i + 1 < pattern.length() ? pattern.charAt(i + 1) : ' ';
            String value = switch (next) {
                case 't' -> tier;
                case 'k' -> kind;
                case 'n' -> name;
                case 'p' -> path;
                default -> null;
            };
            if (value == null) {
                prefix.append(pattern.charAt(i));
            } else {
                prefix.append(value);
                i++;
            }
        }
        String safe = UNSAFE.matcher(prefix.append(AFTER_PREFIX)).replaceAll("_");
        return new Action.Log(safe.length() > LONGEST_PREFIX ? safe.substring(0, LONGEST_PREFIX) : safe, LOG_LEVEL);
    }
}
