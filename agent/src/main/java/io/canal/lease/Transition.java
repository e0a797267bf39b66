package io.canal.lease;

import io.canal.lease.KeeperState.Rival;
import io.canal.model.LeaseValue;
import io.canal.model.NetworkConfig;
import io.canal.model.NetworkKeys;
import io.canal.model.SessionRecord;
import io.canal.model.SubnetKey;
import io.canal.store.Txn;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * The keeping of a subnet, as a function: state and event in, next state and commands out.
 *
 * <p>It is driven by levels, not by edges: whatever happens leads to one reading of everything, one {@link Decision}, and one
 * transaction that compares what was read. One request is open at a time. A request that failed may still be carried out later;
 * that is why nothing is written without comparing, and why everything is read again after a failure.
 *
 * <p>A session key with a short time to live says which boot of a node is alive. Another boot under our node id with our address
 * is our own life before a reboot; with another address it is that too if it ends within a session's time, else a clone.
 */
public final class Transition {

    /** With etcd away for so long after start, the subnet on disk is used. */
    static final Duration REMEMBER_AFTER = Duration.ofSeconds(5);

    private static final Set<Standing> KEPT_IN_USE = EnumSet.of(Standing.STOLEN, Standing.UNREADABLE);
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(5);
    private static final Duration GIVE_BACK_AFTER = Duration.ofSeconds(10);
    private static final Duration LOOK_FOR_RIVAL = Duration.ofSeconds(1);
    private static final Duration GRACE = Duration.ofSeconds(10);

    private final NetworkKeys keys;
    private final Duration ttl;
    private final Duration sessionTtl;
    private final Set<Guard> guards;

    /** What follows from an event. */
    public record Step(KeeperState state, List<Command> commands) {}

    /**
     * @param ttl of the lease; flannel's is 24 hours
     * @param sessionTtl of the session; a minute
     */
    public Transition(NetworkKeys keys, Duration ttl, Duration sessionTtl) {
        this(keys, ttl, sessionTtl, EnumSet.allOf(Guard.class));
    }

    Transition(NetworkKeys keys, Duration ttl, Duration sessionTtl, Set<Guard> guards) {
        this.keys = keys;
        this.ttl = ttl;
        this.sessionTtl = sessionTtl;
        this.guards = guards;
    }

    /** The next state, and what is to be asked of the store. */
    public Step on(KeeperState state, Event event, long nanos, Instant now, RandomGenerator random) {
        Draft draft = new Draft(state, nanos, now, random);
        draft.take(event);
        draft.next();
        return draft.step();
    }

    /** The state while it is being changed. */
    private final class Draft {

        private final KeeperState before;
        private final long nanos;
        private final Instant now;
        private final RandomGenerator random;
        private final List<Command> commands = new ArrayList<>(1);
        private Optional<NodeFacts> facts;
        private Optional<NetworkConfig> config;
        private Optional<Own> own;
        private Optional<Session> session;
        private Pending pending;
        private long lastId;
        private boolean dirty;
        private long lookAt;
        private long retryAt;
        private int failures;
        private boolean wasRead;
        private Optional<Rival> rival;
        private boolean copied;
        private boolean allowRenumber;
        private boolean leaving;
        private Standing standing;
        private List<String> problems;

        Draft(KeeperState state, long nanos, Instant now, RandomGenerator random) {
            this.before = state;
            this.nanos = nanos;
            this.now = now;
            this.random = random;
            facts = state.facts();
            config = state.config();
            own = state.ownRecord();
            session = state.session();
            pending = state.pending();
            lastId = state.lastId();
            dirty = state.dirty();
            lookAt = state.lookAtNanos();
            retryAt = state.retryAtNanos();
            failures = state.failures();
            wasRead = state.wasRead();
            rival = state.rival();
            copied = state.copied();
            allowRenumber = state.allowRenumber();
            leaving = state.leaving();
            standing = state.standing();
            problems = state.problems();
        }

        Step step() {
            boolean other = !own.map(Own::subnet).equals(before.subnet());
            return new Step(state(before.generation() + (other ? 1 : 0)), commands);
        }

        private KeeperState state(long generation) {
            return new KeeperState(facts, config, before.remembered(), own, session, pending, lastId, dirty, lookAt, retryAt, failures,
                    before.startedAtNanos(), wasRead, rival, copied, allowRenumber, leaving, standing, generation, problems);
        }

        void take(Event event) {
            switch (event) {
                case Event.Facts(NodeFacts learnt) -> {
                    if (!facts.equals(Optional.of(learnt))) {
                        facts = Optional.of(learnt);
                        look();
                    }
                }
                case Event.Due ignored -> {}
                case Event.Hint ignored -> look();
                case Event.AllowRenumber ignored -> {
                    allowRenumber = true;
                    look();
                }
                case Event.Leave ignored -> {
                    leaving = true;
                    look();
                }
                case Event.WasRead(long id, Snapshot snapshot) -> {
                    if (answers(id)) {
                        wasRead = true;
                        failures = 0;
                        judge(snapshot);
                    }
                }
                case Event.Committed(long id, boolean done, long revision, long lease) -> {
                    Pending was = pending;
                    if (answers(id)) {
                        failures = 0;
                        committed(was, done, revision, lease);
                    }
                }
                case Event.KeptAlive(long id, Optional<Duration> left) -> {
                    Pending was = pending;
                    if (answers(id)) {
                        failures = 0;
                        keptAlive(was, left);
                    }
                }
                case Event.Failed(long id, String ignored) -> {
                    Pending was = pending;
                    if (answers(id)) {
                        failures++;
                        // A write may have been carried out, or may be yet: only looking tells.
                        if (!(was instanceof Pending.RenewingSession || was instanceof Pending.Renewing || was instanceof Pending.Comparing)) {
                            lookIn(Duration.ZERO);
                        }
                        retryAt = nanos + Pauses.backoff(failures, random);
                    }
                }
            }
        }

        private boolean answers(long id) {
            if (pending.awaited() != id) {
                return false;
            }
            pending = Pending.NOTHING;
            return true;
        }

        /** Everything is to be read anew, now. */
        private void look() {
            dirty = true;
            lookAt = nanos;
            // Who was told something by the store need not wait for it.
            retryAt = nanos;
        }

        private void lookIn(Duration pause) {
            long at = nanos + Pauses.jittered(pause, random);
            lookAt = dirty ? Math.min(lookAt, at) : at;
            dirty = true;
        }

        /** Asks the next thing that is due. */
        void next() {
            if (facts.isEmpty() || standing == Standing.LEFT) {
                return;
            }
            if (!wasRead && own.isEmpty() && nanos - before.startedAtNanos() >= REMEMBER_AFTER.toNanos()) {
                remember();
            }
            if (!(pending instanceof Pending.Nothing) || nanos < retryAt) {
                return;
            }
            if (dirty && nanos >= lookAt) {
                // What is learnt from here on is not in what will be read.
                dirty = false;
                pending = new Pending.Reading(++lastId);
                commands.add(new Command.Read(lastId));
                return;
            }
            // Also while another look is waited for: session and lease must not run out.
            if (session.isPresent() && nanos >= session.get().renewAtNanos()) {
                pending = new Pending.RenewingSession(++lastId);
                commands.add(new Command.KeepAlive(lastId, session.get().lease()));
            } else if (own.isPresent() && standing == Standing.HELD && nanos >= own.get().renewAtNanos()) {
                compare(own.get());
            }
        }

        /** A clone has its original's disk, but hardly its address. */
        private void remember() {
            before.remembered().filter(last -> facts.orElseThrow().sameAddress(last.value())).ifPresent(last -> {
                own = Optional.of(Own.remembered(last));
                standing = Standing.REMEMBERED;
            });
        }

        private void compare(Own mine) {
            String key = keys.lease(mine.subnet());
            Txn txn = Txn.when();
            Optional<Duration> grant = Optional.empty();
            if (guards.contains(Guard.RENEWAL)) {
                txn = txn.unchanged(key, mine.leaseRevision()).read(key);
            } else {
                // Switched off: as flanneld renews.
                txn = txn.put(key, mine.value().text(), Command.NEW_LEASE);
                grant = Optional.of(ttl);
            }
            pending = new Pending.Comparing(++lastId);
            commands.add(new Command.Commit(lastId, txn, grant));
        }

        private void judge(Snapshot snapshot) {
            snapshot.goodConfig().ifPresent(good -> config = Optional.of(good));
            NodeFacts self = facts.orElseThrow();
            if (leaving) {
                leave(snapshot, self);
                return;
            }
            Optional<Row<SessionRecord>> row = Optional.ofNullable(snapshot.sessions().get(self.node()));
            if (row.isEmpty()) {
                open(snapshot, self, 0, 0);
                return;
            }
            SessionRecord alive = row.get().value().orElse(null);
            if (alive == null || alive.boot().equals(self.boot())) {
                rival = Optional.empty();
                if (alive == null || !alive.equals(self.session()) || row.get().lease() == 0) {
                    open(snapshot, self, row.get().modRevision(), row.get().lease());
                } else {
                    boolean known = session.filter(mine -> mine.revision() == row.get().modRevision()).isPresent();
                    if (!known) {
                        session = Optional.of(new Session(row.get().modRevision(), row.get().lease(), nanos));
                    }
                    judgeSubnet(snapshot, self);
                }
            } else if (session.isEmpty() && !copied && alive.addresses().equals(self.addresses())) {
                // Our own life before the reboot.
                open(snapshot, self, row.get().modRevision(), 0);
            } else {
                await(alive, self);
            }
        }

        private void open(Snapshot snapshot, NodeFacts self, long revision, long lease) {
            String key = NetworkKeys.session(self.node());
            boolean keep = lease != 0;
            Txn txn = Txn.when().at(key, revision).put(key, self.session().text(), keep ? lease : Command.NEW_LEASE);
            pending = new Pending.Opening(++lastId, lease, snapshot);
            commands.add(new Command.Commit(lastId, txn, keep ? Optional.empty() : Optional.of(sessionTtl)));
        }

        /** Another boot has our node id: it ends, or one of us is a clone. */
        private void await(SessionRecord alive, NodeFacts self) {
            session = Optional.empty();
            Rival known = rival.filter(seen -> seen.boot().equals(alive.boot()))
                    .orElseGet(() -> new Rival(alive.boot(), alive.addresses(), nanos));
            rival = Optional.of(known);
            copied |= nanos - known.sinceNanos() > sessionTtl.plus(GRACE).toNanos();
            if (copied) {
                standing = Standing.BLOCKED;
                problems = List.of("this node (" + self.addresses() + ") and the one at " + alive.addresses() + " have the same node id "
                        + self.node() + ": one is a copy of the other; on the copy, stop the agent, remove /var/lib/canal, /run/canal and the tunnel, and start it again");
            } else {
                if (standing != Standing.HELD && standing != Standing.REMEMBERED) {
                    standing = Standing.WAITING;
                }
                problems = List.of("node id " + self.node() + " of this node (" + self.addresses() + ") is in use by another boot at "
                        + alive.addresses() + "; waiting for its session to end");
            }
            lookIn(LOOK_FOR_RIVAL);
        }

        private void judgeSubnet(Snapshot snapshot, NodeFacts self) {
            List<String> about = new ArrayList<>();
            snapshot.configProblem().ifPresent(problem -> about.add(problem.sentence()));
            if (config.isEmpty()) {
                if (about.isEmpty()) {
                    about.add("there is no network config at " + keys.config());
                }
                pause(own.isPresent() ? standing : Standing.WAITING, about);
                return;
            }
            Optional<LeaseValue> value = self.value(config.get());
            if (value.isEmpty()) {
                about.add("this node has no address" + (config.get().backend().isVxlan() ? ", or no tunnel," : "") + " of one of the families of the network "
                        + config.get().networksText());
                pause(own.isPresent() ? standing : Standing.WAITING, about);
                return;
            }
            Verdict verdict = new Decision(guards, keys, snapshot, self, config.get(), value.get(), state(0),
                    session.orElseThrow().revision(), now, random).decide();
            switch (verdict) {
                case Verdict.Hold hold -> {
                    boolean known = own.filter(mine -> mine.leaseRevision() == hold.leaseRevision() && mine.subnet().equals(hold.subnet())).isPresent();
                    // Of a lease that we did not write in this life nobody knows how long it lives.
                    long renewAt = known ? own.orElseThrow().renewAtNanos() : nanos;
                    Instant confirmed = known ? own.orElseThrow().confirmedAt() : now;
                    long confirmedNanos = known ? own.orElseThrow().confirmedNanos() : nanos;
                    boolean granted = known && own.orElseThrow().granted();
                    own = Optional.of(new Own(hold.subnet(), hold.value(), hold.leaseRevision(), hold.lease(), granted, Optional.of(hold.holder()),
                            hold.holderRevision(), confirmed, confirmedNanos, renewAt));
                    standing = Standing.HELD;
                    // Nothing was to be moved; what happens later is not what the operator allowed.
                    allowRenumber = false;
                    about.addAll(hold.problems());
                    problems = List.copyOf(about);
                    if (!hold.problems().isEmpty()) {
                        // What is in the way may go by itself.
                        lookIn(LOOK_AGAIN);
                    }
                }
                case Verdict.Take take -> {
                    about.addAll(take.problems());
                    pending = new Pending.Taking(++lastId, take, List.copyOf(about));
                    commands.add(new Command.Commit(lastId, take.txn(), take.grant() ? Optional.of(ttl) : Optional.empty()));
                }
                case Verdict.GiveBack(Txn txn) -> {
                    pending = new Pending.Releasing(++lastId);
                    commands.add(new Command.Commit(lastId, txn, Optional.empty()));
                }
                case Verdict.Wait wait -> {
                    about.addAll(wait.problems());
                    if (own.isEmpty() && KEPT_IN_USE.contains(wait.standing()) && self.podsUseSubnet()) {
                        // What the kernel has for the pods that outlived the agent stays, as it does while an agent runs.
                        own = before.remembered().filter(last -> snapshot.heldBy(self.node()).allMatch(last.subnet()::equals)).map(Own::remembered);
                    }
                    pause(wait.standing(), about);
                }
            }
        }

        private void pause(Standing to, List<String> why) {
            standing = to;
            problems = List.copyOf(why);
            lookIn(LOOK_AGAIN);
        }

        private void leave(Snapshot snapshot, NodeFacts self) {
            Optional<SubnetKey> held = snapshot.holders().entrySet().stream()
                    .filter(entry -> entry.getValue().value().filter(holder -> holder.node().equals(self.node())).isPresent())
                    .map(Map.Entry::getKey)
                    .findFirst();
            Optional<Row<SessionRecord>> alive = Optional.ofNullable(snapshot.sessions().get(self.node()));
            boolean ours = alive.flatMap(Row::value).filter(record -> record.boot().equals(self.boot())).isPresent();
            boolean others = alive.isPresent() && !ours;
            if (held.isPresent() && !others) {
                Txn txn = Release.of(keys, snapshot, held.get());
                pending = new Pending.Releasing(++lastId);
                commands.add(new Command.Commit(lastId, txn, Optional.empty()));
                return;
            }
            if (ours) {
                commands.add(new Command.Revoke(alive.orElseThrow().lease()));
            }
            own = Optional.empty();
            session = Optional.empty();
            standing = Standing.LEFT;
            problems = List.of();
        }

        private void committed(Pending was, boolean done, long revision, long lease) {
            switch (was) {
                case Pending.Opening opening -> {
                    if (done) {
                        rival = Optional.empty();
                        long id = opening.lease() != 0 ? opening.lease() : lease;
                        // As below, of one that was kept.
                        session = Optional.of(new Session(revision, id, opening.lease() != 0 ? nanos : nanos + sessionTtl.toNanos() / 3));
                        judgeSubnet(opening.snapshot(), facts.orElseThrow());
                    } else {
                        lookSoon();
                    }
                }
                case Pending.Taking taking -> {
                    if (done) {
                        Verdict.Take take = taking.take();
                        own = Optional.of(new Own(take.subnet(), take.value(), take.leaseRevision() != 0 ? take.leaseRevision() : revision,
                                take.grant() ? lease : take.lease(), take.grant(), Optional.of(take.holder()),
                                take.holderRevision() != 0 ? take.holderRevision() : revision, now, nanos,
                                // The time to live of a lease that was not granted just now is not known.
                                take.grant() ? nanos + ttl.toNanos() / 3 : nanos));
                        if (standing != Standing.WAITING && !own.map(Own::subnet).equals(before.subnet())) {
                            // What was left is given back when nothing uses it any more.
                            lookIn(GIVE_BACK_AFTER);
                        }
                        standing = Standing.HELD;
                        problems = taking.problems();
                        allowRenumber = false;
                    } else {
                        lookSoon();
                    }
                }
                case Pending.Comparing ignored -> {
                    Own mine = own.orElseThrow();
                    if (!guards.contains(Guard.RENEWAL)) {
                        own = Optional.of(new Own(mine.subnet(), mine.value(), revision, lease, true, mine.holder(), mine.holderRevision(), now, nanos, nanos + ttl.toNanos() / 3));
                    } else if (done && mine.lease() != 0) {
                        pending = new Pending.Renewing(++lastId);
                        commands.add(new Command.KeepAlive(lastId, mine.lease()));
                    } else if (done || !guards.contains(Guard.REVOCATION)) {
                        own = Optional.of(mine.confirmed(now, nanos, nanos + ttl.toNanos() / 3));
                    } else {
                        look();
                    }
                }
                case Pending.Releasing ignored -> look();
                case Pending.Nothing ignored -> {}
                case Pending.Reading ignored -> {}
                case Pending.Renewing ignored -> {}
                case Pending.RenewingSession ignored -> {}
            }
        }

        /** Somebody was faster: look again, a little later than the others who lost. */
        private void lookSoon() {
            failures++;
            long at = nanos + Pauses.afterLosing(before.failures(), random);
            lookAt = dirty ? Math.min(lookAt, at) : at;
            dirty = true;
        }

        private void keptAlive(Pending was, Optional<Duration> left) {
            if (was instanceof Pending.RenewingSession) {
                if (left.isPresent()) {
                    session = session.map(mine -> mine.renewed(nanos + Pauses.untilRenewal(left.get(), sessionTtl)));
                } else {
                    session = Optional.empty();
                    look();
                }
            } else if (was instanceof Pending.Renewing) {
                if (left.isPresent() || !guards.contains(Guard.REVOCATION)) {
                    Own mine = own.orElseThrow().confirmed(now, nanos, nanos + Pauses.untilRenewal(left.orElse(ttl), ttl));
                    own = Optional.of(mine);
                    if (!mine.granted() && left.isPresent() && left.get().toSeconds() != ttl.toSeconds()) {
                        grantAnew(mine);
                    }
                } else {
                    look();
                }
            }
        }

        /** A lease keeps the time that it was granted for: where another is configured since, ours is put under a new one. */
        private void grantAnew(Own mine) {
            String key = keys.lease(mine.subnet());
            Txn txn = Txn.when().unchanged(key, mine.leaseRevision()).put(key, mine.value().text(), Command.NEW_LEASE);
            Verdict.Take take = new Verdict.Take(txn, true, mine.subnet(), mine.value(), 0, 0, mine.holder().orElseThrow(), mine.holderRevision(), problems);
            pending = new Pending.Taking(++lastId, take, problems);
            commands.add(new Command.Commit(lastId, txn, Optional.of(ttl)));
        }
    }
}
