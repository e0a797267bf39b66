package io.canal.policy.calc;

import io.canal.model.calico.PolicyIcmp;
import io.canal.model.calico.PolicyPort;
import io.canal.model.calico.PolicyProtocol;
import io.canal.model.calico.RuleAction;
import io.canal.policy.AddressSet;
import io.canal.policy.ResolvedRule;
import io.canal.policy.ResolvedRule.End;
import io.canal.policy.ResolvedRule.Icmp;
import io.canal.policy.ResolvedRule.Proto;
import io.canal.policy.ResolvedRule.Verdict;
import io.canal.policy.ScopedEnd;
import io.canal.policy.ScopedRule;
import io.canal.policy.selector.Selector;
import io.canal.ruleset.PortRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * A rule with the sets that it needs.
 *
 * <p>As Felix does: a named port's set holds only ports of what the end's selector selects; where an end has named ports alone, the
 * selector needs no set of its own.
 */
record RuleResolver(ScopedRule rule, Ends source, Ends destination) {

    /** The sets of one end. */
    private record Ends(List<SetKey> sets, List<SetKey> notSets, List<SetKey> namedPorts, List<SetKey> notNamedPorts) {

        static final Ends NONE = new Ends(List.of(), List.of(), List.of(), List.of());

        void addTo(Set<SetKey> keys) {
            keys.addAll(sets);
            keys.addAll(notSets);
            keys.addAll(namedPorts);
            keys.addAll(notNamedPorts);
        }
    }

    static RuleResolver of(ScopedRule rule) {
        return new RuleResolver(rule, ends(rule, rule.source(), false), ends(rule, rule.destination(), true));
    }

    /** Adds the sets that it needs. */
    void addKeys(Set<SetKey> keys) {
        source.addTo(keys);
        destination.addTo(keys);
    }

    /** The rule with the names that its sets have now. */
    ResolvedRule resolve(Function<SetKey, AddressSet> named) {
        return new ResolvedRule(verdict(rule.action()), rule.family(), rule.protocol().map(RuleResolver::proto), rule.notProtocol().map(RuleResolver::proto),
                rule.icmp().map(RuleResolver::icmp), rule.notIcmp().map(RuleResolver::icmp),
                end(rule.source(), source, named), end(rule.destination(), destination, named), rule.annotations());
    }

    private static Ends ends(ScopedRule rule, ScopedEnd end, boolean destination) {
        if (end.selector().isEmpty() && end.notSelector().isEmpty() && end.service().isNone() && noneIsNamed(end.ports()) && noneIsNamed(end.notPorts())) {
            return Ends.NONE;
        }
        List<SetKey> sets = new ArrayList<>(1);
        List<SetKey> namedPorts = named(rule, end.ports(), end.selector());
        boolean numbers = false;
        for (PolicyPort port : end.ports()) {
            numbers |= port instanceof PolicyPort.Numbers;
        }
        if (end.selector().isPresent() && (numbers || namedPorts.isEmpty())) {
            sets.add(SetKey.selected(end.selector().get()));
        }
        if (!end.service().isNone()) {
            (destination ? namedPorts : sets).add(SetKey.service(end.service().namespace(), end.service().name(), destination));
        }
        List<SetKey> notSets = end.notSelector().isEmpty() ? List.of() : List.of(SetKey.selected(end.notSelector().get()));
        return new Ends(List.copyOf(sets), notSets, List.copyOf(namedPorts), List.copyOf(named(rule, end.notPorts(), end.selector())));
    }

    private static boolean noneIsNamed(List<PolicyPort> ports) {
        for (PolicyPort port : ports) {
            if (port instanceof PolicyPort.Named) {
                return false;
            }
        }
        return true;
    }

    private static List<SetKey> named(ScopedRule rule, List<PolicyPort> ports, Optional<Selector> selector) {
        if (noneIsNamed(ports)) {
            return List.of();
        }
        List<SetKey> keys = new ArrayList<>();
        for (PolicyPort port : ports) {
            if (port instanceof PolicyPort.Named(String name)) {
                keys.add(SetKey.namedPort(selector.orElse(Selector.ALL), rule.protocol(), name));
            }
        }
        return keys;
    }

    private static End end(ScopedEnd end, Ends ends, Function<SetKey, AddressSet> named) {
        if (end.equals(ScopedEnd.ANY)) {
            return End.ANY;
        }
        return new End(end.nets(), end.notNets(), names(ends.sets, named), names(ends.notSets, named),
                numbers(end.ports()), names(ends.namedPorts, named), numbers(end.notPorts()), names(ends.notNamedPorts, named));
    }

    private static List<AddressSet> names(List<SetKey> keys, Function<SetKey, AddressSet> named) {
        if (keys.isEmpty()) {
            return List.of();
        }
        List<AddressSet> names = new ArrayList<>(keys.size());
        for (SetKey key : keys) {
            names.add(named.apply(key));
        }
        return names;
    }

    private static List<PortRange> numbers(List<PolicyPort> ports) {
        if (ports.isEmpty()) {
            return List.of();
        }
        List<PortRange> ranges = new ArrayList<>(ports.size());
        for (PolicyPort port : ports) {
            if (port instanceof PolicyPort.Numbers(int first, int last)) {
                ranges.add(new PortRange(first, last));
            }
        }
        return ranges;
    }

    private static Verdict verdict(RuleAction action) {
        return switch (action) {
            case ALLOW -> Verdict.ALLOW;
            case DENY -> Verdict.DENY;
            case LOG -> Verdict.LOG;
            case PASS -> Verdict.PASS;
        };
    }

    private static Proto proto(PolicyProtocol protocol) {
        return new Proto(protocol.number(), !protocol.name().isEmpty());
    }

    private static Icmp icmp(PolicyIcmp icmp) {
        return new Icmp(icmp.type(), icmp.code());
    }
}
