package io.canal.policy;

import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.IpPrefix;
import io.canal.model.Problem;
import io.canal.model.calico.Direction;
import io.canal.model.calico.EntityRule;
import io.canal.model.calico.EntityRule.ServiceAccounts;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Policy;
import io.canal.model.calico.PolicyRule;
import io.canal.model.calico.Profile;
import io.canal.model.calico.ResourceKey;
import io.canal.model.calico.WorkloadEndpoint;
import io.canal.policy.selector.Selector;
import io.canal.policy.selector.Selectors;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Reads the selectors of policies and profiles, and gives each the meaning that its place gives it: a policy of a namespace selects
 * in that namespace only, and labels of namespaces and service accounts are labels {@code pcns.…} and {@code pcsa.…} that endpoints
 * inherit from profiles. The structure of the selectors is Felix's, since the names of sets and chains are made of it.
 *
 * <p>A policy with a selector that cannot be read is bad as a whole: nobody knows whom it means.
 */
public final class Scoping {

    /** What labels that endpoints inherit from their namespace begin with. */
    public static final String NAMESPACE_PREFIX = "pcns.";

    /** What labels that endpoints inherit from their service account begin with. */
    public static final String SERVICE_ACCOUNT_PREFIX = "pcsa.";

    private final Supplier<String> where;
    private final String namespace;

    private final Selectors selectors;

    private Scoping(Supplier<String> where, String namespace, Selectors selectors) {
        this.where = where;
        this.namespace = namespace;
        this.selectors = selectors;
    }

    /** A selector is not one. Never leaves this class. */
    private static final class Unreadable extends Exception {

        private static final long serialVersionUID = 1;

        private final transient Problem problem;

        Unreadable(Problem problem) {
            super(problem.sentence(), null, false, false);
            this.problem = problem;
        }
    }

    public static Decoded<ScopedPolicy> of(Policy policy) {
        return of(policy, new Selectors());
    }

    /** One of many. */
    public static Decoded<ScopedPolicy> of(Policy policy, Selectors selectors) {
        try {
            return Decoded.good(new Scoping(policy.key()::path, policy.namespace(), selectors).policy(policy));
        } catch (Unreadable unreadable) {
            return Decoded.bad(unreadable.problem);
        }
    }

    /** Whom the policy selects, where it is good as a whole: what {@link #of(Policy)} gives without what only those need whom it selects. */
    public static Decoded<Selector> selector(Policy policy, Selectors selectors) {
        try {
            Scoping scoping = new Scoping(policy.key()::path, policy.namespace(), selectors);
            if (policy.governs(Direction.INGRESS)) {
                scoping.check("spec.ingress", policy.ingress());
            }
            if (policy.governs(Direction.EGRESS)) {
                scoping.check("spec.egress", policy.egress());
            }
            return Decoded.good(scoping.selector(policy));
        } catch (Unreadable unreadable) {
            return Decoded.bad(unreadable.problem);
        }
    }

    public static Decoded<ScopedProfile> of(Profile profile) {
        try {
            // Endpoints may name a profile that no key can have.
            Scoping scoping = new Scoping(() -> ResourceKey.prefix(Kind.PROFILE) + profile.name(), "", new Selectors());
            return Decoded.good(new ScopedProfile(profile.name(), profile.labelsToApply(), scoping.rules("ingress", profile.ingress()),
                    scoping.rules("egress", profile.egress())));
        } catch (Unreadable unreadable) {
            return Decoded.bad(unreadable.problem);
        }
    }

    private ScopedPolicy policy(Policy policy) throws Unreadable {
        return new ScopedPolicy(new PolicyId(policy.key().kind(), policy.namespace(), policy.key().name()), policy.tier(), policy.order(),
                selector(policy), policy.types(),
                policy.governs(Direction.INGRESS) ? rules("spec.ingress", policy.ingress()) : List.of(),
                policy.governs(Direction.EGRESS) ? rules("spec.egress", policy.egress()) : List.of(),
                policy.preDnat(), policy.doNotTrack(), policy.applyOnForward(), policy.staged(), policy.neededEverywhere());
    }

    /** What a policy's selector depends on, where it has no others. */
    private record InNamespace(String namespace, String selector) {}

    /** What the selectors of one end of a rule depend on. */
    private record Asked(String namespace, String namespaces, String selector, String notSelector) {}

    private record Selected(Optional<Selector> wanted, Optional<Selector> unwanted) {}

    private Selector selector(Policy policy) throws Unreadable {
        if (!policy.namespaceSelector().isEmpty() || !policy.serviceAccountSelector().isEmpty()) {
            return wholeSelector(policy);
        }
        InNamespace what = new InNamespace(namespace, policy.selector());
        Selector before = selectors.known(what);
        if (before != null) {
            return before;
        }
        Selector now = wholeSelector(policy);
        selectors.know(what, now);
        return now;
    }

    private Selector wholeSelector(Policy policy) throws Unreadable {
        Optional<Selector> selector = read("spec.selector", policy.selector());
        if (!namespace.isEmpty()) {
            selector = both(selector, Optional.of(inOwnNamespace()));
        }
        Optional<Selector> namespaces = read("spec.namespaceSelector", policy.namespaceSelector());
        if (namespaces.isPresent()) {
            selector = both(selector, namespaces.map(some -> some.prefixed(NAMESPACE_PREFIX))).map(all -> all.replacingAll(inANamespace()));
        }
        Optional<Selector> accounts = read("spec.serviceAccountSelector", policy.serviceAccountSelector());
        if (accounts.isPresent()) {
            selector = both(selector, accounts.map(some -> some.prefixed(SERVICE_ACCOUNT_PREFIX)));
            if (namespace.isEmpty()) {
                selector = selector.map(all -> all.replacingAll(Selector.has(WorkloadEndpoint.SERVICE_ACCOUNT_LABEL)));
            }
        }
        return selector.orElse(Selector.ALL);
    }

    private List<ScopedRule> rules(String field, List<PolicyRule> rules) throws Unreadable {
        List<ScopedRule> scoped = new ArrayList<>(rules.size());
        for (int i = 0; i < rules.size(); i++) {
            PolicyRule rule = rules.get(i);
            String at = field + "[" + i + "]";
            scoped.add(new ScopedRule(rule.action(), rule.family(), rule.protocol(), rule.notProtocol(), rule.icmp(), rule.notIcmp(),
                    end(at + ".source", rule.source()), end(at + ".destination", rule.destination()), rule.annotations()));
        }
        return scoped;
    }

    private void check(String field, List<PolicyRule> rules) throws Unreadable {
        for (int i = 0; i < rules.size(); i++) {
            PolicyRule rule = rules.get(i);
            if (!selectors.isGood(rule)) {
                check(field, i, ".source", rule.source());
                check(field, i, ".destination", rule.destination());
                selectors.good(rule);
            }
        }
    }

    private void check(String field, int rule, String end, EntityRule entity) throws Unreadable {
        if (!selectors.knows(entity.serviceAccounts().selector()) || !selectors.knows(entity.selector()) || !selectors.knows(entity.notSelector())
                || !selectors.knows(entity.namespaceSelector())) {
            end(field + "[" + rule + "]" + end, entity);
        }
    }

    private ScopedEnd end(String field, EntityRule entity) throws Unreadable {
        if (entity.isAny()) {
            return ScopedEnd.ANY;
        }
        Selected selected = selected(field, entity);
        return new ScopedEnd(cidrs(entity.nets()), cidrs(entity.notNets()), selected.wanted, selected.unwanted, entity.ports(), entity.notPorts(), entity.services());
    }

    private Selected selected(String field, EntityRule entity) throws Unreadable {
        if (!entity.serviceAccounts().isAny()) {
            return allSelected(field, entity);
        }
        // Where a rule says in which namespaces it looks its own does not matter.
        Asked asked = new Asked(entity.namespaceSelector().isEmpty() ? namespace : "", entity.namespaceSelector(), entity.selector(), entity.notSelector());
        Selected before = selectors.known(asked);
        if (before != null) {
            return before;
        }
        Selected now = allSelected(field, entity);
        selectors.know(asked, now);
        return now;
    }

    private Selected allSelected(String field, EntityRule entity) throws Unreadable {
        Optional<Selector> accounts = accounts(field + ".serviceAccounts.selector", entity.serviceAccounts());
        Optional<Selector> wanted = both(accounts, read(field + ".selector", entity.selector()));
        Optional<Selector> unwanted = read(field + ".notSelector", entity.notSelector());
        Optional<Selector> namespaces = read(field + ".namespaceSelector", entity.namespaceSelector())
                .map(some -> some.prefixed(NAMESPACE_PREFIX).replacingAll(inANamespace()).replacingGlobal(inANamespace().not()));
        if (namespaces.isPresent()) {
            wanted = both(namespaces, wanted);
        } else if (!namespace.isEmpty() && (wanted.isPresent() || unwanted.isPresent())) {
            wanted = both(Optional.of(inOwnNamespace()), wanted);
        }
        if (wanted.isPresent() && unwanted.isPresent()) {
            wanted = both(wanted, unwanted.map(Selector::not));
            unwanted = Optional.empty();
        }
        return new Selected(wanted, unwanted);
    }

    private Optional<Selector> accounts(String field, ServiceAccounts accounts) throws Unreadable {
        Optional<Selector> byLabel = read(field, accounts.selector()).map(some -> some.prefixed(SERVICE_ACCOUNT_PREFIX));
        return accounts.names().isEmpty() ? byLabel
                : both(byLabel, Optional.of(Selector.in(WorkloadEndpoint.SERVICE_ACCOUNT_LABEL, accounts.names())));
    }

    private Selector inOwnNamespace() {
        return Selector.equal(WorkloadEndpoint.NAMESPACE_LABEL, namespace);
    }

    private static Selector inANamespace() {
        return Selector.has(WorkloadEndpoint.NAMESPACE_LABEL);
    }

    private static Optional<Selector> both(Optional<Selector> one, Optional<Selector> other) {
        return one.isEmpty() ? other : other.isEmpty() ? one : Optional.of(one.get().and(other.get()));
    }

    private Optional<Selector> read(String field, String text) throws Unreadable {
        if (text.isEmpty()) {
            return Optional.empty();
        }
        return switch (selectors.parse(where, field, text)) {
            case Decoded.Good<Selector>(Selector selector) -> Optional.of(selector);
            case Decoded.Bad<Selector>(Problem problem) -> throw new Unreadable(problem);
        };
    }

    private static List<Cidr> cidrs(List<IpPrefix> nets) {
        return nets.stream().map(IpPrefix::cidr).toList();
    }
}
