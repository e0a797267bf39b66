package io.canal.model.calico;

import io.canal.model.Decoded;
import io.canal.model.Problem;
import io.canal.model.calico.Reading.Malformed;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * A policy as it is enforced: NetworkPolicy, GlobalNetworkPolicy, or a staged one of these. The text of its selectors is as it was
 * written; nothing here has looked into it.
 *
 * @param key also says the kind; the name is the one in etcd, which {@link PolicyNames} translates
 * @param tier never empty
 * @param order positive infinity where the policy has none
 * @param selector over endpoints; empty for all
 * @param namespaceSelector over namespaces; empty for all; only global policies have one
 * @param serviceAccountSelector over service accounts; empty for all
 * @param types the directions that the policy governs; rules of others are not enforced
 * @param preDnat whether the rules see packets before addresses are translated
 * @param doNotTrack whether the rules see packets before connection tracking, which then does not see what they allow
 * @param applyOnForward whether the policy of a host endpoint is also for packets that only pass through the host
 * @param staged what a staged policy is to become; empty for a policy that is enforced
 * @param neededEverywhere whether each node keeps the policy's rules ready, even without an endpoint that it selects
 * @param notes what of the rules could not be read; such a rule opens nothing
 */
public record Policy(
        ResourceKey key,
        String tier,
        double order,
        String selector,
        String namespaceSelector,
        String serviceAccountSelector,
        Set<Direction> types,
        List<PolicyRule> ingress,
        List<PolicyRule> egress,
        boolean preDnat,
        boolean doNotTrack,
        boolean applyOnForward,
        Optional<StagedAction> staged,
        boolean neededEverywhere,
        List<Problem> notes) {

    /** The tier of policies that name none. */
    public static final String DEFAULT_TIER = "default";

    /** The kinds that {@link #of} reads. */
    public static final Set<Kind> KINDS = Set.copyOf(EnumSet.of(Kind.NETWORK_POLICY, Kind.GLOBAL_NETWORK_POLICY, Kind.STAGED_NETWORK_POLICY,
            Kind.STAGED_GLOBAL_NETWORK_POLICY));

    /** What a staged policy stands for. */
    public enum StagedAction {
        SET,
        DELETE,
        LEARN,
        IGNORE
    }

    public Policy {
        types = Set.copyOf(types);
        ingress = List.copyOf(ingress);
        egress = List.copyOf(egress);
        notes = List.copyOf(notes);
    }

    /** Reads a policy; bad where not even its place and its selectors can be told. A rule that cannot be read is a note. */
    public static Decoded<Policy> of(Resource resource) {
        return of(resource, new KnownRules());
    }

    /** Reads one of many. */
    public static Decoded<Policy> of(Resource resource, KnownRules known) {
        return Reading.spec(resource, spec -> read(resource.key(), spec, known));
    }

    private static Policy read(ResourceKey key, Reading spec, KnownRules known) throws Malformed {
        List<Problem> notes = new ArrayList<>();
        String tier = spec.text("tier");
        List<Direction> types = spec.list("types", Direction::parse, "Ingress or Egress");
        boolean global = !key.kind().namespaced();
        return new Policy(key,
                tier.isEmpty() ? DEFAULT_TIER : tier,
                spec.number("order", Double.POSITIVE_INFINITY),
                spec.text("selector"),
                global ? spec.text("namespaceSelector") : "",
                spec.text("serviceAccountSelector"),
                // A policy that was stored without types governs both, whatever its rules: that is what Felix does.
                types.isEmpty() ? EnumSet.allOf(Direction.class) : EnumSet.copyOf(types),
                RuleReading.rules(spec, "ingress", known, notes),
                RuleReading.rules(spec, "egress", known, notes),
                global && spec.flag("preDNAT"),
                global && spec.flag("doNotTrack"),
                global && spec.flag("applyOnForward"),
                staged(key.kind(), spec),
                spec.texts("performanceHints").contains("AssumeNeededOnEveryNode"),
                notes);
    }

    private static Optional<StagedAction> staged(Kind kind, Reading spec) throws Malformed {
        if (kind != Kind.STAGED_NETWORK_POLICY && kind != Kind.STAGED_GLOBAL_NETWORK_POLICY) {
            return Optional.empty();
        }
        return Optional.of(switch (spec.text("stagedAction").toLowerCase(Locale.ROOT)) {
            case "", "set" -> StagedAction.SET;
            case "delete" -> StagedAction.DELETE;
            case "learn" -> StagedAction.LEARN;
            case "ignore" -> StagedAction.IGNORE;
            default -> throw spec.bad("stagedAction", "Set, Delete, Learn or Ignore");
        });
    }

    /** The namespace whose endpoints the policy selects from; empty for a global one. */
    public String namespace() {
        return key.namespace();
    }

    /** Whether the other one stands at the same place, selects the same and governs the same, whatever its rules are. */
    public boolean differsInRulesOnly(Policy other) {
        return withoutRules().equals(other.withoutRules());
    }

    private Policy withoutRules() {
        return new Policy(key, tier, order, selector, namespaceSelector, serviceAccountSelector, types, List.of(), List.of(), preDnat, doNotTrack, applyOnForward, staged,
                neededEverywhere, List.of());
    }

    public boolean governs(Direction direction) {
        return types.contains(direction);
    }

    public List<PolicyRule> rules(Direction direction) {
        return switch (direction) {
            case INGRESS -> ingress;
            case EGRESS -> egress;
        };
    }
}
