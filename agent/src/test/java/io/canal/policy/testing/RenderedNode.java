package io.canal.policy.testing;

import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;
import io.canal.model.calico.HostEndpoint;
import io.canal.model.calico.IpPool;
import io.canal.model.calico.NetworkSet;
import io.canal.model.calico.Policy;
import io.canal.model.calico.Profile;
import io.canal.model.calico.Resource;
import io.canal.model.calico.Tier;
import io.canal.model.calico.WorkloadEndpoint;
import io.canal.policy.Labelled;
import io.canal.policy.ScopedPolicy;
import io.canal.policy.Scoping;
import io.canal.policy.calc.PolicyCalculator;
import io.canal.policy.calc.Workload;
import io.canal.policy.rules.PolicyRules;
import io.canal.policy.rules.RuleSettings;
import io.canal.policy.rules.WorkloadTraits;
import io.canal.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** A node's rules as the calculation and the rendering make them, without etcd and without a kernel. */
public final class RenderedNode {

    private final String name;
    private final Ruleset ruleset = new Ruleset();
    private final PolicyCalculator calculator;
    private final PolicyRules rules;
    private final Map<String, Set<Ip>> pods = new HashMap<>();
    private final Set<Ip> local;
    private final Map<Cidr, Boolean> pools = new HashMap<>();

    /** @param interfaces the node's own interfaces, with their addresses */
    public RenderedNode(String name, Map<String, Set<Ip>> interfaces, RuleSettings settings) {
        this.name = name;
        calculator = new PolicyCalculator(name);
        calculator.interfaces(interfaces);
        rules = new PolicyRules(ruleset, settings);
        local = interfaces.values().stream().flatMap(Set::stream).collect(Collectors.toUnmodifiableSet());
        rules.hostAddresses(local);
    }

    /** These objects are so from now on; those that cannot be read count as absent. */
    public RenderedNode put(Collection<Resource> resources) {
        resources.forEach(this::put);
        rules.pools(pools);
        calculator.flush(rules);
        rules.settle();
        rules.hooks().forEach(ruleset::put);
        return this;
    }

    private void put(Resource resource) {
        switch (resource.key().kind()) {
            case TIER -> good(Tier.of(resource), calculator::put);
            case PROFILE -> good(Profile.of(resource), calculator::put);
            case HOST_ENDPOINT -> good(HostEndpoint.of(resource), calculator::put);
            case NETWORK_SET, GLOBAL_NETWORK_SET -> good(NetworkSet.of(resource), calculator::put);
            case NETWORK_POLICY, GLOBAL_NETWORK_POLICY -> good(Policy.of(resource), policy -> {
                if (Scoping.of(policy) instanceof Decoded.Good<ScopedPolicy>(ScopedPolicy scoped)) {
                    calculator.put(policy, scoped.selector());
                }
            });
            case IP_POOL -> good(IpPool.of(resource), pool -> pools.put(pool.cidr(), pool.natOutgoing()));
            case WORKLOAD_ENDPOINT -> good(WorkloadEndpoint.of(resource), this::put);
            default -> { }
        }
    }

    private void put(WorkloadEndpoint endpoint) {
        List<Cidr> spoofed = new ArrayList<>();
        endpoint.resource().spec().path("allowSpoofedSourcePrefixes").forEach(net -> spoofed.add(IpPrefix.of(net.asText()).cidr()));
        boolean here = endpoint.node().equals(name);
        if (here) {
            pods.put(endpoint.interfaceName(), new HashSet<>(endpoint.addresses()));
            rules.traits(endpoint.interfaceName(), WorkloadTraits.of(endpoint));
        }
        calculator.put(endpoint.resource().key(), new Workload(Labelled.of(endpoint), here ? endpoint.interfaceName() : "", here ? spoofed : List.of()));
    }

    private static <T> void good(Decoded<T> decoded, Consumer<T> then) {
        if (decoded instanceof Decoded.Good<T>(T value)) {
            then.accept(value);
        }
    }

    public Ruleset ruleset() {
        return ruleset;
    }

    public PolicyRules rules() {
        return rules;
    }

    /** The node's own addresses. */
    public Set<Ip> local() {
        return local;
    }

    /** The pods of this node that have an address of this family, by interface. */
    public Map<String, Set<Ip>> pods() {
        return pods;
    }

    /** What executes these rules as nftables has them. */
    public PacketWay onNftables() {
        return PacketWay.nftables(this);
    }

    /** What executes these rules as iptables has them, in each family. */
    public PacketWay onIptables() {
        return PacketWay.iptables(this, Family.values());
    }
}
