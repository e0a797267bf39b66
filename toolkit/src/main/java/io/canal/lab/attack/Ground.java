package io.canal.lab.attack;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.lab.Pause;
import io.canal.lab.pod.EtcdClient;
import io.canal.lab.pod.Namespaces;
import io.canal.lab.pod.Pod;
import io.canal.lab.pod.PodSpec;
import io.canal.lab.pod.PodSpec.HostPort;
import io.canal.lab.pod.Pods;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.Json;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * Where attacks are made: two nodes; an attacker's pod and a victim's on the first, and a victim's on the second. The victims' policy
 * closes one port and leaves the others open. All of it goes when the ground is closed.
 */
final class Ground implements AutoCloseable {

    /** What the victims' policy leaves open. */
    static final int OPEN = 5000;
    /** What it closes. */
    static final int CLOSED = 5001;
    /** Where attacks come from. */
    static final int SOURCE = 4444;

    static final String NAMESPACE = "attack-test";
    static final String LABEL = "attack-test";

    /** Below those of {@link Traffic}. */
    private static final int FIRST_SOURCE = 1_024;
    private static final int MOST_SOURCES = 3_000;
    private static final AtomicInteger SOURCES = new AtomicInteger();
    private static final Duration IN_FORCE = Duration.ofSeconds(20);
    private static final String PREFIX = "attack-test-";

    private final List<Host> hosts;
    private final Pods pods;
    private final EtcdClient etcd;
    private final NetworkNamespace outside;
    private final List<AutoCloseable> open = new ArrayList<>();
    private final Map<Actor, Pod> made = new IdentityHashMap<>();
    private final Set<String> keys = new LinkedHashSet<>();

    final Node one;
    final Node two;
    final Actor attacker;
    final Actor near;
    final Actor far;

    Ground(Pods pods, List<Host> hosts, NetworkNamespace outside) {
        if (hosts.size() < 2 || hosts.stream().anyMatch(host -> !host.isUp())) {
            throw new LabException("Attacks need a lab with two hosts or more that are up; canal up makes it.");
        }
        this.hosts = List.copyOf(hosts);
        this.pods = pods;
        this.outside = outside;
        this.etcd = EtcdClient.onAnyOf(hosts);
        clear();
        new Namespaces(etcd).put(NAMESPACE, Map.of());
        keys.add(ResourceKey.of(Kind.PROFILE, "kns." + NAMESPACE).path());
        keys.add(ResourceKey.of(Kind.PROFILE, "ksa." + NAMESPACE + ".default").path());
        policy("victims", """
                {"selector":"attack-test == 'victim'","types":["Ingress"],"ingress":[
                 {"action":"Deny","protocol":"UDP","destination":{"ports":[5001]}},
                 {"action":"Deny","protocol":"TCP","destination":{"ports":[5001]}},
                 {"action":"Allow"}]}""");
        try {
            one = keep(new Node(hosts.get(0)));
            two = keep(new Node(hosts.get(1)));
            attacker = actor("attacker", one, "attacker");
            near = actor("near", one, "victim");
            far = actor("far", two, "victim");
            for (Actor victim : List.of(near, far)) {
                await("the victims' policy is in force", () -> closed(attacker, victim, CLOSED) && arrives(attacker, victim, OPEN));
            }
        } catch (RuntimeException unfit) {
            close();
            throw unfit;
        }
    }

    /** What an earlier run left that was killed. */
    private void clear() {
        pods.all().stream().filter(pod -> pod.namespace().equals(NAMESPACE)).forEach(pods::remove);
        Stream.of(Kind.GLOBAL_NETWORK_POLICY, Kind.GLOBAL_NETWORK_SET).forEach(kind ->
                etcd.keys(ResourceKey.prefix(kind) + PREFIX).forEach(etcd::delete));
    }

    private <T extends AutoCloseable> T keep(T one) {
        open.addFirst(one);
        return one;
    }

    List<Host> hosts() {
        return hosts;
    }

    Pods pods() {
        return pods;
    }

    EtcdClient etcd() {
        return etcd;
    }

    /** The families that pods have addresses of. */
    List<Family> families() {
        return Stream.of(Family.values()).filter(family -> attacker.address(family).isPresent()).toList();
    }

    /** Beside the nodes, on their network. */
    NetworkNamespace outside() {
        return outside;
    }

    Ip outside(Family family) {
        return Ip.of(family == Family.V4 ? "10.10.0.254" : "fd00:10:10::fe");
    }

    /** An address that nobody has, such as a service's. */
    Ip service(Family family) {
        return Ip.of(family == Family.V4 ? "10.152.183.99" : "fd00:98::99");
    }

    /** Makes a pod that plays along until the ground is closed, or {@link #dismiss dismissed}. */
    Actor actor(String name, Node node, String role, HostPort... ports) {
        return actor(pods.attach(spec(name, role, ports), node.host()));
    }

    private Actor actor(Pod pod) {
        Actor actor = watched(pod);
        made.put(actor, pod);
        return keep(actor);
    }

    /** A pod that the caller made, and removes. */
    Actor watched(Pod pod) {
        return new Actor(pod.name(), pod.addresses().stream().map(Ip::of).toList(), new NetworkNamespace(pods.netns(pod)));
    }

    /** The attacker's network namespace, as a path on its host. */
    String attackersNetns() {
        return Optional.ofNullable(made.get(attacker)).orElseThrow().netns();
    }

    /** The address that the node's next pod comes after. */
    Ip newest(Node node, Family family) {
        try (Stream<Path> files = Files.walk(node.host().path("/var/lib/cni/networks"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("last_reserved_ip.")).map(Ground::address)
                    .filter(address -> address.family() == family).findFirst()
                    .orElseThrow(() -> new LabException("Host " + node + " has given out no address of " + family + " yet."));
        } catch (IOException refused) {
            throw new LabException("The addresses of host " + node + " cannot be read: " + refused.getMessage(), refused);
        }
    }

    private static Ip address(Path file) {
        try {
            return Ip.of(Files.readString(file).strip());
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    PodSpec spec(String name, String role, HostPort... ports) {
        return new PodSpec(NAMESPACE, name, Map.of(LABEL, role), List.of(), List.of(ports));
    }

    void dismiss(Actor actor) {
        open.remove(actor);
        actor.close();
        Optional.ofNullable(made.remove(actor)).ifPresent(pods::remove);
    }

    /** Puts a GlobalNetworkPolicy, named after the test; the spec is JSON. */
    void policy(String name, String spec) {
        put(Kind.GLOBAL_NETWORK_POLICY, name, spec);
    }

    void put(Kind kind, String name, String spec) {
        put(ResourceKey.of(kind, PREFIX + name), Json.object(name, spec).orThrow());
    }

    private void put(ResourceKey key, ObjectNode spec) {
        value(key.path(), Resource.make(key, Map.of(), spec).created(UUID.randomUUID(), Instant.now()).encode());
    }

    /** Puts a value that is removed with the ground. */
    void value(String key, String value) {
        keys.add(key);
        etcd.put(key, value);
    }

    void remove(Kind kind, String name) {
        removeKey(ResourceKey.of(kind, PREFIX + name).path());
    }

    void removeKey(String key) {
        etcd.delete(key);
        keys.remove(key);
    }

    /** A source port that was not used of late: what has it belongs to no connection that a policy of before let through. */
    static int newSource() {
        return FIRST_SOURCE + SOURCES.getAndIncrement() % MOST_SOURCES;
    }

    /** Whether what a pod sends to another does not arrive, though what it sends to the open port does. */
    static boolean closed(Actor from, Actor to, int port) {
        Family family = from.address(Family.V4).isPresent() ? Family.V4 : Family.V6;
        Token bad = Token.fresh();
        Token good = Token.fresh();
        from.udp(to.ip(family), newSource(), port, bad.bytes());
        return Findings.arrives(to.ear(), good, token -> from.udp(to.ip(family), newSource(), OPEN, token.bytes())) && to.ear().heard(bad) == 0;
    }

    /** Whether what a pod sends to another arrives, at once. */
    static boolean arrives(Actor from, Actor to, int port) {
        Family family = from.address(Family.V4).isPresent() ? Family.V4 : Family.V6;
        Token token = Token.fresh();
        from.udp(to.ip(family), newSource(), port, token.bytes());
        return to.ear().hears(token, Duration.ofMillis(200));
    }

    /** Waits until it is so. */
    static void await(String what, BooleanSupplier so) {
        if (!Pause.until(IN_FORCE, so)) {
            throw new LabException("Within " + IN_FORCE.toSeconds() + " s it did not come about that " + what + ".");
        }
    }

    @Override
    public void close() {
        List<String> left = new ArrayList<>();
        for (AutoCloseable one : open) {
            attempt(one::close, left);
        }
        open.clear();
        made.values().forEach(pod -> attempt(() -> pods.remove(pod), left));
        made.clear();
        List.copyOf(keys).forEach(key -> attempt(() -> removeKey(key), left));
        if (!left.isEmpty()) {
            throw new LabException("What the attacks needed cannot all be removed: " + String.join("; ", left));
        }
    }

    private static void attempt(Attempt removal, List<String> left) {
        try {
            removal.run();
        } catch (Exception refused) {
            left.add(String.valueOf(refused.getMessage()));
        }
    }

    /** What may fail. */
    @FunctionalInterface
    private interface Attempt {

        void run() throws Exception;
    }
}
