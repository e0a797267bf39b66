package io.canal.agent;

import io.canal.agent.Conditions.Weight;
import io.canal.agent.ConfigSource.First;
import io.canal.agent.StatusBoard.Measured;
import io.canal.cni.CniServer;
import io.canal.config.AgentConfig;
import io.canal.config.DataplaneOption;
import io.canal.control.AgentStatus;
import io.canal.control.ControlServer;
import io.canal.control.FrameServer;
import io.canal.dataplane.NetworkStages;
import io.canal.dataplane.file.FileStage;
import io.canal.dataplane.file.FileWatch;
import io.canal.dataplane.file.NodeFiles;
import io.canal.dataplane.filter.FilterInputs;
import io.canal.dataplane.filter.FilterMode;
import io.canal.dataplane.filter.PacketFilter;
import io.canal.dataplane.link.TunnelState;
import io.canal.files.FileFacts;
import io.canal.kernel.libc.SdNotify;
import io.canal.lease.Standing;
import io.canal.lease.keeper.KeeperStanding;
import io.canal.lease.keeper.LeaseKeeper;
import io.canal.lease.keeper.OwnSubnet;
import io.canal.model.Cidr;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Decoded;
import io.canal.model.Ip.Family;
import io.canal.model.Ip;
import io.canal.model.Mac;
import io.canal.model.NetworkConfig;
import io.canal.model.NodePaths;
import io.canal.model.Problem;
import io.canal.network.Uplink;
import io.canal.reconcile.Applied;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Stage;
import io.canal.reconcile.StageFailed;
import io.canal.store.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The node agent: its parts, made and joined in the order of a start.
 *
 * <p>Two things run beside each other: the connection to etcd, whose classes take longest to load; and all that is known without
 * it, which is put into the kernel first. Sockets listen as soon as that is in place.
 */
final class Agent implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Agent.class);

    /** So long a start waits for etcd before what it had last counts. */
    private static final Duration WITHOUT_ETCD = Duration.ofSeconds(5);

    /** So long what can wait in a start waits for the peers, which come sooner where etcd answers. */
    private static final Duration PEERS_FIRST = Duration.ofSeconds(1);

    /** A collection of the whole heap stops everything; but what a start leaves behind is not to be cleared up in the time of others. */
    private static final Duration SETTLE_AFTER = Duration.ofSeconds(1);

    private final NodePaths paths;
    private final ConfigSource configs;
    private final Metrics metrics = new Metrics();
    private final Conditions conditions;
    private final StatusBoard board;
    private final Facts facts;
    private final Tables tables = new Tables();
    private final NodeMemory memory;
    private final NodeFilePaths filePaths;
    private final NetworkStages network;
    private final PolicyTables policy;
    private final PolicyMemory policyMemory;
    private final PolicyFeed policyFeed;
    private final PacketFilter filter;
    private final FileStage files;
    private final ApplyLoop loop;
    private final Passes passes;
    private final PolicyHits hits;
    private final Verdicts verdicts;
    private final Questions questions;
    private final EtcdSide etcd;
    private final UplinkWatch uplinks;
    private final HostAddresses hostAddresses;
    private final CniServer cni;
    private final UnknownPods unknownPods;
    private final Nudge nudge;
    private final DepartedUnits departed;
    private final Running running = new Running();
    private final TakesDirect takesDirect = new TakesDirect();
    private final HealthPort health;
    private final TunnelGap tunnelGap;
    private final Heap heap = new Heap();
    private final RepairLog repairs;
    private final DiskCheck disk;
    private final Sockets sockets = new Sockets(log::info, this::look);
    private final CountDownLatch peersApplied = new CountDownLatch(1);
    private volatile boolean begun;
    private volatile boolean policyKnown;
    private volatile boolean policyInForce;

    /**
     * Reads the configuration and what is on disk, begins to connect to etcd, and opens the kernel's sockets; changes nothing yet.
     *
     * @param maker makes the store that a configuration names
     */
    Agent(Arguments arguments, Function<AgentConfig, Store> maker, Clock clock) throws IOException {
        this.paths = new NodePaths(arguments.root());
        this.configs = new ConfigSource(arguments.config().orElse(paths.agentYaml()), paths.stateDir());
        First first = configs.first();
        Stores stores = new Stores(maker);
        stores.begin(first.config());
        SecureRandom random = new SecureRandom();
        this.memory = NodeMemory.recalled(paths, this::keeper, this::ownStanding);
        LeaseKeeper.identify(paths.stateDir(), random);
        this.conditions = new Conditions(this::look);
        this.board = new StatusBoard(conditions, this::measured);
        this.filePaths = new NodeFilePaths(paths);
        Logging.level(first.config().logLevel());
        LocalFacts known = new LocalFacts(first.config(), Optional.empty(), OwnSubnet.NONE, Optional.empty(),
                HostFacts.nodename(first.config().nodename(), paths), Optional.empty(), "");
        this.facts = new Facts(filePaths.refreshed(known));
        NetworkMemory networks = NetworkMemory.load(paths.stateDir());
        BackendChange backendChange = new BackendChange(facts, tables, networks, clock);
        this.network = NetworkStages.open(paths, tables.peers, tables.endpoints, backendChange, random, clock);
        backendChange.resume(network.hadTunnels(), network.hadLoosePathFilter());
        this.files = new FileStage(new NodeFiles(paths, new Program(arguments.home()).templates(), this::renderAgain), this::files, () -> begun);
        this.policyMemory = new PolicyMemory(paths.stateDir(), Thread::startVirtualThread);
        memory.putsBack(policyMemory::writeAgain);
        this.policy = new PolicyTables(() -> facts.inPass().nodename(), this::standing, tables.endpoints.rows(), this::staysClosed,
                new PolicySettings(settings -> PolicyOverrides.over(settings, facts.inPass().config().policy())),
                policyMemory, () -> policyKnown = true);
        this.filter = new PacketFilter(new FilterInputs(tables.peerAddresses, new FilterNetworks(facts, tables, networks), policy),
                () -> mode(facts.inPass().config().dataplane()), paths, clock);
        this.loop = new ApplyLoop(clock, stages(), this::mayRemove, this::applied);
        this.passes = new Passes(loop);
        this.hits = new PolicyHits(loop, filter, clock);
        this.verdicts = new Verdicts(loop, filter, tables.endpoints.rows(), this::nodename, this::earlierPolicy);
        this.questions = new Questions(verdicts, this::nodename, this::store);
        this.policyFeed = new PolicyFeed(loop, policy, policyMemory, conditions);
        this.etcd = new EtcdSide(stores, loop, tables, policyFeed, questions, facts, networks, conditions, paths.stateDir(), clock, random, this::inSync);
        this.uplinks = new UplinkWatch(() -> facts.latest().config(), this::chosen);
        this.cni = new CniServer(paths, new ServedNode(facts, filter::rulesUpTo, clock), loop, tables.endpoints, etcd.store(), clock);
        this.hostAddresses = new HostAddresses(now -> loop.write(() -> policy.interfaces(now)));
        this.unknownPods = new UnknownPods();
        this.nudge = new Nudge(unit -> Nudge.program(paths, unit), () -> facts.latest().config().unit(), clock);
        this.departed = new DepartedUnits(paths.stateDir(), etcd::releaseUnit);
        this.disk = new DiskCheck(List.of(paths.stateDir(), paths.hostLocalDir()));
        this.repairs = new RepairLog(clock, log::info);
        this.tunnelGap = new TunnelGap(conditions, clock);
        this.health = new HealthPort(listen -> HealthServer.listen(listen, this::turns, this::status, metrics), conditions);
        conditions.set("policy", Weight.NOT_READY, Optional.of("It is not known yet which policies hold."));
        conditions.set("start", Weight.NOT_READY, Optional.of("The agent is starting."));
        conditions.set("configuration", Weight.NOT_READY, first.problem().map(problem -> problem.sentence() + "."));
    }

    /** System controls, then rules, then what lets packets flow, and at last the files that send others here. */
    private List<Stage> stages() {
        List<Stage> stages = new ArrayList<>(network.stages());
        stages.add(1, filter);
        stages.add(files);
        return stages;
    }

    /** What the node's files are made from. Peers go before: those who wait for a route wait longer than those who read a file. */
    private Optional<FileFacts> files() {
        return tables.knowsPeers() ? facts.inPass().files() : Optional.empty();
    }

    private KeeperStanding standing() {
        return etcd.standing();
    }

    private Standing ownStanding() {
        return facts.latest().own().standing();
    }

    private Optional<LeaseKeeper> keeper() {
        return etcd.keeper();
    }

    private List<String> earlierPolicy() {
        return policy.earlier(policyFeed.doubted());
    }

    private String nodename() {
        return facts.latest().nodename();
    }

    private Store store() {
        return etcd.store();
    }

    private boolean staysClosed(String iface) {
        return cni.staysClosed(iface);
    }

    private static FilterMode mode(DataplaneOption option) {
        return switch (option) {
            case AUTO -> FilterMode.AUTO;
            case NFTABLES -> FilterMode.NFTABLES;
            case IPTABLES -> FilterMode.IPTABLES;
        };
    }

    /** Starts everything; sockets listen when this returns. */
    void start() throws IOException {
        unknownPods.look(Optional.empty());
        Thread connecting = Thread.ofPlatform().name("etcd").start(etcd::connect);
        facts.feed(loop);
        tables.endpoints.replace(cni.known());
        network.listen(loop, events -> events.forEach(event -> {
            uplinks.heard(event);
            hostAddresses.heard(event);
        }), () -> {
            uplinks.missed();
            hostAddresses.missed();
        });
        filter.start(() -> loop.write(() -> {}));
        uplinks.start();
        hostAddresses.start();
        loop.start();
        FileWatch fileWatch = new FileWatch(paths, this::touched);
        running.add(fileWatch);
        passes.first(() -> conditions.set("start", Weight.NOT_READY, Optional.empty()));
        departed.start();
        running.add(departed);
        questions.start();
        running.add(questions);
        running.add(sockets.kept(FrameServer.listenForNativeWork(paths.cniSocket(), cni::answer)));
        ControlServer control = ControlServer.listen(paths.controlSocket(), new Operations(this).table());
        sockets.kept(control.frames());
        running.add(control);
        SdNotify.from(System.getenv()).send("READY=1");
        log.info("canal {} serves {}", Program.version(), facts.latest().nodename());
        later(WITHOUT_ETCD, policyFeed::recall);
        awaitPeers();
        if (running.ending()) {
            return;
        }
        cni.start();
        new Gauges(tables, etcd, facts, policy, cni).register(metrics, () -> status().ready());
        metrics.hits(hits::series);
        metrics.repairs(repairs::counts);
        health.listen(facts.latest().config().listen());
        running.add(health);
        CharmFolder charm = new CharmFolder(paths, () -> facts.latest().config().charmDir(), conditions);
        running.add(SafetyNet.over(loop, List.of("sysctl"), () -> {
            fileWatch.check();
            sockets.check();
            memory.check();
            conditions.set("watch of files", Weight.NOTE, fileWatch.problem());
            uplinks.suspect();
            hostAddresses.suspect();
            etcd.retryNetwork();
            if (unknownPods.look(facts.latest().own().subnet())) {
                loop.write(() -> {});
            }
            charm.check();
            health.retry();
            tunnelGap.check();
            noteLimits();
            conditions.set("disk", Weight.NOT_READY, disk.problem());
            heap.check();
        }));
        try {
            connecting.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** What follows would take processors from those who bring peers into the kernel, and can wait for that. */
    private void awaitPeers() {
        try {
            if (!peersApplied.await(PEERS_FIRST.toMillis(), TimeUnit.MILLISECONDS)) {
                log.debug("no peers within {} ms; the start goes on", PEERS_FIRST.toMillis());
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void later(Duration pause, Runnable what) {
        CompletableFuture.delayedExecutor(pause.toMillis(), TimeUnit.MILLISECONDS, Thread::startVirtualThread).execute(what);
    }

    /** Stops; all that is in the kernel and in files stays as it is. */
    @Override
    public void close() {
        running.close();
        Running.closing(nudge, uplinks, hostAddresses, etcd, policyMemory, cni, loop, filter, network, unknownPods);
    }

    /** The status now. */
    AgentStatus status() {
        return board.status();
    }

    /** The revision of etcd up to which policies are in the kernel; 0 before the first. */
    long policyRevision() {
        return policyFeed.enforced();
    }

    /** How many writes of endpoints wait for etcd. */
    int waitingWrites() {
        return cni.waitingWrites();
    }

    EtcdSide etcd() {
        return etcd;
    }

    PolicyHits hits() {
        return hits;
    }

    Verdicts verdicts() {
        return verdicts;
    }

    DepartedUnits departed() {
        return departed;
    }

    /** Takes the configuration up again; gives what is wrong with it, and then the one before stays in force. */
    Optional<Problem> reload() throws IOException {
        AgentConfig before = facts.latest().config();
        switch (configs.read()) {
            case Bad<AgentConfig>(Problem problem) -> {
                return Optional.of(problem);
            }
            case Good<AgentConfig>(AgentConfig now) -> {
                facts.change(known -> filePaths.refreshed(known.withConfig(now, HostFacts.nodename(now.nodename(), paths))));
                conditions.set("configuration", Weight.NOT_READY, Optional.empty());
                Logging.level(now.logLevel());
                if (!now.etcd().equals(before.etcd()) || !now.leaseTtl().equals(before.leaseTtl())) {
                    etcd.connect();
                }
                if (!now.listen().equals(before.listen())) {
                    health.listen(now.listen());
                }
                etcd.learn();
                uplinks.suspect();
                noteLimits();
                passes.pass();
                look();
                return Optional.empty();
            }
        }
    }

    /** Renders the node's files anew from their templates, and gives their digest; empty while there is no subnet. */
    Decoded<String> render() throws IOException {
        facts.change(filePaths::refreshed);
        loop.distrust(files.name());
        Applied applied = passes.pass();
        String failure = applied.failures().get(files.name());
        return failure == null ? Decoded.good(files.rendered().map(NodeFiles.Rendered::digest).orElse(""))
                : Decoded.bad("the node's files", "", failure, "files that could be rendered");
    }

    private void renderAgain() {
        loop.distrust(files.name());
    }

    private void touched() {
        loop.distrust(files.name());
        sockets.check();
        memory.check();
    }

    /** Looks at everything that is ours anew, and puts right what differs; gives what could not be, in sentences. */
    List<String> mend() throws IOException {
        facts.change(filePaths::refreshed);
        uplinks.suspect();
        loop.distrustAll();
        return sentences(passes.pass());
    }

    /** Gives up the subnet and removes all of canal's from kernel and files; gives what could not be, in sentences. The agent is of no use after it. */
    List<String> leave() {
        List<String> left = new ArrayList<>();
        running.closeAllBut(ControlServer.class);
        etcd.leave().ifPresent(left::add);
        memory.forget();
        Running.closing(nudge, uplinks, etcd, cni, loop);
        remove(left, files::removeAll);
        remove(left, network::removeAll);
        remove(left, filter::removeAll);
        return left;
    }

    private interface Removal {
        void run() throws StageFailed;
    }

    private static void remove(List<String> left, Removal removal) {
        try {
            removal.run();
        } catch (StageFailed failure) {
            left.add(Sources.sentence(String.valueOf(failure.getMessage())));
        }
    }

    private void noteLimits() {
        AgentConfig now = facts.latest().config();
        conditions.set("limits", Weight.NOTE, new KernelLimits(Path.of("/proc")).notes(
                now.txChecksum(), HostFacts.KERNEL_BREAKS_CHECKSUMS, HostFacts.kernelRelease(), now.policy().ignoreLooseRpf()));
    }

    private boolean mayRemove() {
        return etcd.mayRemove();
    }

    /** After each pass, on the loop's thread. */
    private void applied(Applied applied) {
        tables.count();
        if (tables.knowsPeers()) {
            peersApplied.countDown();
        }
        metrics.passed(applied.failures().keySet());
        if (Collections.disjoint(applied.failures().keySet(), List.of(filter.name(), "tables"))) {
            policyFeed.applied(applied.revision());
        }
        LocalFacts seen = facts.inPass();
        if (!begun && applied.clean() && seen.files().isPresent()) {
            begun = true;
            loop.distrust(files.name());
        }
        tunnelGap.after(applied, network.takeRemade());
        repairs.tell(stages().stream().flatMap(stage -> stage.takeRepairs().stream()).toList());
        if (policyKnown && !policyInForce && !applied.failures().containsKey(filter.name())) {
            policyInForce = true;
            conditions.set("policy", Weight.NOT_READY, Optional.empty());
            later(SETTLE_AFTER, heap::settle);
        }
        conditions.set("kernel", Weight.NOT_READY, sentences(applied));
        conditions.set("files", Weight.NOTE, files.rendered().map(NodeFiles.Rendered::notes).orElse(List.of()));
        conditions.set("ruleset", Weight.NOTE, filter.status().problems());
        conditions.set("addresses of tunnels", Weight.NOTE, network.strangers());
        etcd.learn(macs(), !tables.endpoints.rows().isEmpty() || unknownPods.present(), takesDirect.after(applied, seen.network()));
        look();
    }

    private static List<String> sentences(Applied applied) {
        return applied.failures().entrySet().stream().map(failure -> Sources.sentence(failure.getKey() + ": " + failure.getValue())).sorted().toList();
    }

    private Map<Family, Mac> macs() {
        Map<Family, Mac> macs = new EnumMap<>(Family.class);
        network.tunnels().forEach((family, state) -> {
            if (state instanceof TunnelState.Ready ready) {
                macs.put(family, ready.mac());
            }
        });
        return macs;
    }

    /** An uplink was chosen, or cannot be: then the last one stays in use. */
    private void chosen(Decoded<Uplink> choice) {
        switch (choice) {
            case Good<Uplink>(Uplink uplink) -> {
                log.info("the uplink is {} with {}, MTU {}", uplink.name(), uplink.v4().or(uplink::v6).map(Ip::toString).orElse("no address"), uplink.mtu());
                facts.change(known -> known.withUplink(Optional.of(uplink)));
                conditions.set("uplink", Weight.NOT_READY, Optional.empty());
                etcd.learn();
            }
            case Bad<Uplink>(Problem problem) -> conditions.set("uplink", Weight.NOT_READY, Optional.of(problem.sentence() + "."));
        }
    }

    private void inSync() {
        memory.check();
        cni.storeBack();
        cni.publish();
    }

    /** The port of health and metrics; 0 where they are not served. */
    int healthPort() {
        return health.port();
    }

    private boolean turns() {
        try {
            passes.pass();
            return true;
        } catch (IOException stuck) {
            return false;
        }
    }

    private void look() {
        // Conditions may be set while the constructor still runs.
        if (running.begun() && board.isAnother()) {
            nudge.changed();
        }
    }

    /** As Kubernetes writes them: both families with a comma between. */
    private static String networks(LocalFacts now) {
        return now.network().map(NetworkConfig::networks).stream().flatMap(List::stream).map(Cidr::toString).collect(Collectors.joining(","));
    }

    private Measured measured() {
        LocalFacts now = facts.latest();
        boolean filesBehind = !now.files().equals(files.placed());
        return new Measured(filesBehind ? List.of("The node's files do not say its subnet yet.") : sockets.problems(), now.subnetText(), networks(now), now.mtu(),
                filter.status().dataplane(), now.nodename(), now.own().value().map(value -> value.address().toString()).orElse(""),
                files.rendered().map(NodeFiles.Rendered::digest).orElse(""), network.problems().stream().map(StatusBoard::finding).toList(), etcd.networkPending());
    }
}
