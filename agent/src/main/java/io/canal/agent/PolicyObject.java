package io.canal.agent;

import com.fasterxml.jackson.databind.JsonNode;
import io.canal.model.Cidr;
import io.canal.model.Decoded;
import io.canal.model.IpPrefix;
import io.canal.model.Problem;
import io.canal.model.calico.HostEndpoint;
import io.canal.model.calico.IpPool;
import io.canal.model.calico.Kind;
import io.canal.model.calico.NetworkSet;
import io.canal.model.calico.Policy;
import io.canal.model.calico.Profile;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import io.canal.model.calico.Tier;
import io.canal.model.calico.Usual;
import io.canal.model.calico.WorkloadEndpoint;
import io.canal.policy.Labelled;
import io.canal.policy.Scoping;
import io.canal.policy.rules.FelixParameters;
import io.canal.policy.rules.WorkloadTraits;
import io.canal.policy.selector.Selector;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A value of Calico's data, as far as this node's rules depend on it. It holds nothing of the value's text: there are many. */
sealed interface PolicyObject {

    /** The kinds that are read; keys of others are passed over. */
    Set<Kind> KINDS = EnumSet.of(Kind.WORKLOAD_ENDPOINT, Kind.HOST_ENDPOINT, Kind.NETWORK_SET, Kind.GLOBAL_NETWORK_SET, Kind.PROFILE, Kind.TIER,
            Kind.NETWORK_POLICY, Kind.GLOBAL_NETWORK_POLICY, Kind.STAGED_NETWORK_POLICY, Kind.STAGED_GLOBAL_NETWORK_POLICY, Kind.IP_POOL, Kind.FELIX_CONFIGURATION, Kind.BGP_CONFIGURATION,
            Kind.KUBE_CONTROLLERS_CONFIGURATION);

    /**
     * A pod's endpoint.
     *
     * @param spoofed sources that it may use beside its own addresses
     */
    record Pod(Labelled labelled, String node, String interfaceName, String containerId, List<Cidr> spoofed, WorkloadTraits traits) implements PolicyObject {}

    record Host(HostEndpoint endpoint) implements PolicyObject {}

    record Nets(NetworkSet set) implements PolicyObject {}

    record Labels(Profile profile) implements PolicyObject {}

    record Level(Tier tier) implements PolicyObject {}

    record Rules(Policy policy, Selector selector) implements PolicyObject {}

    record Pool(Cidr block, boolean masqueraded) implements PolicyObject {}

    /** Parameters of all nodes, or of one. */
    record Parameters(JsonNode spec) implements PolicyObject {}

    /** @param serviceBlocks the addresses of services */
    record Services(List<Cidr> serviceBlocks) implements PolicyObject {}

    /** Calico's controllers for Kubernetes have run in this cluster. */
    record Controllers() implements PolicyObject {}

    /** What is wrong with a rule of it; such a rule opens nothing. */
    default Optional<Problem> flaw() {
        return switch (this) {
            case Rules(var policy, _) -> first(policy.notes());
            case Labels(var profile) -> first(profile.notes());
            case Pod _, Host _, Nets _, Level _, Pool _, Parameters _, Services _, Controllers _ -> Optional.empty();
        };
    }

    private static Optional<Problem> first(List<Problem> problems) {
        return problems.isEmpty() ? Optional.empty() : Optional.of(problems.getFirst());
    }

    /** What of it is passed over, while the rest of it holds. */
    default Optional<Problem> note(ResourceKey key) {
        return this instanceof Parameters(var spec) ? FelixParameters.problems(key.path(), spec).stream().findFirst() : Optional.empty();
    }

    /** Reads a value of one of the {@link #KINDS}. */
    static Decoded<PolicyObject> decode(ResourceKey key, String value) {
        return decode(key, value, new Shared());
    }

    /** Reads one of many values. */
    static Decoded<PolicyObject> decode(ResourceKey key, String value, Shared shared) {
        switch (key.kind()) {
            case WORKLOAD_ENDPOINT -> {
                Usual.Pod pod = Usual.pod(key, value, shared.texts());
                if (pod != null) {
                    return Decoded.good(pod(key, pod, shared));
                }
            }
            case NETWORK_POLICY, GLOBAL_NETWORK_POLICY -> {
                Policy policy = Usual.policy(key, value, shared.texts());
                if (policy != null) {
                    return rules(policy, shared);
                }
            }
            default -> { }
        }
        return decodeAny(key, value, shared);
    }

    /** Reads a value of whatever form. */
    static Decoded<PolicyObject> decodeAny(ResourceKey key, String value, Shared shared) {
        return Resource.decode(key, value, shared::word).then(resource -> switch (key.kind()) {
            case WORKLOAD_ENDPOINT -> WorkloadEndpoint.of(resource).map(endpoint -> pod(endpoint, shared));
            case HOST_ENDPOINT -> HostEndpoint.of(resource).map(Host::new);
            case NETWORK_SET, GLOBAL_NETWORK_SET -> NetworkSet.of(resource).map(Nets::new);
            case PROFILE -> Profile.of(resource).then(profile -> Scoping.of(profile).map(_ -> new Labels(profile)));
            case TIER -> Tier.of(resource).map(Level::new);
            case NETWORK_POLICY, GLOBAL_NETWORK_POLICY, STAGED_NETWORK_POLICY, STAGED_GLOBAL_NETWORK_POLICY ->
                Policy.of(resource, shared.rules()).then(policy -> rules(policy, shared));
            case IP_POOL -> IpPool.of(resource).map(pool -> new Pool(pool.cidr(), pool.natOutgoing()));
            case FELIX_CONFIGURATION -> Decoded.good(new Parameters(resource.spec()));
            case BGP_CONFIGURATION -> Decoded.good(new Services(serviceBlocks(resource.spec())));
            case KUBE_CONTROLLERS_CONFIGURATION -> Decoded.good(new Controllers());
            default -> throw new IllegalArgumentException("nothing reads a " + key.kind().title());
        });
    }

    private static Decoded<PolicyObject> rules(Policy policy, Shared shared) {
        return Scoping.selector(policy, shared.selectors()).map(selector -> new Rules(policy, selector));
    }

    private static PolicyObject pod(ResourceKey key, Usual.Pod pod, Shared shared) {
        Labelled labelled = new Labelled(shared.labels(pod.labels(), key.namespace(), pod.serviceAccount()), pod.profiles(), Labelled.singles(pod.addresses()), List.of());
        return new Pod(labelled, pod.node(), pod.interfaceName(), pod.containerId(), List.of(), WorkloadTraits.NONE);
    }

    private static PolicyObject pod(WorkloadEndpoint endpoint, Shared shared) {
        List<Cidr> spoofed = new ArrayList<>();
        endpoint.resource().spec().path("allowSpoofedSourcePrefixes").forEach(net -> IpPrefix.parse(net.asText()).map(IpPrefix::cidr).ifPresent(spoofed::add));
        Labelled all = Labelled.of(endpoint);
        Labelled labelled = new Labelled(shared.one(all.labels()), shared.one(all.profiles()), all.nets(), shared.one(all.ports()));
        return new Pod(labelled, endpoint.node(), endpoint.interfaceName(), endpoint.containerId(), spoofed, WorkloadTraits.of(endpoint));
    }

    private static List<Cidr> serviceBlocks(JsonNode spec) {
        List<Cidr> blocks = new ArrayList<>();
        for (String field : new String[] {"serviceClusterIPs", "serviceExternalIPs", "serviceLoadBalancerIPs"}) {
            for (JsonNode block : spec.path(field)) {
                IpPrefix.parse(block.path("cidr").asText()).map(IpPrefix::cidr).ifPresent(blocks::add);
            }
        }
        return blocks;
    }
}
