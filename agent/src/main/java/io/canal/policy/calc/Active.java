package io.canal.policy.calc;

import io.canal.policy.PolicyId;
import io.canal.policy.ResolvedRule;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Rules in force on this node: those of a policy or of a profile. */
final class Active {

    /** Whose rules they are. */
    sealed interface Owner {

        record OfPolicy(PolicyId id) implements Owner {}

        record OfProfile(String name) implements Owner {}
    }

    final Owner owner;
    private List<RuleResolver> ingress = List.of();
    private List<RuleResolver> egress = List.of();
    /** Those of the rules, each once. */
    private List<SetKey> keys = List.of();

    Active(Owner owner) {
        this.owner = owner;
    }

    /** The rules are these now; sets of the rules before that are needed no more are let go. */
    void rules(List<RuleResolver> in, List<RuleResolver> out, AddressSets sets) {
        Set<SetKey> needed = new LinkedHashSet<>();
        in.forEach(rule -> rule.addKeys(needed));
        out.forEach(rule -> rule.addKeys(needed));
        needed.forEach(key -> sets.use(key, this));
        for (SetKey key : keys) {
            if (!needed.contains(key)) {
                sets.release(key, this);
            }
        }
        ingress = in;
        egress = out;
        keys = List.copyOf(needed);
    }

    void end(AddressSets sets) {
        rules(List.of(), List.of(), sets);
    }

    List<ResolvedRule> ingress(AddressSets sets) {
        return resolved(ingress, sets);
    }

    List<ResolvedRule> egress(AddressSets sets) {
        return resolved(egress, sets);
    }

    private static List<ResolvedRule> resolved(List<RuleResolver> rules, AddressSets sets) {
        List<ResolvedRule> resolved = new ArrayList<>(rules.size());
        for (RuleResolver rule : rules) {
            resolved.add(rule.resolve(sets::named));
        }
        return resolved;
    }
}
