package io.canal.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.config.AgentConfig;
import io.canal.config.EtcdConfig;
import io.canal.config.Listen;
import io.canal.control.ControlClient;
import io.canal.control.Frames;
import io.canal.control.Op;
import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.Fd;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.libc.Libc;
import io.canal.kernel.netlink.Address;
import io.canal.kernel.netlink.Link;
import io.canal.kernel.netlink.NetlinkMessage;
import io.canal.kernel.netlink.Route;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.Json;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkKeys;
import io.canal.model.NodePaths;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Clock;
import io.canal.store.EtcdStore;
import io.canal.store.TlsFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Walks through a start and a bit of work, so that the build can record which classes the agent loads: with an etcd,
 * a folder and a network namespace of its own.
 *
 * <p>Without root there is no such namespace, and nothing could be changed in the machine's; the walk then ends at the tunnel.
 */
final class Training {

    private static final Logger log = LoggerFactory.getLogger(Training.class);
    private static final int PEERS = 300;
    private static final int ROUNDS = 10;
    private static final Duration PATIENCE = Duration.ofSeconds(8);
    /** A cache that was recorded before the agent was ready lacks what the agent needs most; a machine that builds may be slow. */
    private static final Duration READY_WITHIN = Duration.ofMinutes(5);
    private static final NetworkKeys KEYS = NetworkKeys.DEFAULT;

    private final NodePaths paths;
    private final Path home;

    private Training(NodePaths paths, Path home) {
        this.paths = paths;
        this.home = home;
    }

    /** Walks; ends with an exception where it could not be done at all. */
    static void run(Path home) throws IOException {
        Path root = Files.createTempDirectory("canal-train");
        try {
            Training training = new Training(new NodePaths(root), home);
            Failure failure = new Failure();
            // Threads that are started from a thread in a namespace are in it too, so all of the agent is.
            Thread thread = Thread.ofPlatform().name("training").start(() -> failure.of(training::walkApart));
            thread.join();
            failure.check();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        } finally {
            delete(root);
        }
    }

    private void walkApart() throws IOException {
        int result = Libc.unshare(Libc.CLONE_NEWNET);
        if (result == 0) {
            lay();
        } else if (result != -Errno.EPERM) {
            throw new KernelException("unshare the network namespace", -result);
        }
        try (Rehearsal etcd = Rehearsal.start(paths.root())) {
            etcd.put(KEYS.config(), "{\"Network\":\"10.64.0.0/10\",\"SubnetLen\":24,\"Backend\":{\"Type\":\"vxlan\"}}");
            for (int i = 0; i < PEERS; i++) {
                etcd.put(KEYS.lease(subnet(i)), lease(i));
            }
            put(etcd, TrainingPolicies.all());
            lendPlugin();
            EtcdStore.warmUp();
            configure(etcd.endpoint(), TrainingCertificate.files(paths.root()));
            Arguments arguments = new Arguments(Arguments.Mode.TRAIN, paths.root(), home, Optional.empty());
            try (Agent agent = start(arguments)) {
                awaitReady(agent);
                etcd.put(KEYS.lease(subnet(PEERS)), lease(PEERS));
                for (int round = 0; round < ROUNDS; round++) {
                    put(etcd, TrainingPolicies.changes(round));
                    pause();
                    etcd.remove(TrainingPolicies.gone(round));
                }
                ask();
                read(agent.healthPort());
                if (result == 0) {
                    attach();
                }
            }
            // A start on a node that has everything already goes other ways, and is the one that must be fast.
            etcd.put(KEYS.lease(subnet(0)), lease(PEERS + 1));
            try (Agent again = start(arguments)) {
                awaitReady(again);
            }
        }
    }

    private Agent start(Arguments arguments) throws IOException {
        Agent agent = new Agent(arguments, config -> EtcdLink.store(config.etcd(), paths.stateDir(), Clock.system()), Clock.system());
        agent.start();
        return agent;
    }

    private static void put(Rehearsal etcd, Map<String, String> values) throws IOException {
        for (Map.Entry<String, String> value : values.entrySet()) {
            etcd.put(value.getKey(), value.getValue());
        }
    }

    /** A plugin that says which versions it speaks, in the place of one that is chained. */
    private void lendPlugin() throws IOException {
        Files.createDirectories(paths.cniBinDir());
        Files.createSymbolicLink(paths.cniBinDir().resolve("portmap"), home.resolve("cni/calico"));
    }

    /** An uplink, as a node has it. */
    private static void lay() throws IOException {
        try (Rtnl rtnl = Rtnl.open(); Fd here = NetworkNamespace.current().open()) {
            rtnl.execute("make eth0", Link.createVeth("eth0", Mac.of("02:00:00:00:00:01"), 1500, "far0", Mac.of("02:00:00:00:00:02"), here));
            int eth0 = rtnl.link("eth0").orElseThrow().index();
            List<NetlinkMessage> requests = new ArrayList<>();
            for (Link link : rtnl.links()) {
                requests.add(Link.setUp(link.index()));
            }
            requests.add(Address.of(eth0, IpPrefix.of("10.10.0.1/16")).replace());
            requests.add(Route.via(Cidr.of("0.0.0.0/0"), Ip.of("10.10.255.254"), eth0, Route.PROTO_STATIC).replace());
            rtnl.apply(requests);
        }
    }

    private static SubnetKey subnet(int peer) {
        return SubnetKey.of(new Cidr(Ip.of("10.65.0.0").plus(peer * 256L), 24));
    }

    private static String lease(int peer) {
        return LeaseValue.vxlan(Ip.of("10.10.1.0").plus(peer), 1, new Mac(0x0200_0000_1000L + peer)).text();
    }

    private void configure(String endpoint, TlsFiles tls) throws IOException {
        AgentConfig defaults = AgentConfig.defaults();
        EtcdConfig where = new EtcdConfig(List.of(endpoint), tls.ca().toString(), tls.cert().toString(), tls.key().toString(), EtcdConfig.DEFAULT_PREFIX);
        AgentConfig config = new AgentConfig("", "training", where, "", Optional.empty(), 0, defaults.dataplane(), defaults.leaseTtl(), defaults.logLevel(),
                new Listen(Ip.of("127.0.0.1"), 0), "", "");
        Files.createDirectories(paths.agentYaml().getParent());
        Files.writeString(paths.agentYaml(), config.print());
    }

    private static void awaitReady(Agent agent) throws IOException {
        long start = System.nanoTime();
        while (!agent.status().ready() && System.nanoTime() - start < READY_WITHIN.toNanos()) {
            pause();
        }
        log.info("ready: {}", agent.status().reasons());
    }

    private void ask() {
        ControlClient client = new ControlClient(paths.controlSocket());
        for (String op : List.of(Op.STATUS, Op.RELOAD, Op.RENDER, Op.LEASES, Op.REPAIR)) {
            log.info("{}: {}", op, client.call(op, Json.object(), PATIENCE).getClass().getSimpleName());
        }
    }

    private static void read(int port) throws IOException {
        for (String page : List.of("/healthz", "/metrics")) {
            try (InputStream body = URI.create("http://127.0.0.1:" + port + page).toURL().openConnection().getInputStream()) {
                log.info("{}: {} bytes", page, body.readAllBytes().length);
            }
        }
    }

    /** A pod comes and goes, in a namespace that lives as long as a thread. */
    private void attach() throws IOException {
        CountDownLatch over = new CountDownLatch(1);
        AtomicReference<Path> pod = new AtomicReference<>(Path.of("/"));
        CountDownLatch there = new CountDownLatch(1);
        Failure failure = new Failure();
        Thread thread = Thread.ofPlatform().name("pod").start(() -> failure.of(() -> {
            try {
                if (Libc.unshare(Libc.CLONE_NEWNET) == 0) {
                    pod.set(Path.of("/proc").resolve(Files.readSymbolicLink(Path.of("/proc/thread-self"))).resolve("ns/net"));
                }
                there.countDown();
                over.await();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }));
        try {
            there.await();
            for (String command : List.of("ADD", "DEL")) {
                log.info("{}: {}", command, frame(command, pod.get().toString()));
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            over.countDown();
        }
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        failure.check();
    }

    private String frame(String command, String netns) throws IOException {
        ObjectNode plugin = (ObjectNode) Json.object("conflist", Files.readString(paths.conflist())).orThrow().path("plugins").path(0);
        plugin.put("name", "cdk-canal").put("cniVersion", "1.0.0");
        ObjectNode frame = Json.object().put("v", 1);
        frame.putObject("env").put("CNI_COMMAND", command).put("CNI_CONTAINERID", "training").put("CNI_NETNS", netns).put("CNI_IFNAME", "eth0")
                .put("CNI_PATH", "/opt/cni/bin").put("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=training");
        frame.put("stdin", Json.compact(plugin));
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(paths.cniSocket()));
            Frames.write(channel, Json.compact(frame));
            return Frames.read(channel).orElse("");
        }
    }

    private static void pause() throws IOException {
        try {
            Thread.sleep(20);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    /** Brings what was thrown on one thread to another. */
    private static final class Failure {

        private volatile Optional<IOException> thrown = Optional.empty();

        void of(Work work) {
            try {
                work.run();
            } catch (IOException failure) {
                thrown = Optional.of(failure);
            } catch (RuntimeException | Error defect) {
                // Left to the thread it would leave the agent's other threads alive, and a build waiting for them.
                thrown = Optional.of(new IOException("the training failed; this is a defect of canal: " + defect, defect));
            }
        }

        void check() throws IOException {
            if (thrown.isPresent()) {
                throw thrown.get();
            }
        }
    }

    private static void delete(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
            });
        }
    }
}
