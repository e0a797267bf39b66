package io.canal.policy.rules;

import io.canal.ruleset.Action;
import io.canal.ruleset.Match;
import io.canal.ruleset.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The parts of a policy's rule that one packet-filter rule has no room for, as rules before it: each part is an "or" of matches, or
 * the negation of one, and what comes of all parts stands in one bit of the mark.
 *
 * <p>Parts that must match come first. The first of them writes its result to that bit itself; each later one to a bit of its own,
 * and takes the common bit away where its own is clear. Felix does the same, except that it does not clear the second bit before a
 * third such part, so that the third restricts nothing once the second has matched.
 */
final class MatchBlocks {

    private final int all;
    private final int one;
    private final List<Rule> rules = new ArrayList<>();
    private int positive;

    MatchBlocks(Marks marks) {
        all = marks.scratch0();
        one = marks.scratch1();
    }

    /** One of the alternatives must match. */
    void oneOf(List<List<Match>> alternatives) {
        begin(0);
        if (positive > 1) {
            rules.add(Rule.of(new Action.ClearMark(one)));
        }
        Action hit = Action.SetMark.of(positive == 0 ? all : one);
        alternatives.forEach(matches -> rules.add(Rule.of(hit, matches.toArray(Match[]::new))));
        if (positive > 0) {
            rules.add(Rule.of(new Action.ClearMark(all), Verdicts.clear(one)));
        }
        positive++;
    }

    /** None of the alternatives may match. */
    void noneOf(List<List<Match>> alternatives) {
        begin(all);
        alternatives.forEach(matches -> rules.add(Rule.of(new Action.ClearMark(all), matches.toArray(Match[]::new))));
    }

    List<Rule> rules() {
        return rules;
    }

    /** That all parts have matched; empty where there are none. */
    Optional<Match> passed() {
        return rules.isEmpty() ? Optional.empty() : Optional.of(Verdicts.set(all));
    }

    private void begin(int value) {
        if (rules.isEmpty()) {
            rules.add(Rule.of(new Action.SetMark(value, all | one)));
        }
    }
}
