package io.canal.agent;

import io.canal.agent.Conditions.Weight;
import io.canal.config.AgentConfig;
import io.canal.lease.NodeFacts;
import io.canal.lease.keeper.KeeperStanding;
import io.canal.lease.keeper.LeaseKeeper;
import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import io.canal.model.IpPrefix;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.NetworkKeys;
import io.canal.model.calico.ResourceKey;
import io.canal.network.Uplink;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Clock;
import io.canal.store.Feed;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.StoreException.Kind;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongFunction;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All that hangs on the etcd that the configuration names: the link, what this node says of itself there, and what waits for it. */
final class EtcdSide implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(EtcdSide.class);
    private static final String PART = "etcd";
    private static final Duration LEAVE_WITHIN = Duration.ofSeconds(4);
    private static final Duration CALICO_PAUSE = Duration.ofSeconds(1);
    private static final Mac NO_MAC = new Mac(0);

    private final Stores stores;
    private final Facts facts;
    private final Conditions conditions;
    private final Path stateDir;
    private final Clock clock;
    private final RandomGenerator random;
    private final NetworkPut networkPut;
    private final CalicoPresence calico;
    private final PublicAddress publicAddress;
    private final CurrentStore current = new CurrentStore();
    private final String boot = HostFacts.bootId();
    private final LongFunction<Sources> sourcesMaker;
    private final PolicyFeed policy;
    private final Feed.Listener questions;
    private final Runnable onInSync;

    private final AtomicBoolean retrying = new AtomicBoolean();
    private volatile @Nullable Sources sources;
    private volatile @Nullable EtcdLink link;
    private volatile Learnt learnt = Learnt.NOTHING;
    private @Nullable NodeFacts told;
    /** The uplink's addresses when something was last learnt. */
    private List<Ip> connectedFrom = List.of();

    /**
     * What the kernel was seen to have, all of one pass: whoever says that the node takes packets says also whether pods are there.
     *
     * @param direct whether the kernel was brought to take packets that come without a tunnel
     */
    private record Learnt(Map<Family, Mac> macs, boolean pods, boolean direct) {

        static final Learnt NOTHING = new Learnt(Map.of(), false, false);
    }

    /**
     * Without a link yet.
     *
     * @param policy told of Calico's data
     * @param questions told of what is asked of nodes
     * @param onInSync told when etcd is within reach, at first and again, on a thread that may wait
     */
    EtcdSide(Stores stores, ApplyLoop loop, Tables tables, PolicyFeed policy, Feed.Listener questions, Facts facts, NetworkMemory memory, Conditions conditions,
            Path stateDir, Clock clock, RandomGenerator random, Runnable onInSync) {
        this.stores = stores;
        this.policy = policy;
        this.questions = questions;
        this.facts = facts;
        this.conditions = conditions;
        this.stateDir = stateDir;
        this.clock = clock;
        this.random = random;
        this.onInSync = onInSync;
        this.calico = new CalicoPresence(this::ensureCalico, CALICO_PAUSE);
        this.networkPut = new NetworkPut(stateDir);
        this.publicAddress = new PublicAddress(stateDir, write -> Thread.ofVirtual().name("uplink addresses").start(write));
        this.sourcesMaker = firstGeneration -> new Sources(loop, tables, facts, memory, conditions, firstGeneration,
                () -> Thread.ofVirtual().name("etcd is back").start(this::inSync));
    }

    /** The store that is in use, whichever it is. */
    Store store() {
        return current;
    }

    /** Whether what the tables do not name may be removed from the kernel. */
    boolean mayRemove() {
        Sources now = sources;
        return now != null && now.mayRemove();
    }

    KeeperStanding standing() {
        Sources now = sources;
        return now == null ? KeeperStanding.START : now.standing();
    }

    Optional<LeaseKeeper> keeper() {
        return Optional.ofNullable(link).map(EtcdLink::keeper);
    }

    /** Begins to talk to the etcd that the configuration names; ends to talk to another one. */
    synchronized void connect() {
        EtcdLink before = link;
        if (before != null) {
            link = null;
            before.close();
            facts.change(known -> known.withOwn(known.own().unconfirmed()));
        }
        AgentConfig config = facts.latest().config();
        if (!config.etcd().known()) {
            sources = null;
            conditions.set(PART, Weight.NOT_READY, Optional.of("The configuration names no etcd yet."));
            return;
        }
        conditions.set(PART, Weight.NOT_READY, Optional.of("The network is not wholly known yet."));
        Store store = stores.of(config);
        current.use(store);
        Sources listener = sourcesMaker.apply(facts.latest().own().generation());
        sources = listener;
        NodeFacts self = self();
        told = self;
        // It is much, so it begins first; the store ends it.
        var unused = store.feed(ResourceKey.ROOT, policy);
        unused = store.feed(NetworkKeys.QUESTIONS, questions);
        link = new EtcdLink(store, config.etcd(), config.leaseTtl(), self, stateDir, clock, random, listener);
    }

    /** The node has learnt something about itself. */
    void learn(Map<Family, Mac> tunnelMacs, boolean pods, boolean direct) {
        learnt = new Learnt(tunnelMacs, pods, direct);
        learn();
    }

    /** The facts have changed. */
    synchronized void learn() {
        EtcdLink now = link;
        if (now == null) {
            return;
        }
        List<Ip> from = facts.latest().uplink().map(uplink -> Stream.concat(uplink.v4().stream(), uplink.v6().stream()).toList()).orElse(List.of());
        if (!from.equals(connectedFrom)) {
            // A connection from an address that is gone stays silent, and each call on it would wait until its time is up.
            if (!connectedFrom.isEmpty()) {
                now.store().reconnect();
            }
            connectedFrom = from;
        }
        NodeFacts self = self();
        if (!self.equals(told)) {
            told = self;
            now.keeper().facts(self);
        }
    }

    /** Puts the network's configuration, or keeps it until etcd answers. */
    NetworkPut.Outcome putNetwork(String json) {
        Optional<String> seen = facts.latest().network().map(NetworkConfig::text).or(() -> standing().inSync() ? Optional.of("") : Optional.empty());
        return networkPut.put(keeper().map(keeper -> keeper::putNetwork), json, seen);
    }

    /** Whether a configuration of the network waits for etcd. */
    boolean networkPending() {
        return networkPut.pending();
    }

    /** Puts the network that was in force last into an etcd that has none, as one that was made anew; gives why not, in a sentence. */
    Optional<String> restoreNetwork() throws StoreException {
        LocalFacts now = facts.latest();
        Optional<LeaseKeeper> asked = keeper();
        if (now.network().isEmpty() || asked.isEmpty() || current.get(new NetworkKeys(now.etcd().prefix()).config()).isPresent()) {
            return Optional.empty();
        }
        return asked.get().putNetwork(now.network().get().text(), Optional::isEmpty).map(Sources::sentence);
    }

    /** Frees what a unit that has left holds; gives why not, as a sentence. */
    Optional<String> releaseUnit(String unit) throws StoreException {
        LeaseKeeper now = keeper().orElseThrow(() -> new StoreException(Kind.UNAVAILABLE, "no etcd is known yet"));
        return now.releaseUnit(unit);
    }

    /** Gives the subnet back, if etcd answers soon; gives why it did not happen, in a sentence. */
    Optional<String> leave() {
        Optional<LeaseKeeper> keeper = keeper();
        if (keeper.isEmpty()) {
            return Optional.empty();
        }
        CompletableFuture<Optional<String>> left = CompletableFuture.supplyAsync(keeper.get()::leave, Thread::startVirtualThread);
        try {
            return left.get(LEAVE_WITHIN.toMillis(), TimeUnit.MILLISECONDS).map(Sources::sentence);
        } catch (TimeoutException | ExecutionException late) {
            return Optional.of("etcd did not take the subnet back within " + LEAVE_WITHIN.toSeconds()
                    + " s; release it from another node with the action release-lease.");
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Optional.of("Interrupted while the subnet was given back.");
        }
    }

    @Override
    public synchronized void close() {
        calico.close();
        EtcdLink now = link;
        if (now != null) {
            now.close();
        }
    }

    /** Tries again to put what etcd did not take when it was back. */
    void retryNetwork() {
        if (networkPut.pending() && standing().inSync() && standing().watchAlive() && retrying.compareAndSet(false, true)) {
            Thread.ofVirtual().name("network put").start(() -> {
                try {
                    putWaiting();
                } finally {
                    retrying.set(false);
                }
            });
        }
    }

    private void inSync() {
        putWaiting();
        calico.suspect();
        onInSync.run();
    }

    private void putWaiting() {
        keeper().flatMap(keeper -> networkPut.retry(keeper::putNetwork)).ifPresent(outcome -> conditions.set("network", Weight.NOTE,
                outcome instanceof NetworkPut.Outcome.Refused(String sentence)
                        ? Optional.of("The network configuration that waited for etcd was not put: " + Sources.sentence(sentence))
                        : Optional.empty()));
    }

    /** Whether they are there; without an uplink the Node would have no address, and it is made only once. */
    private boolean ensureCalico() {
        LocalFacts now = facts.latest();
        if (now.network().isEmpty() || now.uplink().isEmpty()) {
            return false;
        }
        try {
            new CalicoObjects(current, clock).ensure(now.nodename(), address(now), now.network().get());
            return true;
        } catch (StoreException failure) {
            log.warn("Calico's objects could not be looked at: {}", failure.getMessage());
            return false;
        }
    }

    private static Optional<IpPrefix> address(LocalFacts now) {
        return now.uplink().flatMap(uplink -> uplink.addresses().stream()
                .filter(prefix -> uplink.v4().or(uplink::v6).filter(prefix.address()::equals).isPresent()).findFirst());
    }

    /**
     * What this node says of itself. Without an address it takes no subnet: that waits until the tunnels are there, because a device
     * that we find keeps its MAC, and the lease must say it. What was known once stays, so that a foreign device does not end a
     * lease.
     */
    private NodeFacts self() {
        LocalFacts now = facts.latest();
        AgentConfig config = now.config();
        NodeFacts before = told;
        Learnt seen = learnt;
        Map<Family, Mac> known = seen.macs;
        conditions.set("public address", Weight.NOTE, now.uplink().flatMap(chosen -> publicAddress.note(config.publicIp(), chosen)));
        boolean whole = now.network().filter(network -> !network.backend().isVxlan() || hasAll(network, known)).isPresent() && now.uplink().isPresent();
        if (!whole && before != null && (!before.publicIp().equals(LeaseValue.NO_V4) || before.publicIpv6().isPresent())) {
            return before.withPods(seen.pods).withDirect(seen.direct);
        }
        Optional<Uplink> uplink = now.uplink().filter(_ -> whole);
        Ip v4 = uplink.flatMap(chosen -> publicAddress.of(config.publicIp(), chosen)).orElse(LeaseValue.NO_V4);
        return new NodeFacts("this", boot, config.unit(), now.nodename(), v4, uplink.flatMap(Uplink::v6), known.getOrDefault(Family.V4, NO_MAC),
                Optional.ofNullable(known.get(Family.V6)), seen.pods, seen.direct);
    }

    private static boolean hasAll(NetworkConfig network, Map<Family, Mac> macs) {
        return Arrays.stream(Family.values()).allMatch(family -> network.range(family).isEmpty() || macs.containsKey(family));
    }
}
