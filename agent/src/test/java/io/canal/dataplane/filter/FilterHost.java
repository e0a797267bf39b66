package io.canal.dataplane.filter;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import io.canal.model.LocalEndpoint;
import io.canal.model.Mac;
import io.canal.model.NodePaths;
import io.canal.reconcile.Applied;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Table;
import io.canal.ruleset.tenants.PodNetwork;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/**
 * A node with two pods and a packet filter, and a neighbour on the underlay:
 * pod a (10.1.49.2) and pod b (10.1.49.3) on cali-a and cali-b, the node (192.0.2.1), the neighbour (192.0.2.2, and 10.1.94.2 as
 * if it were a pod of another node); the same with IPv6.
 */
final class FilterHost implements AutoCloseable {

    static final String NODE = "192.0.2.1";
    static final String NEIGHBOUR = "192.0.2.2";
    static final String POD_A = "10.1.49.2";
    static final String POD_B = "10.1.49.3";
    static final String REMOTE_POD = "10.1.94.2";
    static final String NODE_6 = "fd00:2::1";
    static final String NEIGHBOUR_6 = "fd00:2::2";
    static final String POD_A_6 = "fd00:1:49::2";
    static final int VXLAN = 8472;

    private static final int MISS_MILLIS = 250;
    private static final int HIT_MILLIS = 10_000;
    /** Below those that the kernel gives to others. */
    private static final AtomicInteger NEXT_PORT = new AtomicInteger(20_000);

    private final TestNamespaces namespaces = new TestNamespaces();
    final NetworkNamespace node = namespaces.add("node");
    final NetworkNamespace podA = namespaces.add("a");
    final NetworkNamespace podB = namespaces.add("b");
    final NetworkNamespace neighbour = namespaces.add("peer");

    final Table<String, LocalEndpoint> endpoints = new Table<>("endpoints");
    final Table<String, Set<Ip>> peers = new Table<>("peers");
    private final Path root;
    volatile FilterMode mode;
    volatile NodeNetworks networks = new NodeNetworks(List.of(
            new PodNetwork(Cidr.of("10.1.0.0/16"), Optional.of(Cidr.of("10.1.49.0/24"))),
            new PodNetwork(Cidr.of("fd00:1::/32"), Optional.of(Cidr.of("fd00:1:49::/64")))), new TreeSet<>(Set.of(VXLAN)), true);
    volatile boolean mayRemove = true;
    volatile boolean policyKnown = true;
    UnaryOperator<Plane> seam = UnaryOperator.identity();
    PacketFilter filter;
    ApplyLoop loop;

    FilterHost(Path root, FilterMode mode) throws IOException {
        this.root = root;
        this.mode = mode;
        namespaces.veth(node, "eth0", neighbour, "eth0");
        ip(node, "addr", "add", NODE + "/24", "dev", "eth0");
        ip(node, "addr", "add", NODE_6 + "/64", "dev", "eth0", "nodad");
        ip(neighbour, "addr", "add", NEIGHBOUR + "/24", "dev", "eth0");
        ip(neighbour, "addr", "add", NEIGHBOUR_6 + "/64", "dev", "eth0", "nodad");
        ip(neighbour, "addr", "add", REMOTE_POD + "/32", "dev", "lo");
        ip(node, "route", "add", "10.1.94.0/24", "via", NEIGHBOUR);
        ip(neighbour, "route", "add", "10.1.49.0/24", "via", NODE);
        ip(neighbour, "-6", "route", "add", "fd00:1:49::/64", "via", NODE_6);
        pod(podA, "cali-a", POD_A, POD_A_6);
        pod(podB, "cali-b", POD_B, "fd00:1:49::3");
        TestNamespaces.run(node, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
    }

    private void pod(NetworkNamespace pod, String iface, String v4, String v6) {
        namespaces.veth(pod, "eth0", node, iface);
        ip(pod, "addr", "add", v4 + "/32", "dev", "eth0");
        ip(pod, "addr", "add", v6 + "/128", "dev", "eth0", "nodad");
        ip(node, "addr", "add", "169.254.1.1/32", "dev", iface);
        ip(node, "addr", "add", "fe80::1/64", "dev", iface, "nodad");
        ip(pod, "route", "add", "169.254.1.1", "dev", "eth0", "scope", "link");
        ip(pod, "route", "add", "default", "via", "169.254.1.1");
        ip(pod, "-6", "route", "add", "default", "via", "fe80::1", "dev", "eth0");
        ip(node, "route", "add", v4 + "/32", "dev", iface);
        ip(node, "-6", "route", "add", v6 + "/128", "dev", iface);
    }

    /** Starts a filter and its loop in the node; the first pass is over when this returns. */
    void start() throws IOException {
        Applied first = tryStart();
        if (!first.clean()) {
            throw new AssertionError("the first pass failed: " + first.failures());
        }
    }

    /** As {@link #start}, whatever came of the first pass. */
    Applied tryStart() throws IOException {
        node.<RuntimeException>run(() -> {
            filter = new PacketFilter(new FilterInputs(peers, () -> networks, new OpenPolicy(endpoints, () -> policyKnown)), () -> mode, new NodePaths(root), Clock.system(), seam);
            loop = new ApplyLoop(Clock.system(), List.of(filter), () -> mayRemove, applied -> { });
            ApplyLoop itsLoop = loop;
            filter.start(() -> itsLoop.write(() -> { }));
            loop.start();
        });
        return tryWrite(() -> { });
    }

    /** As an agent that dies: its rules stay. */
    void stop() {
        loop.close();
        filter.close();
        loop = null;
    }

    /** The pass that sees the change, whatever came of it. */
    Applied tryWrite(Runnable change) {
        try {
            return loop.applied(loop.write(change)).toCompletableFuture().get(30, TimeUnit.SECONDS);
        } catch (Exception failed) {
            throw new AssertionError(failed);
        }
    }

    Applied write(Runnable change) {
        try {
            Applied applied = tryWrite(change);
            if (!applied.clean()) {
                throw new AssertionError("the pass failed: " + applied.failures());
            }
            return applied;
        } catch (Exception failed) {
            throw new AssertionError(failed);
        }
    }

    void know(String iface) {
        write(() -> endpoints.put(iface, new LocalEndpoint(iface, "default", iface, iface, iface, List.of(),
                Mac.parse("02:00:00:00:00:01").orElseThrow(), Map.of(), List.of(), List.of())));
    }

    void forget(String iface) {
        write(() -> endpoints.remove(iface));
    }

    void peer(String... addresses) {
        write(() -> peers.put("peer", addresses.length == 0 ? Set.of() : Set.copyOf(List.of(addresses).stream().map(Ip::of).toList())));
    }

    /** With a port that no datagram came from before: with the same ports one might belong to a connection that was let through then. */
    static DatagramSocket sender(NetworkNamespace from) throws IOException {
        return from.<DatagramSocket, SocketException>call(() -> new DatagramSocket(NEXT_PORT.getAndIncrement()));
    }

    /** The source that the receiver sees of a datagram; empty where it does not arrive. */
    Optional<String> datagram(NetworkNamespace from, NetworkNamespace to, String address, int port, boolean expected) throws IOException {
        InetAddress target = InetAddress.getByName(address);
        try (DatagramSocket receiver = to.<DatagramSocket, SocketException>call(() -> new DatagramSocket(new InetSocketAddress(target, port)));
                DatagramSocket sender = sender(from)) {
            receiver.setSoTimeout(expected ? HIT_MILLIS : MISS_MILLIS);
            sender.send(new DatagramPacket(new byte[] {1}, 1, target, port));
            DatagramPacket packet = new DatagramPacket(new byte[16], 16);
            receiver.receive(packet);
            return Optional.of(Ip.ofBytes(packet.getAddress().getAddress()).toString());
        } catch (SocketTimeoutException missed) {
            return Optional.empty();
        } catch (IOException refused) {
            return Optional.empty();
        }
    }

    /** The source that a server sees of a TCP connection; empty where it does not come about. */
    Optional<String> connection(NetworkNamespace from, NetworkNamespace to, String address, boolean expected) throws IOException {
        InetAddress target = InetAddress.getByName(address);
        try (ServerSocket server = to.<ServerSocket, IOException>call(() -> new ServerSocket(0, 16, target));
                Socket client = from.<Socket, IOException>call(() -> {
                    Socket unbound = new Socket();
                    unbound.bind(null);
                    return unbound;
                })) {
            client.connect(new InetSocketAddress(target, server.getLocalPort()), expected ? HIT_MILLIS : MISS_MILLIS);
            try (Socket accepted = server.accept()) {
                return Optional.of(Ip.ofBytes(accepted.getInetAddress().getAddress()).toString());
            }
        } catch (SocketTimeoutException missed) {
            return Optional.empty();
        }
    }

    static String ip(NetworkNamespace namespace, String... arguments) {
        return TestNamespaces.ip(namespace, arguments);
    }

    String run(String... command) {
        return TestNamespaces.run(node, command);
    }

    @Override
    public void close() {
        if (loop != null) {
            stop();
        }
        namespaces.close();
    }
}
