package io.canal.store.testing;

import static io.canal.kernel.testing.TestNamespaces.ip;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.testing.TestNamespaces;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * Three real members, each in a network namespace of its own: one can be cut off from the others while its clients, who come by
 * another way, still reach it.
 */
public final class PartedEtcd implements AutoCloseable {

    private static final int MEMBERS = 3;
    private static final int CLIENTS = 2379;
    private static final int PEERS = 2380;
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(60);

    private final TestNamespaces namespaces = new TestNamespaces();
    private final List<NetworkNamespace> hosts = new ArrayList<>();
    private final List<Process> processes = new ArrayList<>();
    private final List<TcpRelay> relays = new ArrayList<>();

    /** Starts them, in folders below this one. */
    public PartedEtcd(Path folder) {
        NetworkNamespace hub = namespaces.add("sw");
        ip(hub, "link", "add", "br0", "type", "bridge");
        ip(hub, "link", "set", "br0", "up");
        String cluster = String.join(",", IntStream.range(0, MEMBERS).mapToObj(i -> "m" + i + "=" + peerUrl(i)).toList());
        for (int i = 0; i < MEMBERS; i++) {
            NetworkNamespace host = namespaces.add("m" + i);
            namespaces.veth(host, "eth0", hub, "port" + i);
            ip(hub, "link", "set", "port" + i, "master", "br0");
            ip(host, "addr", "add", "10.9.0." + (i + 1) + "/24", "dev", "eth0");
            hosts.add(host);
            processes.add(start(host, folder.resolve("m" + i), "m" + i, peerUrl(i), cluster));
            relays.add(new TcpRelay(host, "127.0.0.1", CLIENTS));
        }
    }

    private static String peerUrl(int member) {
        return "http://10.9.0." + (member + 1) + ":" + PEERS;
    }

    private static Process start(NetworkNamespace host, Path data, String name, String peerUrl, String cluster) {
        String clientUrl = "http://127.0.0.1:" + CLIENTS;
        ProcessBuilder builder = new ProcessBuilder("nsenter", "--net=" + host.path(), "etcd", "--name=" + name, "--data-dir=" + data,
                "--listen-client-urls=" + clientUrl, "--advertise-client-urls=" + clientUrl, "--listen-peer-urls=" + peerUrl,
                "--initial-advertise-peer-urls=" + peerUrl, "--initial-cluster=" + cluster);
        builder.environment().keySet().removeIf(variable -> variable.startsWith("ETCD_"));
        try {
            Files.createDirectories(data);
            return builder.redirectErrorStream(true).redirectOutput(data.resolveSibling(name + ".log").toFile()).start();
        } catch (IOException failure) {
            throw new UncheckedIOException("this test needs etcd (Debian: etcd-server): " + failure.getMessage(), failure);
        }
    }

    /** Those of all members, by ways that no cut touches. */
    public List<String> endpoints() {
        return relays.stream().map(relay -> "http://127.0.0.1:" + relay.port()).toList();
    }

    /** The member that leads, once one does: whoever comes back after it was cut off may call for an election. */
    public int leader() {
        long deadline = System.nanoTime() + PATIENCE;
        while (System.nanoTime() < deadline) {
            for (int i = 0; i < MEMBERS; i++) {
                String[] status = TestNamespaces.tryRun(hosts.get(i), "env", "ETCDCTL_API=3", "etcdctl", "endpoint", "status").text().split(", ");
                // Endpoint, id, version, size, whether it is the leader.
                if (status.length > 4 && status[4].equals("true")) {
                    return i;
                }
            }
        }
        throw new AssertionError("no member leads");
    }

    /** The member sees the others no more, and they do not see it. */
    public void cutOff(int member) {
        ip(hosts.get(member), "link", "set", "eth0", "down");
    }

    public void heal(int member) {
        ip(hosts.get(member), "link", "set", "eth0", "up");
    }

    @Override
    public void close() {
        relays.forEach(TcpRelay::close);
        processes.forEach(Process::destroyForcibly);
        for (Process process : processes) {
            process.onExit().join();
        }
        namespaces.close();
    }
}
