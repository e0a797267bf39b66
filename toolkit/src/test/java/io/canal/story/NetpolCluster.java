package io.canal.story;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.control.AgentStatus;
import io.canal.control.ControlClient;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.packet.Place;
import io.canal.kernel.packet.Probe;
import io.canal.kernel.packet.Probes;
import io.canal.lab.Host;
import io.canal.lab.Lab;
import io.canal.lab.Pause;
import io.canal.lab.pod.EtcdClient;
import io.canal.lab.pod.Namespaces;
import io.canal.lab.pod.Pod;
import io.canal.lab.pod.PodSpec;
import io.canal.lab.pod.Pods;
import io.canal.model.Ip;
import io.canal.model.Json;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import io.canal.policy.testing.NetpolCase;
import io.canal.policy.testing.NetpolCase.Asked;
import io.canal.policy.testing.UpstreamE2e;
import io.canal.reconcile.Clock;
import io.canal.store.EtcdSettings;
import io.canal.store.EtcdStore;
import io.canal.store.StoreException;
import io.canal.store.TlsFiles;
import io.canal.store.testing.OwnKeys;
import io.canal.store.testing.TcpRelay;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/** Namespaces x, y and z with pods a, b and c in each, on three hosts, so that each host has pods of all names and all namespaces. */
final class NetpolCluster implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final int FIRST_PORT = 20_000;

    private final Pods pods;
    private final Map<String, Pod> byTitle = new ConcurrentHashMap<>();
    private final Map<String, Agent> agents = new LinkedHashMap<>();
    private final TcpRelay relay;
    private final EtcdStore store;
    private final OwnKeys keys;
    /** As the agents wrote them. */
    private final Map<String, ObjectNode> endpoints = new TreeMap<>();
    private int sourcePort = FIRST_PORT;

    /** The agent of a host. */
    static final class Agent {

        private final ControlClient control;

        Agent(Host host) {
            control = new ControlClient(host.path("/run/canal/agent.sock"));
        }

        AgentStatus status() {
            return control.status(PATIENCE).orThrow();
        }

        private long policyRevision() {
            return control.call(Op.POLICY_REVISION, Json.object(), PATIENCE) instanceof Reply.Done(ObjectNode body) ? body.path("revision").asLong() : 0;
        }
    }

    private NetpolCluster(List<Host> hosts, Pods pods, Path hub) {
        this.pods = pods;
        hosts.forEach(host -> agents.put(host.name(), new Agent(host)));
        Host member = hosts.getFirst();
        relay = new TcpRelay(new NetworkNamespace(hub), member.address(), 2379);
        TlsFiles files = new TlsFiles(tls(member, "ca.crt"), tls(member, "client.crt"), tls(member, "client.key"));
        store = new EtcdStore(new EtcdSettings(List.of("https://127.0.0.1:" + relay.port()), () -> Optional.of(files), Duration.ofSeconds(10), Duration.ofSeconds(20)),
                Clock.system());
        keys = new OwnKeys(store);
    }

    private static Path tls(Host host, String file) {
        return host.path("/etc/etcd/tls/" + file);
    }

    /** @param hub the namespace of the hosts' switch */
    static NetpolCluster make(List<Host> hosts, Pods pods, Path hub) throws StoreException {
        NetpolCluster made = new NetpolCluster(hosts, pods, hub);
        Namespaces namespaces = new Namespaces(EtcdClient.onAnyOf(hosts));
        List.of("x", "y", "z").forEach(namespace -> namespaces.put(namespace, Map.of()));
        List<PodSpec.NamedPort> ports = UpstreamE2e.ports().stream().map(PodSpec.NamedPort::parse).toList();
        List<String> titles = UpstreamE2e.pods();
        Lab.inParallel(hosts, host -> {
            for (int i = 0; i < titles.size(); i++) {
                String title = titles.get(i);
                if ((i / 3 + i) % hosts.size() == hosts.indexOf(host)) {
                    String name = title.substring(2);
                    made.byTitle.put(title, pods.attach(new PodSpec(title.substring(0, 1), name, Map.of("pod", name), ports, List.of()), host));
                }
            }
        });
        for (Map.Entry<String, Pod> each : made.byTitle.entrySet()) {
            made.endpoints.put(each.getKey(), made.stored(each.getValue()));
        }
        return made;
    }

    /** Whether the case is about these nine, and names no addresses, which are others here. */
    static boolean hasItsPods(NetpolCase one) {
        return one.steps().stream().allMatch(step -> step.asked().stream().allMatch(asked -> UpstreamE2e.pods().containsAll(List.of(asked.from(), asked.to())))
                && step.resources().stream().noneMatch(resource -> resource.key().kind() == Kind.NETWORK_POLICY && resource.encode().contains("\"nets\"")));
    }

    private ObjectNode stored(Pod pod) throws StoreException {
        ResourceKey key = key(pod);
        await(key.path() + " is in etcd", () -> read(key).isPresent());
        return read(key).orElseThrow();
    }

    private Optional<ObjectNode> read(ResourceKey key) {
        try {
            return store.get(key.path()).map(entry -> Json.object(key.path(), entry.value()).orThrow());
        } catch (StoreException failure) {
            throw new AssertionError(failure);
        }
    }

    private ResourceKey key(Pod pod) {
        return new ResourceKey(Kind.WORKLOAD_ENDPOINT, pod.namespace(), pod.host() + "-k8s-" + pod.name() + "-eth0");
    }

    Ip address(String title) {
        return Ip.of(byTitle.get(title).address());
    }

    void await(String what, Predicate<Agent> so) {
        agents.forEach((host, agent) -> await(what + ", " + host, () -> so.test(agent)));
    }

    private static void await(String what, BooleanSupplier so) {
        if (!Pause.until(PATIENCE, so)) {
            throw new AssertionError("within " + PATIENCE.toSeconds() + " s it did not come about that " + what);
        }
    }

    /** Brings the step about, and tries all pairs; which of them were not as they should be. */
    List<String> differences(NetpolCase.Step step) throws IOException, StoreException {
        hold(step);
        sourcePort++;
        Map<Probe, Asked> probes = new LinkedHashMap<>();
        step.asked().stream().filter(asked -> !asked.from().equals(asked.to())).forEach(asked -> probes.put(Probe.of(place(asked.from()), place(asked.to()),
                asked.request().flow().protocol(), sourcePort, asked.request().flow().destinationPort()), asked));
        Set<Probe> through = Probes.through(List.copyOf(probes.keySet()), probe -> probes.get(probe).allowed());
        List<String> differences = new ArrayList<>();
        probes.forEach((probe, asked) -> {
            if (through.contains(probe) != asked.allowed()) {
                differences.add(asked.from() + " → " + asked.to() + ": " + probe + (asked.allowed() ? " is lost" : " gets through"));
            }
        });
        return differences;
    }

    private Place place(String title) {
        Pod pod = byTitle.get(title);
        return new Place(new NetworkNamespace(pods.netns(pod)), Ip.of(pod.address()));
    }

    /** All of the step is in etcd, and in the kernels of all hosts. */
    private void hold(NetpolCase.Step step) throws StoreException {
        Map<String, String> values = new TreeMap<>();
        for (Resource resource : step.resources()) {
            if (resource.key().kind() == Kind.WORKLOAD_ENDPOINT) {
                String title = resource.key().namespace() + "/" + resource.spec().path("pod").asText();
                ObjectNode json = endpoints.get(title).deepCopy();
                ((ObjectNode) json.path("metadata")).set("labels", resource.json().path("metadata").path("labels"));
                values.put(key(byTitle.get(title)).path(), Json.compact(json));
            } else if (resource.key().kind() != Kind.TIER) {
                values.put(resource.key().path(), resource.encode());
            }
        }
        long revision = keys.hold(values);
        await("the policies of revision " + revision + " are in the kernel", agent -> agent.policyRevision() >= revision);
    }

    /** Removes the pods and what was put. */
    @Override
    public void close() throws StoreException {
        byTitle.values().forEach(pods::remove);
        keys.hold(Map.of());
        store.close();
        relay.close();
    }
}
