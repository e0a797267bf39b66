package io.canal.policy.rules;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.policy.ActivePolicy;
import io.canal.policy.ActiveProfile;
import io.canal.policy.AddressSet;
import io.canal.policy.EndpointId;
import io.canal.policy.EndpointPolicies;
import io.canal.policy.PolicyId;
import io.canal.policy.PolicyOutput;
import io.canal.policy.TierPolicies;
import io.canal.policy.rules.Dispatches.ToHostEndpoints;
import io.canal.ruleset.Action;
import io.canal.ruleset.Chain;
import io.canal.ruleset.ChainName;
import io.canal.ruleset.Dialect;
import io.canal.ruleset.HookPoint;
import io.canal.ruleset.HookRules;
import io.canal.ruleset.Layer;
import io.canal.ruleset.Member;
import io.canal.ruleset.NamedSet;
import io.canal.ruleset.Ruleset;
import io.canal.ruleset.Way;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Keeps a ruleset to the policies of this node. The cost of a change does not depend on what it does not touch.
 *
 * <p>{@link #settle} ends a round of changes; until then the ruleset may name chains that are not in it.
 */
public final class PolicyRules implements PolicyOutput {

    private static final List<Layer> POLICY_LAYERS = List.of(Layer.RAW, Layer.MANGLE, Layer.FILTER);

    private final Ruleset ruleset;
    private final ChainPool pool;
    private final Map<PolicyId, ActivePolicy> policies = new HashMap<>();
    private final Map<String, ActiveProfile> profiles = new HashMap<>();
    private final Map<EndpointId, EndpointPolicies> endpoints = new HashMap<>();
    /** The chains of each endpoint; chains of groups belong to several. */
    private final Map<EndpointId, Set<ChainName>> chainsOf = new HashMap<>();
    private final Map<ChainName, Integer> owners = new HashMap<>();
    private final Map<String, List<Cidr>> spoofed = new TreeMap<>();
    private final Map<String, WorkloadTraits> traits = new TreeMap<>();
    private final Set<ChainName> roots = new HashSet<>();
    private Map<Cidr, Boolean> pools = Map.of();
    private Verdicts verdicts;
    private PolicyChains policyChains;
    private StaticChains staticChains;

    public PolicyRules(Ruleset ruleset, RuleSettings settings) {
        this.ruleset = ruleset;
        pool = new ChainPool(ruleset);
        verdicts = new Verdicts(settings);
        policyChains = new PolicyChains(verdicts);
        staticChains = new StaticChains(verdicts);
        for (AddressSet set : List.of(NodeSets.POOLS, NodeSets.MASQUERADED_POOLS, NodeSets.THIS_HOST, NodeSets.CODE_POINTS, NodeSets.OVERLAY_PEERS)) {
            set(set);
        }
        allHosts(settings.natSparesHosts());
        define();
    }

    /** A node from which this one takes packets of the overlay. */
    public void peer(Ip address) {
        join(NodeSets.OVERLAY_PEERS, List.of(Member.of(address)));
        allHosts();
    }

    /** A node from which this one takes no packets of the overlay any more. */
    public void peerGone(Ip address) {
        leave(NodeSets.OVERLAY_PEERS, List.of(Member.of(address)));
        allHosts();
    }

    private void allHosts(boolean needed) {
        if (needed) {
            set(NodeSets.ALL_HOSTS);
            allHosts();
        } else {
            setGone(NodeSets.ALL_HOSTS);
        }
    }

    /** This node and its peers; nothing while no rule asks for them. */
    private void allHosts() {
        if (verdicts.settings().natSparesHosts()) {
            replace(NodeSets.ALL_HOSTS, Stream.of(NodeSets.OVERLAY_PEERS, NodeSets.THIS_HOST)
                    .flatMap(set -> Stream.of(Family.values()).flatMap(family -> ruleset.members(set.of(family)).stream())).toList());
        }
    }

    /** Everything is rendered anew where the settings differ. */
    public void settings(RuleSettings settings) {
        if (settings.equals(verdicts.settings())) {
            return;
        }
        boolean hosts = verdicts.settings().natSparesHosts();
        verdicts = new Verdicts(settings);
        if (settings.natSparesHosts() != hosts) {
            allHosts(!hosts);
        }
        policyChains = new PolicyChains(verdicts);
        staticChains = new StaticChains(verdicts);
        define();
        policies.values().forEach(this::define);
        profiles.values().forEach(this::define);
        List.copyOf(endpoints.values()).forEach(this::endpoint);
    }

    public RuleSettings settings() {
        return verdicts.settings();
    }

    /** The pools of pods' addresses, and whether what leaves each of them for elsewhere is masqueraded. */
    public void pools(Map<Cidr, Boolean> now) {
        pools = Map.copyOf(now);
        replace(NodeSets.POOLS, now.keySet().stream().map(Member::of).toList());
        replace(NodeSets.MASQUERADED_POOLS, now.entrySet().stream().filter(Map.Entry::getValue).map(entry -> Member.of(entry.getKey())).toList());
        defineNat();
    }

    /** What of a pod's endpoint becomes rules beside its policy, from now on and also before the endpoint is told; {@code NONE} where nothing does. */
    public void traits(String interfaceName, WorkloadTraits now) {
        WorkloadTraits before = now.equals(WorkloadTraits.NONE) ? traits.remove(interfaceName) : traits.put(interfaceName, now);
        if (now.equals(before == null ? WorkloadTraits.NONE : before)) {
            return;
        }
        defineTraits();
        EndpointPolicies endpoint = endpoints.get(new EndpointId.Workload(interfaceName));
        if (endpoint != null) {
            endpoint(endpoint);
        }
    }

    /** The addresses of this node. */
    public void hostAddresses(Collection<Ip> addresses) {
        replace(NodeSets.THIS_HOST, addresses.stream().map(Member::of).toList());
        allHosts();
    }

    /** The rules of the kernel's chains, as of the last {@link #settle}; others may add their own. */
    public Map<HookPoint, HookRules> hooks() {
        boolean floating = verdicts.settings().floatingIps() && traits.values().stream().anyMatch(each -> !each.floating().isEmpty());
        boolean codePoints = traits.values().stream().anyMatch(each -> each.codePoint().isPresent());
        return staticChains.hooks(new StaticChains.Use(hasHosts(), codePoints, floating, pools.containsValue(true)));
    }

    /**
     * The policies that govern endpoints of this node now, by name, each in each of its directions.
     *
     * @param dialect of the dataplane that is to be asked for their counts
     */
    public List<CountedPolicy> counted(Dialect dialect) {
        Map<PolicyId, Integer> into = new HashMap<>();
        Map<PolicyId, Integer> outOf = new HashMap<>();
        endpoints.values().forEach(endpoint -> {
            tiers(endpoint).flatMap(tier -> tier.ingress().stream()).distinct().forEach(id -> into.merge(id, 1, Integer::sum));
            tiers(endpoint).flatMap(tier -> tier.egress().stream()).distinct().forEach(id -> outOf.merge(id, 1, Integer::sum));
        });
        List<CountedPolicy> counted = new ArrayList<>();
        policies.values().stream().sorted(Comparator.comparing(ActivePolicy::id)).forEach(policy -> {
            for (boolean ingress : new boolean[] {true, false}) {
                int governed = (ingress ? into : outOf).getOrDefault(policy.id(), 0);
                if (governed > 0) {
                    List<ChainName> chains = POLICY_LAYERS.stream().map(layer -> Names.policy(layer, ingress, policy.id()))
                            .filter(ruleset.chains()::containsKey).toList();
                    counted.add(new CountedPolicy(policy, ingress, governed, chains, policyChains, dialect));
                }
            }
        });
        return counted;
    }

    /** Ends a round of changes. */
    public void settle() {
        pool.settle();
    }

    /** Which chains are closed since their rules could not be made, in sentences. */
    public List<String> problems() {
        return pool.failures().entrySet().stream()
                .map(failure -> "the chain " + failure.getKey() + " drops all packets, since its rules could not be made: " + failure.getValue()).toList();
    }

    @Override
    public void set(AddressSet set) {
        for (Family family : Family.values()) {
            ruleset.put(set.of(family));
        }
    }

    @Override
    public void join(AddressSet set, Collection<Member> members) {
        members.forEach(member -> ruleset.add(set.of(member.net().family()), member));
    }

    @Override
    public void leave(AddressSet set, Collection<Member> members) {
        members.forEach(member -> ruleset.remove(set.of(member.net().family()), member));
    }

    @Override
    public void setGone(AddressSet set) {
        for (Family family : Family.values()) {
            ruleset.remove(set.of(family));
        }
    }

    @Override
    public void policy(ActivePolicy policy) {
        ActivePolicy before = policies.put(policy.id(), policy);
        define(policy);
        if (before != null && !before.selector().equals(policy.selector())) {
            List.copyOf(endpoints.values()).stream().filter(endpoint -> has(endpoint, policy.id())).forEach(this::endpoint);
        }
    }

    @Override
    public void policyGone(PolicyId id) {
        policies.remove(id);
        for (Layer layer : POLICY_LAYERS) {
            pool.undefine(Names.policy(layer, true, id));
            pool.undefine(Names.policy(layer, false, id));
        }
    }

    @Override
    public void profile(ActiveProfile profile) {
        profiles.put(profile.name(), profile);
        define(profile);
    }

    @Override
    public void profileGone(String name) {
        profiles.remove(name);
        for (Layer layer : POLICY_LAYERS) {
            pool.undefine(Names.profile(layer, true, name));
            pool.undefine(Names.profile(layer, false, name));
        }
    }

    @Override
    public void endpoint(EndpointPolicies endpoint) {
        endpoints.put(endpoint.id(), endpoint);
        EndpointChains chains = new EndpointChains(verdicts, this::selector);
        switch (endpoint) {
            case EndpointPolicies.Workload workload -> {
                String iface = workload.id().interfaceName();
                boolean closed = !workload.spoofed().isEmpty() && !verdicts.settings().spoofing();
                own(workload.id(), closed ? List.of() : chains.of(workload, traits.getOrDefault(iface, WorkloadTraits.NONE)));
                if (closed) {
                    undispatch(Dispatches.FROM_WORKLOAD, iface);
                    undispatch(Dispatches.TO_WORKLOAD, iface);
                } else {
                    dispatch(Dispatches.FROM_WORKLOAD, iface, Names.endpoint(Layer.FILTER, "cali-fw-", iface));
                    dispatch(Dispatches.TO_WORKLOAD, iface, Names.endpoint(Layer.FILTER, "cali-tw-", iface));
                }
                List<Cidr> sources = closed ? List.of() : workload.spoofed();
                if (sources.isEmpty() ? spoofed.remove(iface) != null : !sources.equals(spoofed.put(iface, sources))) {
                    defineRpfSkip();
                }
            }
            case EndpointPolicies.Host host -> {
                defineStatic();
                own(host.id(), chains.of(host));
                for (ToHostEndpoints to : ToHostEndpoints.values()) {
                    if (host.id().isAll()) {
                        pool.define(to.chain(), () -> to.dispatch(isTakenByAll(to)));
                    } else if (to.takes(host)) {
                        dispatch(to.chain(), host.id().interfaceName(), to.target(host.id()));
                    } else {
                        undispatch(to.chain(), host.id().interfaceName());
                    }
                }
            }
        }
    }

    @Override
    public void endpointGone(EndpointId id) {
        endpoints.remove(id);
        switch (id) {
            case EndpointId.Workload workload -> {
                undispatch(Dispatches.FROM_WORKLOAD, workload.interfaceName());
                undispatch(Dispatches.TO_WORKLOAD, workload.interfaceName());
                if (spoofed.remove(workload.interfaceName()) != null) {
                    defineRpfSkip();
                }
            }
            case EndpointId.Host host -> {
                defineStatic();
                for (ToHostEndpoints to : ToHostEndpoints.values()) {
                    if (host.isAll()) {
                        pool.define(to.chain(), () -> to.dispatch(false));
                    } else {
                        undispatch(to.chain(), host.interfaceName());
                    }
                }
            }
        }
        own(id, List.of());
    }

    private String selector(PolicyId id) {
        ActivePolicy policy = policies.get(id);
        // Of one that nothing is known of no neighbour has the same.
        return policy == null ? "\n" + id : policy.selector();
    }

    private static boolean has(EndpointPolicies endpoint, PolicyId id) {
        return tiers(endpoint).anyMatch(tier -> tier.ingress().contains(id) || tier.egress().contains(id));
    }

    private static Stream<TierPolicies> tiers(EndpointPolicies endpoint) {
        return switch (endpoint) {
            case EndpointPolicies.Workload workload -> workload.tiers().stream();
            case EndpointPolicies.Host host -> Stream.of(host.tiers(), host.forward(), host.untracked(), host.preDnat()).flatMap(List::stream);
        };
    }

    private boolean isTakenByAll(ToHostEndpoints to) {
        return endpoints.get(new EndpointId.Host(EndpointId.Host.ALL)) instanceof EndpointPolicies.Host all && to.takes(all);
    }

    /** The endpoint's chains are these from now on. */
    private void own(EndpointId id, List<Chain.Rules> chains) {
        Set<ChainName> now = new HashSet<>();
        for (Chain.Rules chain : chains) {
            now.add(chain.name());
            pool.define(chain.name(), () -> chain);
        }
        Set<ChainName> before = now.isEmpty() ? chainsOf.remove(id) : chainsOf.put(id, now);
        Set<ChainName> old = before == null ? Set.of() : before;
        now.stream().filter(name -> !old.contains(name)).forEach(name -> owners.merge(name, 1, Integer::sum));
        old.stream().filter(name -> !now.contains(name)).forEach(name -> {
            Integer left = owners.merge(name, -1, Integer::sum);
            if (left != null && left == 0) {
                owners.remove(name);
                pool.undefine(name);
            }
        });
    }

    private void dispatch(ChainName dispatch, String iface, ChainName target) {
        ChainName before = ruleset.entries(dispatch).get(iface);
        if (!target.equals(before)) {
            pool.use(target);
            ruleset.dispatch(dispatch, iface, target);
            if (before != null) {
                pool.release(before);
            }
        }
    }

    private void undispatch(ChainName dispatch, String iface) {
        ChainName before = ruleset.entries(dispatch).get(iface);
        if (before != null) {
            ruleset.undispatch(dispatch, iface);
            pool.release(before);
        }
    }

    private void define(ActivePolicy policy) {
        // Names are hashes, which take long, and the same in all layers.
        String into = Names.policy(Layer.FILTER, true, policy.id()).name();
        String outOf = Names.policy(Layer.FILTER, false, policy.id()).name();
        for (Layer layer : POLICY_LAYERS) {
            pool.define(new ChainName(layer, into), () -> policyChains.policy(layer, true, policy));
            pool.define(new ChainName(layer, outOf), () -> policyChains.policy(layer, false, policy));
        }
    }

    private void define(ActiveProfile profile) {
        for (Layer layer : POLICY_LAYERS) {
            pool.define(Names.profile(layer, true, profile.name()), () -> policyChains.profile(layer, true, profile));
            pool.define(Names.profile(layer, false, profile.name()), () -> policyChains.profile(layer, false, profile));
        }
    }

    /** What does not depend on policies and endpoints. */
    private void define() {
        defineStatic();
        pool.define(Dispatches.FROM_WORKLOAD, () -> Dispatches.workloads(Dispatches.FROM_WORKLOAD, Way.IN, verdicts));
        pool.define(Dispatches.TO_WORKLOAD, () -> Dispatches.workloads(Dispatches.TO_WORKLOAD, Way.OUT, verdicts));
        for (ToHostEndpoints to : ToHostEndpoints.values()) {
            pool.define(to.chain(), () -> to.dispatch(isTakenByAll(to)));
        }
        defineTraits();
        defineNat();
        defineRpfSkip();
        List<ChainName> leads = new ArrayList<>();
        hooks().values().forEach(rules -> Stream.concat(rules.first().stream(), rules.last().stream()).forEach(rule -> {
            if (rule.action() instanceof Action.Jump jump) {
                leads.add(jump.chain());
            }
        }));
        leads.stream().filter(roots::add).forEach(pool::use);
        // Entries can only be put into chains that are there.
        pool.settle();
    }

    private void defineStatic() {
        staticChains.chains(hasHosts()).forEach(chain -> pool.define(chain.name(), () -> chain));
    }

    private boolean hasHosts() {
        return endpoints.keySet().stream().anyMatch(EndpointId.Host.class::isInstance);
    }

    private void defineTraits() {
        pool.define(StaticChains.FLOATING_IN, () -> TraitRules.floatingIn(floating()));
        pool.define(StaticChains.FLOATING_OUT, () -> TraitRules.floatingOut(floating()));
        pool.define(StaticChains.DSCP, () -> TraitRules.codePoints(traits.values()));
        replace(NodeSets.CODE_POINTS, traits.values().stream().filter(each -> each.codePoint().isPresent())
                .flatMap(each -> each.addresses().stream()).map(Member::of).toList());
    }

    private Collection<WorkloadTraits> floating() {
        return verdicts.settings().floatingIps() ? traits.values() : List.of();
    }

    private void defineNat() {
        Set<Family> families = EnumSet.noneOf(Family.class);
        pools.forEach((block, masqueraded) -> {
            if (masqueraded) {
                families.add(block.family());
            }
        });
        pool.define(StaticChains.NAT_OUTGOING, () -> staticChains.natOutgoing(families));
    }

    private void defineRpfSkip() {
        pool.define(StaticChains.RPF_SKIP, () -> StaticChains.rpfSkip(spoofed));
    }

    private void replace(AddressSet set, Collection<Member> members) {
        for (Family family : Family.values()) {
            NamedSet named = set.of(family);
            Set<Member> now = new HashSet<>(members.stream().filter(member -> member.net().family() == family).toList());
            List.copyOf(ruleset.members(named)).stream().filter(member -> !now.contains(member)).forEach(member -> ruleset.remove(named, member));
            now.forEach(member -> ruleset.add(named, member));
        }
    }
}
