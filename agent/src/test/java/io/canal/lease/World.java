package io.canal.lease;

import io.canal.model.Cidr;
import io.canal.model.HolderRecord;
import io.canal.model.Ip;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
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

/**
 * One interleaving: a few nodes with their agents, a store, sometimes a flanneld, and a network that delays, loses and repeats
 * nothing but may carry requests long after the caller has given up. Everything follows from the seed.
 */
final class World {

    static final Duration TTL = Duration.ofSeconds(24);
    static final Duration SESSION = Duration.ofSeconds(24);
    private static final long SECOND = 1_000_000_000L;
    private static final long MILLI = 1_000_000L;
    private static final int MOST_STEPS = 100_000;
    private static final long TIMEOUT = 3 * SECOND;
    private static final NetworkKeys KEYS = NetworkKeys.DEFAULT;

    /** Seven subnets, or three that each overlap two of those. */
    private static final String NARROW = "{\"Network\":\"10.9.0.0/24\",\"SubnetLen\":27,\"Backend\":{\"Type\":\"host-gw\"}}";
    private static final String WIDE = "{\"Network\":\"10.9.0.0/24\",\"SubnetLen\":26,\"SubnetMin\":\"10.9.0.64\",\"Backend\":{\"Type\":\"host-gw\"}}";

    private static final ThreadLocal<SnapshotReader> READER = ThreadLocal.withInitial(() -> new SnapshotReader(KEYS));

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
        put(KEYS.config(), NARROW);
        boolean flannel = random.nextInt(3) == 0;
        Scenario scenario = Scenario.values()[random.nextInt(Scenario.values().length)];
        int count = 2 + random.nextInt(2);
        for (int i = 0; i < count; i++) {
            boolean pods = scenario == Scenario.REPLACED_STORE || random.nextInt(3) == 0;
            nodes.add(new SimulatedNode(this, "n" + i, "node" + i, ip(i), new Mac(i + 1), pods));
        }
        for (SimulatedNode node : nodes) {
            // Most start at once, as after a power failure.
            at(random.nextInt(3) == 0 ? random.nextLong(5 * SECOND) : random.nextLong(50 * MILLI), () -> start(node));
        }
        if (flannel) {
            at(random.nextLong(2 * SECOND), () -> new Flanneld().start());
        }
        if (scenario == Scenario.RESERVATION) {
            put(KEYS.lease(SubnetKey.of("10.9.0.96-27")), LeaseValue.hostGw(ip(0)).text());
        }
        scenario.play(this);
        runUntil(45 * SECOND);
        heal();
        Optional<String> unsettled = unsettled();
        for (int i = 0; i < 30 && violation == null && unsettled.isPresent(); i++) {
            runUntil(now + 3 * SECOND);
            unsettled = unsettled();
        }
        unsettled.ifPresent(this::violated);
        checkPeers();
        return Optional.ofNullable(violation);
    }

    /** The story that chance then varies. */
    private enum Scenario {
        CALM {
            @Override
            void play(World world) {
                world.anything(2);
            }
        },
        RESERVATION {
            @Override
            void play(World world) {
                world.anything(3);
            }
        },
        MIXED_LENGTHS {
            @Override
            void play(World world) {
                for (int i = 0; i < 3; i++) {
                    world.at(world.random.nextLong(100 * MILLI), () -> world.put(KEYS.config(), world.random.nextBoolean() ? WIDE : NARROW));
                }
                world.at(world.random.nextLong(20 * SECOND), () -> world.put(KEYS.config(), world.random.nextBoolean() ? WIDE : NARROW));
                world.anything(1);
            }
        },
        CUT_OFF_PAST_TTL {
            @Override
            void play(World world) {
                SimulatedNode victim = world.nodes.getFirst();
                world.at(3 * SECOND + world.random.nextLong(5 * SECOND), () -> world.trace(victim, "cut off", () -> victim.cut(true)));
                world.at(36 * SECOND, () -> world.newNode());
                world.at(37 * SECOND, () -> world.newNode());
                world.anything(1);
            }
        },
        SWAPPED_ADDRESSES {
            @Override
            void play(World world) {
                SimulatedNode a = world.nodes.get(0);
                SimulatedNode b = world.nodes.get(1);
                long at = 5 * SECOND + world.random.nextLong(10 * SECOND);
                world.at(at, () -> {
                    a.powerOff();
                    b.powerOff();
                    Ip old = a.facts().publicIp();
                    Ip other = b.facts().publicIp();
                    world.trace(a, "swaps its address with " + b.name(), () -> {});
                    world.at(world.now + world.random.nextLong(SECOND), () -> a.boot(other));
                    world.at(world.now + world.random.nextLong(SECOND), () -> b.boot(old));
                });
                world.anything(1);
            }
        },
        CLONE {
            @Override
            void play(World world) {
                SimulatedNode original = world.nodes.getFirst();
                world.at(8 * SECOND + world.random.nextLong(10 * SECOND), () -> {
                    if (original.up() && original.state().session().isPresent()) {
                        SimulatedNode copy = new SimulatedNode(world, "copy", original.facts().node(), world.ip(9), original.facts().mac(), false);
                        world.nodes.add(copy);
                        world.trace(copy, "starts as a copy of " + original.name(), copy::start);
                    }
                });
            }
        },
        LEASE_DELETED {
            @Override
            void play(World world) {
                for (int i = 0; i < 2; i++) {
                    world.at(world.random.nextLong(44 * SECOND), () -> {
                        List<Entry> leases = world.kv.list(KEYS.leases()).entries();
                        if (!leases.isEmpty()) {
                            Entry victim = leases.get(world.random.nextInt(leases.size()));
                            world.trace(null, "deletes " + victim.key(), () -> world.commit(null, Txn.when().delete(victim.key())));
                        }
                    });
                }
                world.anything(2);
            }
        },
        REPLACED_STORE {
            @Override
            void play(World world) {
                world.at(15 * SECOND + world.random.nextLong(10 * SECOND), () -> {
                    if (world.nodes.stream().allMatch(node -> node.used().isPresent())) {
                        world.trace(null, "puts an empty store in place", () -> {
                            world.kv.replace(2);
                            world.put(KEYS.config(), NARROW);
                            world.nodes.forEach(node -> node.on(new Event.Hint()));
                        });
                    }
                });
                world.kills(2);
            }
        };

        abstract void play(World world);
    }

    /** So many faults of any kind at any time. */
    private void anything(int count) {
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
                case 5 -> at(at, () -> newNode());
                default -> at(at, () -> new Flanneld().start());
            }
        }
    }

    private void kills(int count) {
        for (int i = 0; i < count; i++) {
            kill(nodes.get(random.nextInt(nodes.size())), random.nextLong(40 * SECOND));
        }
    }

    private void kill(SimulatedNode node, long at) {
        at(at, () -> trace(node, "killed", node::kill));
        at(at + random.nextLong(3 * SECOND), () -> start(node));
    }

    private void newNode() {
        int number = nodes.size();
        if (number < 5) {
            SimulatedNode node = new SimulatedNode(this, "n" + number, "node" + number, ip(number), new Mac(number + 1), false);
            nodes.add(node);
            start(node);
        }
    }

    private void start(SimulatedNode node) {
        trace(node, "starts", node::start);
    }

    private void heal() {
        healed = true;
        put(KEYS.config(), NARROW);
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
                request(node, life, id, () -> new Event.KeptAlive(id, kv.keepAlive(lease, now).isPresent()));
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
            Optional<Entry> config = Optional.ofNullable(kv.get(KEYS.config()));
            at(now + latency(), () -> {
                kv.expire(now);
                List<Entry> leases = kv.list(KEYS.leases()).entries();
                at(now + latency(), () -> {
                    kv.expire(now);
                    List<Entry> holders = kv.list(NetworkKeys.HOLDERS).entries();
                    List<Entry> sessions = kv.list(NetworkKeys.SESSIONS).entries();
                    Snapshot snapshot = READER.get().read(epoch, config, leases, holders, sessions);
                    node.answer(life, new Event.WasRead(id, node.remembered(snapshot, defects.contains(Defect.STALE_LIST))));
                });
            });
        });
    }

    private long latency() {
        return MILLI / 2 + (random.nextInt(10) == 0 ? random.nextLong(SECOND) : random.nextLong(8 * MILLI));
    }

    private void put(String key, String value) {
        commit(null, Txn.when().put(key, value, 0));
    }

    /** Carries it out, and holds it against the rule that no canal node writes over what is not its own. */
    private Optional<Txn.Result> commit(SimulatedNode node, Txn txn) {
        kv.expire(now);
        Map<String, Entry> before = new HashMap<>();
        if (node != null) {
            for (Txn.Write write : txn.writes()) {
                Entry entry = kv.get(write.key());
                if (entry != null && write.key().startsWith(KEYS.leases())) {
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
                LeaseValue value = READER.get().read(Optional.empty(), Optional.empty(), List.of(entry), List.of(), List.of())
                        .leases().values().iterator().next().value().orElseThrow();
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
        boolean own = node.state().subnet().filter(subnet -> key.equals(KEYS.lease(subnet)) || key.equals(NetworkKeys.holder(subnet))).isPresent();
        if (own || key.equals(KEYS.config()) || node.state().standing() != Standing.HELD && key.startsWith(KEYS.leases())) {
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

    // A real flanneld, as it behaves.

    private final class Flanneld {

        private final LeaseValue value = LeaseValue.hostGw(ip(40 + random.nextInt(5)));
        private String key = "";

        void start() {
            kv.expire(now);
            List<SubnetKey> taken = kv.list(KEYS.leases()).entries().stream()
                    .map(entry -> NetworkKeys.subnet(KEYS.leases(), entry.key()).orThrow()).toList();
            List<SubnetKey> free = new ArrayList<>();
            for (int i = 1; i < 8; i++) {
                SubnetKey subnet = SubnetKey.of(new Cidr(Ip.of("10.9.0.0").plus(32L * i), 27));
                if (taken.stream().noneMatch(subnet::overlaps)) {
                    free.add(subnet);
                }
            }
            if (free.isEmpty()) {
                return;
            }
            SubnetKey subnet = free.get(random.nextInt(free.size()));
            at(now + latency(), () -> {
                Optional<Txn.Result> result = commit(null, Txn.when().absent(KEYS.lease(subnet)).put(KEYS.lease(subnet), value.text(), kv.grant(TTL, now)));
                if (result.orElseThrow().done()) {
                    key = KEYS.lease(subnet);
                    trace(null, "flanneld took " + subnet, () -> {});
                    renewLater();
                }
            });
        }

        /** With a plain put, whoever has the key by then. Sometimes it comes too late. */
        private void renewLater() {
            long pause = random.nextInt(4) == 0 ? TTL.toNanos() + random.nextLong(10 * SECOND) : TTL.toNanos() * 23 / 24;
            if (random.nextInt(3) == 0) {
                return;
            }
            at(now + pause, () -> {
                if (healed) {
                    return;
                }
                commit(null, Txn.when().put(key, value.text(), kv.grant(TTL, now)));
                renewLater();
            });
        }
    }

    // What must hold.

    /** No two machines use overlapping subnets. */
    void checkUse(SimulatedNode node) {
        for (SimulatedNode other : nodes) {
            if (other != node && other.used().isPresent() && node.used().orElseThrow().overlaps(other.used().get())) {
                violated(node.name() + " and " + other.name() + " use " + node.used().get() + " and " + other.used().get());
            }
        }
    }

    /** Who is cut off is still reached: peers are leases and holders. */
    private void checkPeers() {
        Snapshot snapshot = snapshot();
        Peers peers = new Peers();
        snapshot.leases().forEach((subnet, row) -> peers.lease(subnet, row.value().orElseThrow()));
        snapshot.holders().forEach((subnet, row) -> peers.holder(subnet, row.value().orElseThrow()));
        peers.takeChanges();
        for (SimulatedNode node : nodes) {
            if (node.used().isEmpty() || node.up() && node.state().standing() != Standing.HELD) {
                continue;
            }
            SubnetKey used = node.used().get();
            boolean stolen = snapshot.leases().entrySet().stream().anyMatch(entry ->
                    entry.getKey().overlaps(used) && !node.isMine(entry.getValue().value().orElseThrow()));
            LeaseValue value = peers.all().get(used);
            if (snapshot.holders().containsKey(used) && !stolen && (value == null || !node.isMine(value))) {
                violated(node.name() + " is not reached at " + used + " by its peers: " + value);
            }
        }
    }

    private Snapshot snapshot() {
        return READER.get().read(Optional.ofNullable(kv.get(NetworkKeys.EPOCH)), Optional.ofNullable(kv.get(KEYS.config())),
                kv.list(KEYS.leases()).entries(), kv.list(NetworkKeys.HOLDERS).entries(), kv.list(NetworkKeys.SESSIONS).entries());
    }

    /** What still has to come after healing: each node has a subnet, by lease and holder. */
    private Optional<String> unsettled() {
        kv.expire(now);
        Snapshot snapshot = snapshot();
        for (SimulatedNode node : nodes) {
            boolean copied = nodes.stream().anyMatch(other -> other != node && other.facts().node().equals(node.facts().node()));
            Standing standing = node.state().standing();
            if (node.gone() || copied || standing == Standing.STOLEN && node.facts().podsUseSubnet()) {
                continue;
            }
            if (standing != Standing.HELD) {
                boolean full = node.problems().stream().anyMatch(problem -> problem.startsWith("out of subnets"));
                if (!full || snapshot.leases().size() < 4) {
                    return Optional.of("after healing, " + node);
                }
                continue;
            }
            SubnetKey used = node.used().orElseThrow();
            Row<LeaseValue> lease = snapshot.leases().get(used);
            Row<HolderRecord> holder = snapshot.holders().get(used);
            if (lease == null || !lease.value().equals(Optional.of(LeaseValue.hostGw(node.facts().publicIp())))) {
                return Optional.of("after healing, the lease of " + node + " is " + lease);
            }
            if (holder == null || !holder.value().orElseThrow().node().equals(node.facts().node())) {
                return Optional.of("after healing, the holder of " + node + " is " + holder);
            }
        }
        return Optional.empty();
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
                kv.expire(now);
                checkPeers();
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
        return Instant.EPOCH.plusNanos(now);
    }

    SplittableRandom random() {
        return random;
    }

    Transition transition() {
        return transition;
    }

    private Ip ip(int number) {
        return Ip.of("192.0.2.0").plus(number + 1L);
    }
}
