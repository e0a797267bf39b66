package io.canal.dataplane.filter;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.LocalEndpoint;
import io.canal.policy.ActiveProfile;
import io.canal.policy.EndpointId;
import io.canal.policy.EndpointPolicies;
import io.canal.policy.PolicyOutput;
import io.canal.policy.ResolvedRule;
import io.canal.policy.rules.RuleSettings;
import io.canal.policy.rules.WorkloadTraits;
import io.canal.reconcile.Table;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** For tests of what is not policy: each pod of a table may do everything. */
public final class OpenPolicy implements NodePolicy {

    private final Table<String, LocalEndpoint> endpoints;
    private final Set<String> told = new HashSet<>();
    private final BooleanSupplier known;
    private boolean begun;

    public OpenPolicy(Table<String, LocalEndpoint> endpoints) {
        this(endpoints, () -> true);
    }

    /** @param known whether it is known what holds */
    OpenPolicy(Table<String, LocalEndpoint> endpoints, BooleanSupplier known) {
        this.endpoints = endpoints;
        this.known = known;
    }

    @Override
    public boolean settle() {
        return known.getAsBoolean();
    }

    @Override
    public void flush(PolicyOutput output) {
        if (!begun) {
            begun = true;
            ResolvedRule allow = new ResolvedRule(ResolvedRule.Verdict.ALLOW, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(),
                    Optional.empty(), ResolvedRule.End.ANY, ResolvedRule.End.ANY, Map.of());
            output.profile(new ActiveProfile("open", List.of(allow), List.of(allow)));
        }
        Set<String> now = endpoints.rows().keySet();
        List.copyOf(told).stream().filter(iface -> !now.contains(iface)).forEach(iface -> {
            told.remove(iface);
            output.endpointGone(new EndpointId.Workload(iface));
        });
        now.stream().filter(told::add).forEach(iface ->
                output.endpoint(new EndpointPolicies.Workload(new EndpointId.Workload(iface), List.of(), List.of("open"), List.of())));
    }

    @Override
    public RuleSettings settings() {
        return RuleSettings.defaults();
    }

    @Override
    public Map<Cidr, Boolean> pools() {
        return Map.of();
    }

    @Override
    public Map<String, WorkloadTraits> traits() {
        return Map.of();
    }

    @Override
    public Collection<Ip> hostAddresses() {
        return Set.of();
    }
}
