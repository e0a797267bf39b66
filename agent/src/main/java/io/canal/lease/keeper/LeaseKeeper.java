package io.canal.lease.keeper;

import io.canal.lease.Command;
import io.canal.lease.Event;
import io.canal.lease.KeeperState;
import io.canal.lease.NodeFacts;
import io.canal.lease.Reclaim;
import io.canal.lease.Remembered;
import io.canal.lease.Standing;
import io.canal.lease.Transition;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkConfig;
import io.canal.model.NetworkKeys;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Clock;
import io.canal.store.Feed;
import io.canal.store.Feed.Change;
import io.canal.store.Store;
import io.canal.store.StoreException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this node's subnet, and knows everybody's: runs the pure transition on a store, follows the network by feeds, and tells a
 * {@link KeeperListener}.
 *
 * <p>One thread owns the state; feeds, answers and requests are handed to it through a queue. Requests to the store run on virtual
 * threads of their own.
 */
public final class LeaseKeeper implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(LeaseKeeper.class);

    /** Without etcd for so long after start, the tables of the last life are used. */
    private static final Duration REMEMBER_AFTER = Duration.ofSeconds(5);

    /** A start with a memory has time to write it anew when peers are in the kernel; of thousands that takes as long as all else. */
    private static final Duration PEERS_FIRST = Duration.ofSeconds(1);

    private static final Duration LEAVE_WITHIN = Duration.ofSeconds(10);

    private final Store store;
    private final NetworkKeys keys;
    private final Clock clock;
    private final RandomGenerator random;
    private final KeeperListener listener;
    private final Transition transition;
    private final StoreCalls calls;
    private final Requests requests;
    private final Heard heard;
    private final StateFolder folder;
    private final LinkedBlockingQueue<Runnable> queue = new LinkedBlockingQueue<>();
    private final Thread thread;
    private final List<Feed> feeds = new ArrayList<>();
    private final String nodeId;
    private final String boot;
    // All below belong to the thread.
    private final NetworkView view;
    private final Duration writeEvery;
    private final long startedAt;
    private final long tablesFrom;
    private KeeperState state;
    private boolean closed;
    private boolean lookedAtMemory;
    private boolean toldPeers;
    private int underWay;
    private long tablesWrittenAt;
    private boolean tablesStale;
    private Optional<Thread> writing = Optional.empty();
    /** Whether the disk did not take what it was given last. */
    private boolean refused;
    /** Whether what was written is gone. */
    private boolean again;
    private StateFolder.Last lastWritten;
    /** The network config of the tables that this process has written. */
    private Optional<NetworkConfig> configOnDisk = Optional.empty();
    private Optional<NetworkConfig> toldConfig = Optional.empty();
    private Optional<NetworkConfig> hintedConfig = Optional.empty();
    private OwnSubnet toldOwn = OwnSubnet.NONE;
    private KeeperStanding toldStanding = KeeperStanding.START;
    private String lastFailure = "";
    private final List<CompletableFuture<Boolean>> leavers = new ArrayList<>();

    /**
     * Reads the state folder; speaks to nobody yet.
     *
     * @param facts what the node knows about itself; its node id is replaced by the one in the state folder
     * @param stateDir where the node's memory lives
     */
    public LeaseKeeper(Store store, NetworkKeys keys, KeeperSettings settings, NodeFacts facts, Path stateDir, Clock clock,
            RandomGenerator random, KeeperListener listener) {
        this.store = store;
        this.keys = keys;
        // The store counts on while this machine sleeps.
        this.clock = clock.throughSleep();
        this.random = random;
        this.listener = listener;
        this.transition = new Transition(keys, settings.leaseTtl(), settings.sessionTtl());
        this.folder = new StateFolder(stateDir);
        this.nodeId = folder.nodeId(random);
        this.startedAt = this.clock.nanos();
        this.writeEvery = settings.writeEvery();
        this.tablesWrittenAt = startedAt - writeEvery.toNanos();
        this.boot = facts.boot();
        this.lastWritten = folder.last(boot, this.clock);
        this.tablesFrom = startedAt + (lastWritten.subnet().isPresent() ? PEERS_FIRST.toNanos() : 0);
        this.view = new NetworkView(keys, settings.leaseTtl(), lastWritten.known(), folder::tables, this.clock);
        this.heard = new Heard(view, queue::add);
        this.calls = new StoreCalls(store, keys, heard);
        this.requests = new Requests(store, keys, calls);
        // What was ours is nobody's peer until etcd says otherwise, so peers need not wait for that.
        lastWritten.subnet().ifPresent(last -> view.peers().own(Optional.of(last.subnet()), Optional.of(last.value())));
        this.state = KeeperState.initial(lastWritten.subnet(), startedAt);
        this.thread = Thread.ofPlatform().name("lease").daemon().unstarted(this::loop);
        facts(facts);
    }

    /**
     * Makes a node known to itself, once.
     *
     * @throws IOException where its node id cannot be read, or not be kept; the message says what to do
     */
    public static void identify(Path stateDir, RandomGenerator random) throws IOException {
        try {
            new StateFolder(stateDir).nodeId(random);
        } catch (UncheckedIOException failure) {
            throw new IOException(failure.getMessage(), failure);
        }
    }

    /** The node id, from the state folder. */
    public String nodeId() {
        return nodeId;
    }

    /** The state folder was removed: all that this keeper has there is written again, soon. */
    public void writeAgain() {
        queue.add(() -> again = true);
    }

    /** Begins to follow the network and to take the subnet. */
    public void start() {
        feeds.add(store.feed(keys.config(), feed(view::configListed, (revision, changes) -> view.configChanged(changes), view::configLost)));
        feeds.add(store.feed(keys.leases(), feed(view::leasesListed, view::leasesChanged, view::leasesLost)));
        feeds.add(store.feed(NetworkKeys.HOLDERS, feed(view::holdersListed, view::holdersChanged, view::holdersLost)));
        thread.start();
    }

    /** The node has learnt something about itself: an address, a name, whether pods use its subnet. */
    public void facts(NodeFacts facts) {
        queue.add(() -> on(new Event.Facts(facts.withNode(nodeId))));
    }

    /** The etcd that is there is the right one, though it is another or was restored: what it lacks is removed. */
    public void acceptEtcd() {
        queue.add(this::accept);
    }

    /** If our subnet is lost, or not of the network any more, another one is taken although pods have addresses of it. */
    public void allowRenumber() {
        queue.add(() -> on(new Event.AllowRenumber()));
    }

    /**
     * Writes the network config once, if nobody changes it meanwhile.
     *
     * @param json the wanted config; what it does not speak of is kept from the current one
     * @return why not, as a sentence; empty where it is in force
     */
    public Optional<String> putNetwork(String json) throws StoreException {
        return putNetwork(json, _ -> true);
    }

    /**
     * As {@link #putNetwork(String)}, for a wish of some time ago.
     *
     * @param expected whether the config that is there now, if any, is the one that was to be replaced
     */
    public Optional<String> putNetwork(String json, Predicate<Optional<NetworkConfig>> expected) throws StoreException {
        return requests.putNetwork(json, expected);
    }

    /**
     * Frees the subnet of a node that is gone.
     *
     * @return why not, as a sentence; empty where it is free
     */
    public Optional<String> release(SubnetKey subnet) throws StoreException {
        return requests.release(subnet);
    }

    /**
     * Frees whatever a unit that is gone holds.
     *
     * @return why not, as a sentence; empty where it holds nothing any more
     */
    public Optional<String> releaseUnit(String unit) throws StoreException {
        return requests.releaseUnit(unit);
    }

    /** Writes this node's own holder record anew where it cannot be read and the agent waits for that; or only says what it would do. */
    public Reclaim.Plan reclaim(boolean dryRun) throws StoreException {
        return requests.reclaim(heard.ask(() -> Optional.of(state)), dryRun, clock.now());
    }

    /** All leases and holders, in order. */
    public List<LeaseRow> leases() throws StoreException {
        return requests.leases();
    }

    /**
     * Gives back what this node holds, for good.
     *
     * @return why not, as a sentence; empty where it was done
     */
    public Optional<String> leave() {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        queue.add(() -> {
            leavers.add(done);
            on(new Event.Leave());
        });
        try {
            done.get(LEAVE_WITHIN.toMillis(), TimeUnit.MILLISECONDS);
            return Optional.empty();
        } catch (TimeoutException | ExecutionException late) {
            return Optional.of("the subnet could not be given back within " + LEAVE_WITHIN.toSeconds()
                    + " s; release it later from another node with the action release-lease");
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return Optional.of("interrupted");
        }
    }

    /** Stops following and keeping. The subnet stays ours; the session ends by itself. */
    @Override
    public void close() {
        feeds.forEach(Feed::close);
        queue.add(() -> closed = true);
        try {
            thread.join();
            if (writing.isPresent()) {
                writing.get().join();
            }
            StateFolder.Last last = new StateFolder.Last(toRemember(), view.known());
            if (last.differs(folder.last(boot, clock))) {
                StateFolder.took(() -> folder.last(last, boot));
            }
            // Who comes next may be told of another etcd, and then goes by what the disk remembers.
            if (tablesStale && view.inSync() && state.standing() != Standing.LEFT) {
                StateFolder.took(() -> folder.tables(view.tables()));
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private Feed.Listener feed(Consumer<Store.Listing> listed, BiConsumer<Long, List<Change>> changed, Consumer<String> lost) {
        return new Feed.Listener() {
            @Override
            public void listed(Store.Listing listing) {
                queue.add(() -> {
                    listed.accept(listing);
                    tablesStale = true;
                    if (state.standing() != Standing.HELD || view.isDistrusted()) {
                        on(new Event.Hint());
                    }
                });
            }

            @Override
            public void changed(long revision, List<Change> changes) {
                queue.add(() -> {
                    changed.accept(revision, changes);
                    tablesStale = true;
                    // Something is missing or wrong, and something has changed: maybe just that.
                    if (state.standing() != Standing.HELD && state.decided()) {
                        on(new Event.Hint());
                    }
                });
            }

            @Override
            public void lost(String reason) {
                queue.add(() -> lost.accept(reason));
            }
        };
    }

    private void loop() {
        while (!closed) {
            try {
                Runnable first = queue.poll(untilWake(), TimeUnit.NANOSECONDS);
                if (first == null) {
                    on(new Event.Due());
                } else {
                    run(first);
                }
                for (Runnable next = queue.poll(); next != null; next = queue.poll()) {
                    run(next);
                }
                settle();
            } catch (InterruptedException stopped) {
                return;
            }
        }
    }

    private void run(Runnable change) {
        try {
            change.run();
        } catch (RuntimeException defect) {
            log.error("the lease keeper failed; this is a defect of canal", defect);
        }
    }

    private long untilWake() {
        long wake = state.wakeAt();
        if (!view.inSync() && !lookedAtMemory) {
            wake = Math.min(wake, startedAt + REMEMBER_AFTER.toNanos());
        }
        // What waits only for a start to be over.
        if (writing.isEmpty() && !refused && tablesStale && view.inSync() && !view.config().equals(configOnDisk)) {
            wake = Math.min(wake, tablesFrom);
        }
        // What is being written wakes us when it ends.
        if (writing.isEmpty() && (refused || tablesStale && view.inSync())) {
            wake = Math.min(wake, Math.max(tablesFrom, tablesWrittenAt + writeEvery.toNanos()));
        }
        Duration distrust = view.distrustLeft();
        if (!distrust.isZero()) {
            wake = Math.min(wake, clock.nanos() + distrust.toNanos());
        }
        return wake == Long.MAX_VALUE ? TimeUnit.HOURS.toNanos(1) : Math.max(0, wake - clock.nanos());
    }

    private void on(Event event) {
        if (event instanceof Event.Failed(long ignored, String reason)) {
            lastFailure = reason;
        } else if (event instanceof Event.WasRead) {
            lastFailure = "";
        }
        Transition.Step step = transition.on(state, event, clock.nanos(), clock.now(), random);
        KeeperState before = state;
        state = step.state();
        if (!before.subnet().equals(state.subnet())) {
            // A process that has just started holds none yet; the disk knows what the node had.
            Optional<SubnetKey> had = before.subnet().or(() -> lastWritten.subnet().map(Remembered::subnet));
            log.info("subnet {} ({})", pretty(state.subnet()), had.equals(state.subnet()) ? "as before" : "was " + pretty(had));
        }
        step.commands().forEach(this::carryOut);
    }

    private void accept() {
        view.accept();
        tablesStale = true;
    }

    private static String pretty(Optional<SubnetKey> subnet) {
        return subnet.map(SubnetKey::pretty).orElse("none");
    }

    private void carryOut(Command command) {
        underWay++;
        Thread.ofVirtual().name("etcd request").start(() -> {
            Optional<Event> answer = calls.carryOut(command);
            queue.add(() -> {
                underWay--;
                answer.ifPresent(this::on);
            });
        });
    }

    /** What follows from all that came in at once. */
    private void settle() {
        try {
            heard.look();
            if (!view.inSync() && !lookedAtMemory && clock.since(startedAt).compareTo(REMEMBER_AFTER) >= 0) {
                lookedAtMemory = true;
                view.remember();
            }
            if (view.distrustIsOver()) {
                accept();
            }
            if (!view.config().equals(hintedConfig)) {
                hintedConfig = view.config();
                on(new Event.Hint());
            }
            if (state.standing() == Standing.HELD && state.subnet().isPresent()
                    && view.contradicts(state.subnet().get(), state.leaseRevision(), state.holderRevision())) {
                on(new Event.Hint());
            }
            listener.together(this::tell);
            // The session is ended last, and who leaves closes the store.
            if (state.standing() == Standing.LEFT && underWay == 0) {
                leavers.forEach(leaver -> leaver.complete(true));
                leavers.clear();
            }
            write();
        } catch (RuntimeException defect) {
            log.error("the lease keeper failed; this is a defect of canal", defect);
        }
    }

    private void tell() {
        if (view.config().isPresent() && !view.config().equals(toldConfig)) {
            toldConfig = view.config();
            listener.network(toldConfig.get());
        }
        OwnSubnet own = new OwnSubnet(state.subnet(), state.value(), state.generation(), state.standing(), state.confirmedAt(), state.confirmedNanos().orElse(0L));
        if (!own.equals(toldOwn)) {
            toldOwn = own;
            view.peers().own(own.subnet(), own.value());
            listener.own(own);
        }
        boolean known = view.subnetsListed() && (state.decided() || lastWritten.subnet().isPresent()) || lookedAtMemory && view.remembers();
        if (known) {
            Map<SubnetKey, Optional<LeaseValue>> changes = view.peers().takeChanges();
            if (!toldPeers) {
                toldPeers = true;
                listener.peersListed(view.peers().all());
            } else if (!changes.isEmpty()) {
                listener.peersChanged(changes);
            }
        }
        List<String> problems = new ArrayList<>(state.problems());
        view.problems().stream().filter(problem -> !problems.contains(problem)).forEach(problems::add);
        if (!lastFailure.isEmpty() && state.failures() > 1 && view.alive()) {
            problems.add(lastFailure);
        }
        boolean inSync = view.inSync() && toldPeers && state.decided();
        KeeperStanding standing = new KeeperStanding(view.alive(), inSync, inSync && !view.isDistrusted(), view.listings(), problems, view.notes());
        if (!standing.equals(toldStanding)) {
            toldStanding = standing;
            listener.standing(standing);
        }
    }

    /** Has the disk remember what has changed; on a thread of its own, because a disk may take its time, and renewals do not wait for it. */
    private void write() {
        if (writing.isPresent()) {
            return;
        }
        boolean due = clock.since(tablesWrittenAt).compareTo(writeEvery) >= 0;
        // The revisions move with every write of anybody; they go to disk with the tables.
        StateFolder.Last last = new StateFolder.Last(toRemember(), view.known());
        boolean anew = again && (due || !refused);
        boolean lastToo = anew || last.differs(lastWritten) && (due || !refused) || due && tablesStale && !last.known().equals(lastWritten.known());
        // Without the config the rest is no memory of a network: a new one does not wait for its turn.
        boolean another = !refused && !view.config().equals(configOnDisk);
        boolean tablesToo = view.inSync() && (anew || tablesStale && (due || another) && clock.nanos() - tablesFrom >= 0);
        if (!lastToo && !tablesToo) {
            // What was refused is wanted no more.
            refused &= !due;
            return;
        }
        if (due || tablesToo) {
            // Before the attempt: a disk that is full is not asked again at once.
            tablesWrittenAt = clock.nanos();
        }
        Optional<StateFolder.Tables> tables = Optional.of(tablesToo).filter(Boolean::booleanValue).map(_ -> view.tables());
        tablesStale = tablesStale && !tablesToo;
        again &= !anew;
        writing = Optional.of(Thread.ofPlatform().name("state to disk").daemon().start(() -> {
            boolean lastWasWritten = lastToo && StateFolder.took(() -> folder.last(last, boot)) && (!anew || StateFolder.took(() -> folder.keep(nodeId)));
            boolean tablesWereWritten = tables.isPresent() && StateFolder.took(() -> folder.tables(tables.get()));
            queue.add(() -> {
                writing = Optional.empty();
                again |= anew && !lastWasWritten;
                refused = lastToo && !lastWasWritten || tablesToo && !tablesWereWritten;
                lastWritten = lastWasWritten ? last : lastWritten;
                tablesStale |= tablesToo && !tablesWereWritten;
                configOnDisk = tablesWereWritten ? tables.get().config() : configOnDisk;
            });
        }));
    }

    private Optional<Remembered> toRemember() {
        return state.standing() == Standing.LEFT ? Optional.empty() : state.toRemember().or(lastWritten::subnet);
    }
}
