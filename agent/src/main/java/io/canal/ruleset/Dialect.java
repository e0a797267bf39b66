package io.canal.ruleset;

import io.canal.model.Ip.Family;
import java.util.List;
import java.util.stream.Stream;

/** Which rules stand in a dataplane for those of the intermediate form; the meaning is the same in all. */
public enum Dialect {

    /** One thing a rule: what marks and decides is two. */
    IPTABLES,
    /** A rule does all that belongs together, and what must be asked before each chain is asked in the jump to it. */
    NFTABLES,
    /** As {@link #NFTABLES}, without the rules that only packets of members of IPv6 match, while there is not one. */
    NFTABLES_WITHOUT_V6_MEMBERS;

    /** The rules of {@code all} that stand in this dataplane, in order. */
    public Stream<Rule> of(List<Rule> all) {
        return switch (this) {
            case IPTABLES -> all.stream().filter(rule -> rule.place() != Rule.Place.NFTABLES).flatMap(Dialect::steps);
            case NFTABLES -> all.stream().filter(rule -> rule.place() != Rule.Place.IPTABLES);
            case NFTABLES_WITHOUT_V6_MEMBERS -> NFTABLES.of(all).filter(rule -> !asksForV6Member(rule));
        };
    }

    /** The one for nftables that fits the sets of a ruleset. */
    public static Dialect nftables(Ruleset ruleset) {
        return ruleset.sets().stream().anyMatch(set -> isOfV6Members(set) && !ruleset.members(set).isEmpty()) ? NFTABLES : NFTABLES_WITHOUT_V6_MEMBERS;
    }

    /** Whether a member of this set is what a rule needs that {@link #NFTABLES_WITHOUT_V6_MEMBERS} leaves out. */
    public static boolean isOfV6Members(NamedSet set) {
        return set.family() == Family.V6 && set.isOfSelector();
    }

    private static boolean asksForV6Member(Rule rule) {
        for (Match match : rule.matches()) {
            if (match instanceof Match.InSet in && !in.negated() && isOfV6Members(in.set())) {
                return true;
            }
        }
        return false;
    }

    private static Stream<Rule> steps(Rule rule) {
        if (!(rule.action() instanceof Action.Conclude conclude)) {
            return Stream.of(rule);
        }
        Rule end = Rule.of(conclude.end(), new Match.Mark(conclude.bits(), conclude.bits(), false)).only(rule.families());
        for (String comment : conclude.comments()) {
            end = end.comment(comment);
        }
        return Stream.of(rule.with(Action.SetMark.of(conclude.bits())), end);
    }
}
