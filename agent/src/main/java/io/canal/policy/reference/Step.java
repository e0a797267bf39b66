package io.canal.policy.reference;

import io.canal.model.calico.RuleAction;
import io.canal.policy.PolicyId;

/** One thing that was looked at on the way to a verdict. */
public sealed interface Step {

    /** The step in words, such as {@code tier default: NetworkPolicy red/a: rule 0 allows}. */
    String text();

    /** @param rule which rule of the policy in this direction, counted from 0 */
    record PolicyRule(String tier, PolicyId policy, int rule, RuleAction action) implements Step {

        @Override
        public String text() {
            return "tier " + tier + ": " + policy + ": rule " + rule + " " + verb(action);
        }
    }

    /** A policy of which no rule decided. */
    record PolicyWithoutMatch(String tier, PolicyId policy) implements Step {

        @Override
        public String text() {
            return "tier " + tier + ": " + policy + ": no rule decides";
        }
    }

    /** No policy of the tier decided. */
    record EndOfTier(String tier, RuleAction action) implements Step {

        @Override
        public String text() {
            return "end of tier " + tier + ": its default action " + verb(action);
        }
    }

    /** @param rule which rule of the profile in this direction, counted from 0 */
    record ProfileRule(String profile, int rule, RuleAction action) implements Step {

        @Override
        public String text() {
            return "profile " + profile + ": rule " + rule + " " + verb(action);
        }
    }

    /** A profile of which no rule decided. */
    record ProfileWithoutMatch(String profile) implements Step {

        @Override
        public String text() {
            return "profile " + profile + ": no rule decides";
        }
    }

    /** The endpoint names a profile that does not exist: nothing gets past it. */
    record MissingProfile(String profile) implements Step {

        @Override
        public String text() {
            return "profile " + profile + " does not exist, which denies";
        }
    }

    /** Neither a policy nor a profile allowed the packet. */
    record NoProfile() implements Step {

        @Override
        public String text() {
            return "no profile allows it, which denies";
        }
    }

    /** Something that is no policy of anybody's. */
    record Fixed(String text, boolean allows) implements Step {}

    private static String verb(RuleAction action) {
        return switch (action) {
            case ALLOW -> "allows";
            case DENY -> "denies";
            case LOG -> "logs";
            case PASS -> "passes on to the next tier";
        };
    }
}
