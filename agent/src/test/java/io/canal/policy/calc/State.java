package io.canal.policy.calc;

import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.calico.EndpointPort;
import io.canal.model.calico.HostEndpoint;
import io.canal.model.calico.Kind;
import io.canal.model.calico.NetworkSet;
import io.canal.model.calico.Policy;
import io.canal.model.calico.PolicyProtocol;
import io.canal.model.calico.Profile;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import io.canal.model.calico.Tier;
import io.canal.policy.Labelled;
import io.canal.policy.Scoping;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What there is in the cluster, as a value: each {@code with} gives a new one. */
record State(Map<ResourceKey, Object> objects) {

    static final State EMPTY = new State(Map.of());
    /** The interfaces of this node, for host endpoints without one of their own. */
    static final Map<String, Set<Ip>> INTERFACES = Map.of("eth0", Set.of(Ip.of("10.0.0.2"), Ip.of("10.0.0.3")), "eth1", Set.of(Ip.of("192.0.2.1")));

    State with(ResourceKey key, Object object) {
        Map<ResourceKey, Object> changed = new LinkedHashMap<>(objects);
        changed.put(key, object);
        return new State(changed);
    }

    State without(ResourceKey key) {
        Map<ResourceKey, Object> changed = new LinkedHashMap<>(objects);
        changed.remove(key);
        return new State(changed);
    }

    State policy(String name, String spec) {
        ResourceKey key = ResourceKey.of(Kind.GLOBAL_NETWORK_POLICY, name);
        return with(key, policy(key, spec));
    }

    State namespaced(String namespace, String name, String spec) {
        ResourceKey key = new ResourceKey(Kind.NETWORK_POLICY, namespace, name);
        return with(key, policy(key, spec));
    }

    State tier(String name, String spec) {
        return with(Tier.key(name), Tier.of(resource(Tier.key(name), spec)).orThrow());
    }

    State profile(String name, String spec) {
        return with(Profile.key(name), Profile.of(resource(Profile.key(name), spec)).orThrow());
    }

    State nets(String name, Map<String, String> labels, String... nets) {
        ResourceKey key = ResourceKey.of(Kind.GLOBAL_NETWORK_SET, name);
        List<Cidr> all = List.of(nets).stream().map(Cidr::of).toList();
        return with(key, new NetworkSet(key, new TreeMap<>(labels), all, List.of()));
    }

    State host(String name, String node, String iface, Map<String, String> labels, String... addresses) {
        return with(HostEndpoint.key(name), new HostEndpoint(name, new TreeMap<>(labels), node, iface, ips(addresses), List.of(), List.of()));
    }

    State pod(String name, Workload workload) {
        return with(podKey(name), workload);
    }

    static ResourceKey podKey(String name) {
        return new ResourceKey(Kind.WORKLOAD_ENDPOINT, "default", name);
    }

    static Workload workload(String iface, Map<String, String> labels, List<String> profiles, List<EndpointPort> ports, String... addresses) {
        List<Cidr> nets = ips(addresses).stream().map(ip -> Cidr.containing(ip, ip.family().bits())).toList();
        return new Workload(new Labelled(labels, profiles, nets, ports), iface, List.of());
    }

    static EndpointPort port(String name, String protocol, int number) {
        return new EndpointPort(name, PolicyProtocol.parse(protocol).orElseThrow(), number);
    }

    static Policy policy(ResourceKey key, String spec) {
        return Policy.of(resource(key, spec)).orThrow();
    }

    /** Brings the calculator from this state to {@code next}, one object at a time; {@code after} each. */
    void toward(State next, boolean reverse, PolicyCalculator calculator, Runnable after) {
        List<ResourceKey> gone = new ArrayList<>(objects.keySet());
        gone.removeAll(next.objects.keySet());
        List<ResourceKey> now = new ArrayList<>(next.objects.keySet());
        now.removeIf(key -> next.objects.get(key).equals(objects.get(key)));
        List<Runnable> steps = new ArrayList<>();
        gone.forEach(key -> steps.add(() -> calculator.remove(key)));
        now.forEach(key -> steps.add(() -> put(calculator, key, next.objects.get(key))));
        for (Runnable step : reverse ? steps.reversed() : steps) {
            step.run();
            after.run();
        }
    }

    static void put(PolicyCalculator calculator, ResourceKey key, Object object) {
        switch (object) {
            case Workload workload -> calculator.put(key, workload);
            case Policy policy -> calculator.put(policy, Scoping.of(policy).orThrow().selector());
            case Tier tier -> calculator.put(tier);
            case Profile profile -> calculator.put(profile);
            case NetworkSet set -> calculator.put(set);
            case HostEndpoint host -> calculator.put(host);
            default -> throw new IllegalArgumentException("nothing takes a " + object.getClass());
        }
    }

    private static List<Ip> ips(String... addresses) {
        return List.of(addresses).stream().map(Ip::of).toList();
    }

    private static Resource resource(ResourceKey key, String spec) {
        return Resource.decode(key, "{\"kind\":\"" + key.kind().title() + "\",\"apiVersion\":\"projectcalico.org/v3\",\"metadata\":{\"name\":\"" + key.name() + "\"},\"spec\":" + spec.replace('`', '"') + "}").orThrow();
    }
}
