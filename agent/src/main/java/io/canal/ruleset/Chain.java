package io.canal.ruleset;

import io.canal.model.Ip.Family;
import java.util.List;
import java.util.Set;

/** A chain of ours that hooks, rules or dispatches lead to. */
public sealed interface Chain {

    ChainName name();

    /** The families that have this chain. */
    Set<Family> families();

    /** Rules, one after the other. */
    record Rules(ChainName name, Set<Family> families, List<Rule> rules) implements Chain {

        public Rules {
            families = Set.copyOf(families);
            rules = List.copyOf(rules);
        }

        public static Rules of(ChainName name, Rule... rules) {
            return new Rules(name, Rule.BOTH, List.of(rules));
        }
    }

    /**
     * Goes to the chain of the packet's interface. Its entries are kept by the {@link Ruleset}, since they change one by one: a
     * verdict map in nftables, a tree of rules in iptables.
     *
     * @param end the rules that a packet of an interface without an entry meets
     */
    record Dispatch(ChainName name, Way way, List<Rule> end) implements Chain {

        /** The comment of the rule that drops. */
        public static final String UNKNOWN = "Unknown interface";

        public Dispatch {
            end = List.copyOf(end);
        }

        /** One that drops packets of interfaces that it does not know. */
        public static Dispatch closed(ChainName name, Way way) {
            return new Dispatch(name, way, List.of(Rule.of(new Action.Drop()).comment(UNKNOWN)));
        }

        @Override
        public Set<Family> families() {
            return Rule.BOTH;
        }
    }
}
