package io.canal.lease;

import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkConfig;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.store.MemoryKv;
import io.canal.store.Store.Entry;
import io.canal.store.Txn;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One interleaving: a few nodes with their agents, a store, sometimes a flanneld, and a network that delays, loses and repeats
 * nothing but may carry requests long after the caller has given up. Everything follows from the seed.
 */
final class World {

    static final Duration TTL = Duration.ofSeconds(24);
    static final Duration SESSION = Duration.ofSeconds(24);
    static final long SECOND = 1_000_000_000L;
    static final long MILLI = 1_000_000L;
    private static final int MOST_STEPS = 100_000;

    /** The most that 50,000 interleavings took was 180, four nodes and what is on its way included. */
    private static final int MOST_STEPS_TO_HEAL = 400;

    private static final long TIMEOUT = 3 * SECOND;
    static final NetworkKeys KEYS = NetworkKeys.DEFAULT;

    /** Seven subnets, or three that each overlap two of those. */
    static final String NARROW = "{\"Network\":\"10.9.0.0/24\",\"SubnetLen\":27,\"Backend\":{\"Type\":\"host-gw\"}}";
    static final String WIDE = "{\"Network\":\"10.9.0.0/24\",\"SubnetLen\":26,\"SubnetMin\":\"10.9.0.64\",\"Backend\":{\"Type\":\"host-gw\"}}";

    /** Seven of each family, and seven of IPv6 alone. */
    static final String DUAL = "{\"EnableIPv6\":true,\"Network\":\"10.9.0.0/24\",\"SubnetLen\":27,"
            + "\"IPv6Network\":\"fd00:9::/56\",\"IPv6SubnetLen\":59,\"Backend\":{\"Type\":\"host-gw\"}}";
    static final String V6_ONLY = "{\"EnableIPv4\":false,\"EnableIPv6\":true,"
            + "\"IPv6Network\":\"fd00:9::/56\",\"IPv6SubnetLen\":59,\"Backend\":{\"Type\":\"host-gw\"}}";

    private static final Map<String, NetworkConfig> CONFIGS = Stream.of(NARROW, WIDE, DUAL, V6_ONLY)
            .collect(Collectors.toMap(text -> text, text -> NetworkConfig.parse("config", text).orThrow()));
    private static final Scenario[] SCENARIOS = Scenario.values();
    private static final Ip FIRST_V4 = Ip.of("192.0.2.0");
    private static final Ip FIRST_V6 = Ip.of("2001:db8::");
    private static final String LEASES = KEYS.leases();
    private static final String CONFIG = KEYS.config();

    private static final ThreadLocal<SnapshotReader> READER = ThreadLocal.withInitial(() -> new SnapshotReader(KEYS));

    private final Invariants invariants = new Invariants(this);
    private final SplittableRandom random;
    private final Set<Defect> defects;
    private final Transition transition;
    private final MemoryKv kv = new MemoryKv(1);
    private final PriorityQueue<Happening> queue = new PriorityQueue<>();
    private final List<SimulatedNode> nodes = new ArrayList<>();
    private final List<String> log = new ArrayList<>();
    private final boolean tracing;
    private long now;
    private long sequence;
    private int steps;
    private Scenario scenario = Scenario.CALM;
    private NetworkConfig lastConfig;
    private boolean healed;
    private String violation;

    private record Happening(long at, long sequence, Runnable what) implements Comparable<Happening> {
        @Override
        public int compareTo(Happening other) {
            int byTime = Long.compare(at, other.at);
            return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
        }
    }

    World(long seed, Set<Defect> defects, boolean tracing) {
        this.random = new SplittableRandom(seed);
        this.defects = defects;
        this.tracing = tracing;
        EnumSet<Guard> guards = EnumSet.allOf(Guard.class);
        defects.forEach(defect -> defect.off().ifPresent(guards::remove));
        this.transition = new Transition(KEYS, TTL, SESSION, guards);
    }

    // The run.

    /** Runs to the end; returns what went wrong. */
    Optional<String> run() {
        boolean flannel = random.nextInt(3) == 0;
        scenario = SCENARIOS[random.nextInt(SCENARIOS.length)];
        lastConfig = CONFIGS.get(scenario.lastConfig());
        put(CONFIG, scenario.config());
        int count = 2 + random.nextInt(2);
        for (int i = 0; i < count; i++) {
            boolean pods = scenario.podsEverywhere() || random.nextInt(3) == 0;
            nodes.add(new SimulatedNode(this, "n" + i, "node" + i, i, pods));
        }
        for (SimulatedNode node : nodes) {
            // Most start at once, as after a power failure.
            at(random.nextInt(3) == 0 ? random.nextLong(5 * SECOND) : random.nextLong(50 * MILLI), () -> start(node));
        }
        if (flannel) {
            at(random.nextLong(2 * SECOND), this::flanneld);
        }
        scenario.play(this);
        runUntil(45 * SECOND);
        heal();
        Map<SimulatedNode, SubnetKey> kept = invariants.kept();
        int before = steps;
        Optional<String> unsettled = invariants.unsettled();
        for (int i = 0; i < 30 && violation == null && unsettled.isPresent(); i++) {
            runUntil(now + 3 * SECOND);
            unsettled = invariants.unsettled();
        }
        unsettled.ifPresent(this::violated);
        kept.forEach((node, subnet) -> {
            if (node.state().standing() == Standing.HELD && !node.used().equals(Optional.of(subnet))) {
                violated("after healing, " + node.name() + " uses " + node.used() + ", although it held " + subnet);
            }
        });
        if (steps - before > MOST_STEPS_TO_HEAL) {
            violated("healing took " + (steps - before) + " steps");
        }
        invariants.checkPeers();
        return Optional.ofNullable(violation);
    }

    /** So many faults of any kind at any time. */
    void anything(int count) {
        for (int i = 0; i < count; i++) {
            long at = random.nextLong(40 * SECOND);
            SimulatedNode node = nodes.get(random.nextInt(nodes.size()));
            switch (random.nextInt(7)) {
                case 0, 1 -> kill(node, at);
                case 2 -> {
                    at(at, () -> trace(node, "cut off", () -> node.cut(true)));
                    at(at + random.nextLong(20 * SECOND), () -> trace(node, "back", () -> node.cut(false)));
                }
                case 3 -> at(at, () -> {
                    trace(node, "reboots", node::powerOff);
                    at(now + random.nextLong(5 * SECOND), () -> node.boot(node.facts().publicIp()));
                });
                case 4 -> at(at, () -> trace(node, "gets another address", () -> node.readdress(ip(20 + random.nextInt(5)))));
                case 5 -> at(at, this::newNode);
                default -> at(at, this::flanneld);
            }
        }
    }

    void kills(int count) {
        for (int i = 0; i < count; i++) {
            kill(nodes.get(random.nextInt(nodes.size())), random.nextLong(40 * SECOND));
        }
    }

    private void kill(SimulatedNode node, long at) {
        at(at, () -> trace(node, "killed", node::kill));
        at(at + random.nextLong(3 * SECOND), () -> start(node));
    }

    void newNode() {
        int number = nodes.size();
        if (number < 5) {
            SimulatedNode node = new SimulatedNode(this, "n" + number, "node" + number, number, false);
            nodes.add(node);
            start(node);
        }
    }

    void copyOf(SimulatedNode original) {
        SimulatedNode copy = new SimulatedNode(this, "copy", original.facts().node(), 9, false);
        nodes.add(copy);
        trace(copy, "starts as a copy of " + original.name(), copy::start);
    }

    void flanneld() {
        if (scenario.withFlanneld()) {
            new Flanneld(this, CONFIGS.get(kv.get(CONFIG).value()).v6().isPresent()).start();
        }
    }

    private void start(SimulatedNode node) {
        trace(node, "starts", node::start);
    }

    private void heal() {
        healed = true;
        put(CONFIG, scenario.lastConfig());
        for (SimulatedNode node : nodes) {
            node.cut(false);
            node.start();
            node.on(new Event.Hint());
        }
    }

    // The network and the store.

    void carryOut(SimulatedNode node, int life, Command command) {
        switch (command) {
            case Command.Read(long id) -> read(node, life, id);
            case Command.Commit(long id, Txn txn, Optional<Duration> grant) ->
                request(node, life, id, () -> {
                    long lease = grant.isPresent() ? kv.grant(grant.get(), now) : 0;
                    Optional<Txn.Result> result = commit(node, txn.withLease(Command.NEW_LEASE, lease));
                    if (result.isEmpty()) {
                        return new Event.Failed(id, "requested lease not found");
                    }
                    return new Event.Committed(id, result.get().done(), result.get().revision(), result.get().done() ? lease : 0);
                });
            case Command.KeepAlive(long id, long lease) ->
                request(node, life, id, () -> new Event.KeptAlive(id, kv.keepAlive(lease, now)));
            case Command.Revoke(long lease) -> at(now + latency(), () -> changing(() -> kv.revoke(lease)));
        }
    }

    private interface Answer {
        Event get();
    }

    /** There, and back; or late, or lost. The caller hears of a failure in time, in any case. */
    private void request(SimulatedNode node, int life, long id, Answer answer) {
        boolean lost = node.cut() || random.nextInt(40) == 0;
        if (lost) {
            if (random.nextInt(2) == 0) {
                // On the way for long: carried out when nobody waits for it any more.
                at(now + random.nextLong(15 * SECOND), answer::get);
            }
            at(now + TIMEOUT, () -> node.answer(life, new Event.Failed(id, "no answer")));
            return;
        }
        at(now + latency(), () -> {
            Event event = answer.get();
            at(now + latency(), () -> node.answer(life, event));
        });
    }

    /** The listings are made one after the other: others may write between them. */
    private void read(SimulatedNode node, int life, long id) {
        if (node.cut() || random.nextInt(40) == 0) {
            at(now + TIMEOUT, () -> node.answer(life, new Event.Failed(id, "no answer")));
            return;
        }
        at(now + latency(), () -> {
            kv.expire(now);
            Optional<Entry> epoch = Optional.ofNullable(kv.get(NetworkKeys.EPOCH));
            Optional<Entry> config = Optional.ofNullable(kv.get(CONFIG));
            at(now + latency(), () -> {
                kv.expire(now);
                List<Entry> leases = kv.list(LEASES).entries();
                at(now + latency(), () -> {
                    kv.expire(now);
                    List<Entry> holders = kv.list(NetworkKeys.HOLDERS).entries();
                    List<Entry> sessions = kv.list(NetworkKeys.SESSIONS).entries();
                    Snapshot snapshot = read(epoch, config, leases, holders, sessions);
                    node.answer(life, new Event.WasRead(id, node.remembered(snapshot, defects.contains(Defect.STALE_LIST))));
                });
            });
        });
    }

    long latency() {
        return MILLI / 2 + (random.nextInt(10) == 0 ? random.nextLong(SECOND) : random.nextLong(8 * MILLI));
    }

    void put(String key, String value) {
        commit(null, Txn.when().put(key, value, 0));
    }

    /** Carries it out, and holds it against the rule that no canal node writes over what is not its own. */
    Optional<Txn.Result> commit(SimulatedNode node, Txn txn) {
        kv.expire(now);
        Map<String, Entry> before = new HashMap<>();
        if (node != null) {
            for (Txn.Write write : txn.writes()) {
                Entry entry = kv.get(write.key());
                if (entry != null && write.key().startsWith(LEASES)) {
                    before.put(write.key(), entry);
                }
            }
        }
        Optional<Txn.Result> result = changing(() -> kv.commit(txn));
        if (tracing) {
            trace(node, (result.filter(Txn.Result::done).isPresent() ? "commits " : "fails to commit ") + txn, () -> {});
        }
        if (node != null && result.filter(Txn.Result::done).isPresent()) {
            for (Entry entry : before.values()) {
                LeaseValue value = READER.get().leases(List.of(entry)).values().iterator().next().value().orElseThrow();
                if (!node.isMine(value)) {
                    violated(node.name() + " wrote over " + entry.key() + " of " + value.publicIp());
                }
            }
        }
        return result;
    }

    private void changing(Runnable change) {
        changing(() -> {
            change.run();
            return Optional.empty();
        });
    }

    private interface Change<T> {
        T run();
    }

    /** What the watches tell, a little later, of what a change did. */
    private <T> T changing(Change<T> change) {
        long since = kv.revision();
        T result = change.run();
        if (kv.revision() != since) {
            for (MemoryKv.Event event : kv.since(since).orElse(List.of())) {
                for (SimulatedNode node : nodes) {
                    hint(node, event);
                }
            }
        }
        return result;
    }

    private void hint(SimulatedNode node, MemoryKv.Event event) {
        if (!node.up() || node.cut()) {
            return;
        }
        String key = event.change().key();
        boolean own = node.isOwnKey(key);
        if (own || key.equals(CONFIG) || node.state().standing() != Standing.HELD && key.startsWith(LEASES)) {
            // A watch may lag, or be between two generations.
            long lag = random.nextInt(4) == 0 ? random.nextLong(12 * SECOND) : latency();
            at(now + lag, () -> {
                boolean ours = own && node.state().leaseRevision() >= event.revision();
                if (!ours) {
                    node.on(new Event.Hint());
                }
            });
        }
    }

    // How it is.

    /** What the store holds now. */
    Snapshot snapshot() {
        kv.expire(now);
        return read(Optional.ofNullable(kv.get(NetworkKeys.EPOCH)), Optional.ofNullable(kv.get(CONFIG)),
                kv.list(LEASES).entries(), kv.list(NetworkKeys.HOLDERS).entries(), kv.list(NetworkKeys.SESSIONS).entries());
    }

    private static Snapshot read(Optional<Entry> epoch, Optional<Entry> config, List<Entry> leases, List<Entry> holders, List<Entry> sessions) {
        SnapshotReader reader = READER.get();
        return reader.read(epoch, config, reader.leases(leases), reader.holders(holders), sessions);
    }

    int steps() {
        return steps;
    }

    void violated(String what) {
        if (violation == null) {
            violation = what + " at " + now / MILLI + " ms";
        }
    }

    // Time and chance.

    void at(long when, Runnable what) {
        queue.add(new Happening(Math.max(when, now), sequence++, what));
    }

    private void runUntil(long end) {
        long nextLook = now + 9 * SECOND;
        while (violation == null && !queue.isEmpty() && queue.peek().at <= end) {
            Happening next = queue.poll();
            now = next.at;
            if (++steps > MOST_STEPS) {
                violated("it goes on for ever");
            }
            next.what.run();
            if (now >= nextLook) {
                nextLook = now + 9 * SECOND;
                invariants.checkPeers();
            }
        }
        now = Math.max(now, end);
    }

    void trace(SimulatedNode node, String what, Runnable step) {
        if (tracing) {
            log.add(now / MILLI + " " + (node == null ? "" : node.name() + " ") + what);
        }
        step.run();
    }

    List<String> log() {
        return log;
    }

    List<SimulatedNode> nodes() {
        return nodes;
    }

    long now() {
        return now;
    }

    Instant time() {
        // To the second, so that what is written is the same text in many interleavings, and is decoded once.
        return Instant.ofEpochSecond(now / SECOND);
    }

    SplittableRandom random() {
        return random;
    }

    Transition transition() {
        return transition;
    }

    MemoryKv kv() {
        return kv;
    }

    Invariants invariants() {
        return invariants;
    }

    /** The network that there is in the end. */
    NetworkConfig lastConfig() {
        return lastConfig;
    }

    boolean healed() {
        return healed;
    }

    static Ip ipv6(int number) {
        return FIRST_V6.plus(number + 1L);
    }

    static Ip ip(int number) {
        return FIRST_V4.plus(number + 1L);
    }
}
