package io.canal.dataplane.filter;

import io.canal.dataplane.iptables.IptablesTables;
import io.canal.dataplane.nft.NftTable;
import io.canal.kernel.iptables.IptablesBackend;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.nftables.NftablesMonitor;
import io.canal.kernel.nftables.NftablesSocket;
import io.canal.model.NodePaths;
import io.canal.policy.rules.CountedPolicy;
import io.canal.policy.rules.RuleSettings;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Repair;
import io.canal.reconcile.Stage;
import io.canal.reconcile.StageFailed;
import io.canal.ruleset.Dialect;
import io.canal.ruleset.Ruleset;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stage that keeps this node's packet-filter rules, in the dataplane that fits.
 *
 * <p>With {@code auto} it follows kube-proxy, once what it sees has been the same for 10 s. A switch puts all rules into the new
 * dataplane before it takes them out of the old one, so that at every moment at least one has them whole; a packet that meets both
 * gets the same verdict twice. Rules of ours that another dataplane was left with (by a crash during a switch, by flanneld or Felix)
 * are removed when the tables are known to be whole.
 *
 * <p>{@link #run}, {@link #counted}, {@link #settings}, {@link #distrust} and {@link #removeAll} belong to the apply loop's thread.
 */
public final class PacketFilter implements Stage, AutoCloseable {

    /** The stage's name. */
    public static final String NAME = "ruleset";

    private static final Logger log = LoggerFactory.getLogger(PacketFilter.class);
    private static final Duration STABLE = Duration.ofSeconds(10);
    /** Where nothing tells of changes: rules of iptables-legacy, sets, and kube-proxy's leaving. */
    private static final Duration POLL = Duration.ofSeconds(8);
    /** Others change iptables-nft all the time, and a look at our rules there reads all of theirs. */
    private static final Duration READ_PAUSE = Duration.ofMillis(300);
    private final Supplier<FilterMode> mode;
    private final Clock clock;
    private final LastChoice lastChoice;
    private final FilterInputs inputs;
    private final NodeRules rules;
    private final UnaryOperator<Plane> seam;
    private final OwnWriters writers;
    private final IptablesTables.Generation generation;
    private final Beside beside;
    private final Openings openings;
    private final Leftovers leftovers;
    private final Lookout lookout;

    private @Nullable Plane plane;
    private @Nullable FilterBackend better;
    private long betterSince;
    private long readAgainAt;
    private boolean readIsDue;
    /** Whether the rules of all policies were in the kernel once. */
    private boolean broughtAll;

    private volatile Runnable wake = () -> { };
    private volatile int ownPort = -1;
    private volatile boolean touched;
    private volatile boolean setsAgain;
    private volatile int iptablesGeneration;
    private volatile long rulesUpTo;
    private volatile FilterStatus status = new FilterStatus("", List.of());
    private Hearing hearing = Hearing.none();
    private @Nullable ScheduledExecutorService timer;

    /** @param mode asked in every pass; another answer takes effect at once */
    public PacketFilter(FilterInputs inputs, Supplier<FilterMode> mode, NodePaths paths, Clock clock) {
        this(inputs, mode, paths, clock, UnaryOperator.identity());
    }

    /** @param seam what each dataplane is used through */
    PacketFilter(FilterInputs inputs, Supplier<FilterMode> mode, NodePaths paths, Clock clock, UnaryOperator<Plane> seam) {
        this.seam = seam;
        this.mode = mode;
        this.clock = clock;
        readAgainAt = clock.nanos();
        lookout = new Lookout(clock, this::wakeAfter);
        beside = new Beside(clock, POLL);
        writers = new OwnWriters(clock);
        generation = new IptablesTables.Generation() {

            @Override
            public int now() throws KernelException {
                Optional<NftablesSocket> socket = lookout.nft();
                return socket.isPresent() ? socket.get().generation() : 0;
            }

            @Override
            public void changing(long process) {
                writers.add(process);
            }
        };
        openings = new Openings(generation, beside);
        leftovers = new Leftovers(generation, beside);
        lastChoice = new LastChoice(paths.stateDir());
        this.inputs = inputs;
        rules = new NodeRules(inputs);
    }

    @Override
    public String name() {
        return NAME;
    }

    /**
     * Starts to listen for the changes of others, in the calling thread's network namespace.
     *
     * @param wake asks the apply loop for a pass; called on threads of this class
     */
    public void start(Runnable wake) {
        this.wake = wake;
        hearing = Hearing.of(port -> port == ownPort || writers.has(port), new Listener());
        ScheduledExecutorService ticks = Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("packet-filter-timer").factory());
        timer = ticks;
        var unused = ticks.scheduleWithFixedDelay(this::tick, POLL.toMillis(), POLL.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** As of the last pass; may be asked on any thread. */
    public FilterStatus status() {
        return status;
    }

    /** The revision of the tables that the kernel's rules are of, policies among them; may be asked on any thread. */
    public long rulesUpTo() {
        return rulesUpTo;
    }

    /** The policies that govern endpoints of this node, for {@link PolicyCounts}. */
    public List<CountedPolicy> counted() {
        return rules.counted(plane == null ? Dialect.IPTABLES : plane.dialect());
    }

    /** The parameters that hold on this node. */
    public RuleSettings settings() {
        return rules.settings();
    }

    @Override
    public void distrust() {
        touched = true;
        lookout.suspect();
    }

    @Override
    public List<Repair> takeRepairs() {
        List<Repair> repairs = new ArrayList<>(plane == null ? List.of() : plane.takeRepairs());
        openings.tables().forEach(tables -> repairs.addAll(tables.takeRepairs()));
        return repairs;
    }

    @Override
    public void run(Pass pass) throws StageFailed {
        boolean known = inputs.policy().settle();
        if (!known && isHeld()) {
            return;
        }
        rules.update(known);
        want(rules.ruleset().takeChanges(), rules.opening().takeChanges());
        try {
            apply(pass.mayRemove() && known, known);
            if (known) {
                rulesUpTo = pass.revision();
            }
        } catch (IOException failure) {
            throw new StageFailed("packet filter" + (plane == null ? "" : " (" + plane.backend().text() + ")") + ": " + failure.getMessage(), failure);
        }
    }

    private void want(Ruleset.Changes changes, Ruleset.Changes openingChanges) {
        try {
            if (plane != null) {
                plane.want(rules.ruleset(), changes);
            }
            openings.want(rules.opening(), openingChanges);
        } catch (RuntimeException | Error defect) {
            // What was taken would be missing for ever: the next pass begins with the whole.
            forget();
            throw defect;
        }
    }

    private void wantAll(Plane fresh) {
        try {
            fresh.wantAll(rules.ruleset());
        } catch (RuntimeException | Error defect) {
            forget();
            throw defect;
        }
    }

    /** The kernel keeps the rules; nothing is known of them any more. */
    private void forget() {
        if (plane != null) {
            plane.close();
            plane = null;
        }
        openings.close();
    }

    /**
     * Whether what is in the kernel stays as it is: rules that an agent before this one left hold until it is known what holds now.
     * Where there are none the rest is put at once, and cuts pods off.
     */
    private boolean isHeld() throws StageFailed {
        if (plane != null) {
            return false;
        }
        try {
            Surroundings around = lookout.look();
            boolean held = around.ourTable() || !around.ours().isEmpty();
            if (held) {
                status = new FilterStatus(lastChoice.read().map(FilterBackend::text).orElse(""), List.of());
            }
            return held;
        } catch (IOException failure) {
            throw new StageFailed("packet filter: " + failure.getMessage(), failure);
        }
    }

    private void apply(boolean mayRemove, boolean known) throws IOException {
        Surroundings around = lookout.look();
        Plane now = plane;
        if (now == null) {
            now = open(Choice.first(mode.get(), around, lastChoice.read(), lookout.installed()));
            plane = now;
            wantAll(now);
            log.info("packet filter: {}", now.backend().text());
        }
        if (touched) {
            touched = false;
            now.distrust();
            beside.tryAgain();
        }
        if (setsAgain) {
            setsAgain = false;
            openings.tables().forEach(IptablesTables::distrustSets);
            if (now instanceof Plane.Ipt ipt) {
                ipt.tables().distrustSets();
            }
        }
        distrustIptables(now);
        bring(now, mayRemove, known);
        lastChoice.write(now.backend());
        if (mayRemove) {
            FilterBackend before = now.backend();
            now = switchIfDue(now, around);
            around = now.backend() == before ? around : lookout.lookAnew();
            leftovers.remove(now.backend(), around);
        }
        List<String> problems = new ArrayList<>(rules.problems());
        problems.addAll(now.problems());
        openings.open(now.backend(), around, rules.opening(), problems);
        // After ours are in place: in a FORWARD chain that drops by policy its rules were what let packets through.
        if (mayRemove) {
            leftovers.removeOldFlanneld(lookout::installed, around.nftables(), inputs.networks().get().networks());
        }
        problems.addAll(beside.problems());
        status = new FilterStatus(now.backend().text(), problems);
    }

    /** The first time that policy is known all rules may come; where others change something meanwhile it is looked for afterwards. */
    private void bring(Plane now, boolean mayRemove, boolean known) throws IOException {
        if (!known || broughtAll || now.backend() != FilterBackend.NFTABLES) {
            now.apply(mayRemove);
            return;
        }
        boolean alone = false;
        try {
            alone = hearing.without(() -> now.apply(mayRemove), generation);
        } finally {
            if (!alone) {
                distrust();
                openings.tables().forEach(IptablesTables::distrust);
            }
        }
        broughtAll = true;
        // What failed is tried again anyhow, after a pause that this would end.
        if (!alone) {
            wake.run();
        }
    }

    /** Changes of iptables-nft by others, since our last look at its rules. */
    private void distrustIptables(Plane now) {
        int generation = iptablesGeneration;
        List<IptablesTables> behind = new ArrayList<>(openings.tables());
        if (now instanceof Plane.Ipt ipt && ipt.backend() == FilterBackend.IPTABLES_NFT) {
            behind.add(ipt.tables());
        }
        behind.removeIf(tables -> generation <= tables.observed());
        if (behind.isEmpty()) {
            return;
        }
        Duration left = Duration.ofNanos(readAgainAt - clock.nanos());
        if (left.isPositive()) {
            if (!readIsDue) {
                readIsDue = true;
                wakeAfter(left);
            }
            return;
        }
        readIsDue = false;
        readAgainAt = clock.nanos() + READ_PAUSE.toNanos();
        behind.forEach(IptablesTables::distrust);
    }

    private Plane switchIfDue(Plane now, Surroundings around) throws IOException {
        FilterMode asked = mode.get();
        FilterBackend fitting = Choice.of(asked, around, Optional.of(now.backend()), lookout.installed());
        if (fitting == now.backend()) {
            better = null;
            return now;
        }
        if (asked == FilterMode.AUTO || asked == FilterMode.IPTABLES && now.backend().isIptables()) {
            if (better != fitting) {
                better = fitting;
                betterSince = clock.nanos();
            }
            Duration left = STABLE.minus(clock.since(betterSince));
            if (left.isPositive()) {
                wakeAfter(left.plusMillis(10));
                return now;
            }
        }
        better = null;
        log.info("packet filter: from {} to {}", now.backend().text(), fitting.text());
        Plane next = open(fitting);
        try {
            next.wantAll(rules.ruleset());
            next.apply(true);
        } catch (IOException failure) {
            next.close();
            leftovers.lookAgain();
            openings.tables().forEach(IptablesTables::distrust);
            throw failure;
        }
        plane = next;
        leftovers.lookAgain();
        lookout.suspect();
        lastChoice.write(fitting);
        leave(now, fitting);
        // The two back ends of iptables share their sets.
        next.distrust();
        next.apply(true);
        return next;
    }

    /** Takes out what had the rules before. A FORWARD chain that drops by policy is open for the pods all the while. */
    private void leave(Plane before, FilterBackend next) throws IOException {
        openings.leave(next);
        if (before instanceof Plane.Ipt(IptablesTables tables) && next == FilterBackend.NFTABLES
                && lookout.now().dropping().contains(tables.backend())) {
            openings.take(tables, rules.opening());
            return;
        }
        try (before) {
            before.removeAll();
        }
    }

    @Override
    public void removeAll() throws StageFailed {
        try {
            openings.removeAll();
            Plane now = plane;
            if (now != null) {
                now.removeAll();
                now.close();
                plane = null;
            }
            Surroundings around = lookout.now();
            leftovers.removeAll(around);
            lastChoice.delete();
            status = new FilterStatus("", List.of());
        } catch (IOException failure) {
            throw new StageFailed("packet filter: " + failure.getMessage(), failure);
        }
    }

    private Plane open(FilterBackend backend) throws IOException {
        if (backend.isIptables()) {
            ownPort = -1;
            return seam.apply(new Plane.Ipt(IptablesTables.open(backend.iptables(), generation)));
        }
        NftTable table = new NftTable(NftablesSocket.open());
        ownPort = table.portId();
        return seam.apply(new Plane.Nft(table));
    }

    private void tick() {
        lookout.suspect();
        setsAgain = true;
        if (status.dataplane().equals(FilterBackend.IPTABLES_LEGACY.text())) {
            touched = true;
        }
        wake.run();
    }

    private void wakeAfter(Duration pause) {
        ScheduledExecutorService ticks = timer;
        if (ticks != null) {
            try {
                var unused = ticks.schedule(wake, pause.toMillis(), TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException closing) {
                log.debug("the packet filter is closing");
            }
        }
    }

    private final class Listener implements NftablesMonitor.Listener {

        @Override
        public void changed(NftablesMonitor.Touched what) {
            boolean ours = what.tables().contains("1 " + NftTable.NAME);
            boolean iptables = what.chains().stream().anyMatch(Foreign::mayBeOurs);
            boolean kube = lookout.isOtherKube(what);
            if (ours) {
                touched = true;
            }
            if (iptables) {
                iptablesGeneration = what.generation();
            }
            if (iptables || kube) {
                lookout.suspect();
            }
            if (ours || iptables || kube) {
                wake.run();
            }
        }

        @Override
        public void missed() {
            distrust();
            wake.run();
        }
    }

    @Override
    public void close() {
        if (timer != null) {
            timer.shutdownNow();
        }
        hearing.close();
        forget();
        lookout.close();
    }
}
