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
import io.canal.model.Decoded.Good;
import io.canal.model.Ip;
import io.canal.model.IpPrefix;
import io.canal.model.Json;
import io.canal.model.LeaseValue;
import io.canal.model.Mac;
import io.canal.model.NetworkKeys;
import io.canal.model.NodePaths;
import io.canal.model.SubnetKey;
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
    private static final Duration SETTLED_AFTER = Duration.ofMillis(500);
    /** A cache that was recorded before the agent was ready lacks what the agent needs most; a machine that builds may be slow. */
    private static final Duration READY_WITHIN = Duration.ofMinutes(5);
    private static final NetworkKeys KEYS = NetworkKeys.DEFAULT;
    private static final String UPLINK = "eth0";
    private static final Ip ADDRESS = Ip.of("10.10.0.1");
    private static final String STAYS = "stays";

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
            TlsFiles tls = TrainingCertificate.files(paths.root());
            Optional<Ip> address = Optional.of(ADDRESS).filter(_ -> result == 0);
            EtcdStore.warmUp();
            configure(etcd.endpoint(), tls, "", Optional.empty());
            Arguments arguments = new Arguments(Arguments.Mode.TRAIN, paths.root(), home, Optional.empty());
            try (Pod pod = Pod.make()) {
                try (Agent agent = start(arguments)) {
                    awaitReady(agent);
                    etcd.put(KEYS.lease(subnet(PEERS)), lease(PEERS));
                    for (int round = 0; round < ROUNDS; round++) {
                        put(etcd, TrainingPolicies.changes(round));
                        pause();
                        etcd.remove(TrainingPolicies.gone(round));
                    }
                    configure(etcd.endpoint(), tls, "", address);
                    ask();
                    read(agent.healthPort());
                    if (result == 0) {
                        attach(agent, pod);
                    }
                }
                // A start on a node that has everything already, and pods, goes other ways, and is the one that must be fast: as the charm configures it.
                etcd.put(KEYS.lease(subnet(0)), lease(PEERS + 1));
                configure(etcd.endpoint(), tls, result == 0 ? UPLINK : "", address);
                Main.prepare(arguments);
                try (Agent again = start(arguments)) {
                    awaitReady(again);
                    if (result == 0 && !again.status().ready()) {
                        throw new IOException("the training's agent was not ready again: " + again.status().reasons());
                    }
                    etcd.put(KEYS.lease(subnet(1)), lease(PEERS + 2));
                    etcd.remove(KEYS.lease(subnet(2)));
                    settle(again);
                }
            }
        }
    }

    private static Agent start(Arguments arguments) throws IOException {
        Agent agent = Main.agent(arguments);
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
            rtnl.execute("make eth0", Link.createVeth(UPLINK, Mac.of("02:00:00:00:00:01"), 1500, "far0", Mac.of("02:00:00:00:00:02"), here));
            int eth0 = rtnl.link(UPLINK).orElseThrow().index();
            List<NetlinkMessage> requests = new ArrayList<>();
            for (Link link : rtnl.links()) {
                requests.add(Link.setUp(link.index()));
            }
            requests.add(Address.of(eth0, new IpPrefix(ADDRESS, 16)).replace());
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

    private void configure(String endpoint, TlsFiles tls, String iface, Optional<Ip> publicIp) throws IOException {
        AgentConfig defaults = AgentConfig.defaults();
        EtcdConfig where = new EtcdConfig(List.of(endpoint), tls.ca().toString(), tls.cert().toString(), tls.key().toString(), EtcdConfig.DEFAULT_PREFIX);
        AgentConfig config = new AgentConfig("canal/0", "training", where, iface, publicIp, 0, defaults.dataplane(), defaults.leaseTtl(), defaults.logLevel(),
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

    /** Pods come, and one goes. */
    private void attach(Agent agent, Pod pod) throws IOException {
        remember(STAYS);
        call("ADD", "goes", pod);
        settle(agent);
        call("DEL", "goes", pod);
        settle(agent);
        call("ADD", STAYS, pod);
        settle(agent);
    }

    /** As a runtime calls; a cache that was recorded while this is refused lacks what it is for. */
    private void call(String command, String container, Pod pod) throws IOException {
        String answer = frame(command, container, pod.netns());
        if (!(Json.object("the answer", answer) instanceof Good<ObjectNode>(ObjectNode reply)) || reply.path("code").asInt(1) != 0) {
            throw new IOException("the training's " + command + " was refused: " + answer);
        }
    }

    /** As a runtime remembers a pod. */
    private void remember(String container) throws IOException {
        Path folder = paths.cniResults().getFirst();
        Files.createDirectories(folder);
        ObjectNode cache = Json.object().put("kind", "cniCacheV1").put("containerId", container).put("ifName", "eth0").put("networkName", "cdk-canal");
        Files.writeString(folder.resolve("cdk-canal-" + container + "-eth0"), Json.compact(cache));
    }

    /** Lets what follows a start come to its end. */
    private static void settle(Agent agent) throws IOException {
        long start = System.nanoTime();
        do {
            pause();
        } while ((agent.waitingWrites() > 0 || System.nanoTime() - start < SETTLED_AFTER.toNanos()) && System.nanoTime() - start < PATIENCE.toNanos());
    }

    /** A network namespace that lives as long as a thread. */
    private static final class Pod implements AutoCloseable {

        private final CountDownLatch there = new CountDownLatch(1);
        private final CountDownLatch over = new CountDownLatch(1);
        private final Failure failure = new Failure();
        private final Thread thread = Thread.ofPlatform().name("pod").unstarted(() -> failure.of(this::live));
        private volatile Path netns = Path.of("/");

        static Pod make() throws IOException {
            Pod pod = new Pod();
            pod.thread.start();
            await(pod.there);
            return pod;
        }

        String netns() {
            return netns.toString();
        }

        /** Without a namespace of its own, an ADD into it is refused. */
        private void live() throws IOException {
            try {
                if (Libc.unshare(Libc.CLONE_NEWNET) == 0) {
                    netns = Path.of("/proc").resolve(Files.readSymbolicLink(Path.of("/proc/thread-self"))).resolve("ns/net");
                }
            } finally {
                there.countDown();
            }
            await(over);
        }

        private static void await(CountDownLatch latch) throws IOException {
            try {
                latch.await();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", interrupted);
            }
        }

        @Override
        public void close() throws IOException {
            over.countDown();
            try {
                thread.join();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            failure.check();
        }
    }

    private String frame(String command, String container, String netns) throws IOException {
        ObjectNode plugin = (ObjectNode) Json.object("conflist", Files.readString(paths.conflist())).orThrow().path("plugins").path(0);
        plugin.put("name", "cdk-canal").put("cniVersion", "1.0.0");
        ObjectNode frame = Json.object().put("v", 1);
        frame.putObject("env").put("CNI_COMMAND", command).put("CNI_CONTAINERID", container).put("CNI_NETNS", netns).put("CNI_IFNAME", "eth0")
                .put("CNI_PATH", "/opt/cni/bin").put("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + container);
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
        } catch (UncheckedIOException failure) {
            throw new IOException(failure.getMessage(), failure);
        }
    }
}
