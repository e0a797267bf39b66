package io.canal.policy.rules;

import io.canal.ruleset.Action;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Match;
import io.canal.ruleset.Rule;

/** Rules and actions that recur, with the marks and actions of the settings. */
final class Verdicts {

    private final RuleSettings settings;
    private final Marks marks;

    Verdicts(RuleSettings settings) {
        this.settings = settings;
        marks = Marks.of(settings.markMask());
    }

    RuleSettings settings() {
        return settings;
    }

    Marks marks() {
        return marks;
    }

    /** What is done with a denied packet. REJECT works in no other layer than filter. */
    Action deny(Layer layer) {
        return settings.rejects() && layer == Layer.FILTER ? new Action.Reject(Action.With.PORT_UNREACHABLE) : new Action.Drop();
    }

    /** The word for that in comments; Felix has the same in all layers. */
    String denyWord() {
        return settings.rejects() ? "Reject" : "Drop";
    }

    Action allow() {
        return settings.filterAccepts() ? new Action.Accept() : new Action.Return();
    }

    Action mangleAllow() {
        return settings.mangleAccepts() ? new Action.Accept() : new Action.Return();
    }

    static Match set(int bit) {
        return new Match.Mark(bit, bit, false);
    }

    static Match clear(int bits) {
        return new Match.Mark(0, bits, false);
    }

    static Match notClear(int bits) {
        return new Match.Mark(0, bits, true);
    }

    static Rule rule(Action action, Match... matches) {
        return Rule.of(action, matches);
    }
}
