package io.canal.dataplane.filter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.kernel.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Switches of the dataplane under new connections every 10 ms: none fails, and none passes that must not. */
@Tag("alone")
class LiveSwitchIT {

    /** A lost SYN is sent again after 1 s: an attempt that takes longer than this has lost a packet. */
    private static final int PATIENCE_MILLIS = 950;
    private static final int PORT = 7000;

    @TempDir
    Path root;

    private FilterHost host;
    private volatile boolean over;
    private final List<Thread> threads = new ArrayList<>();
    private final List<ServerSocket> servers = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        over = true;
        for (Thread thread : threads) {
            thread.join();
        }
        for (ServerSocket server : servers) {
            server.close();
        }
        host.close();
    }

    private final class Traffic {

        final List<String> failures = Collections.synchronizedList(new ArrayList<>());
        final AtomicInteger attempts = new AtomicInteger();
        private final NetworkNamespace from;
        private final InetSocketAddress target;
        private final String seenAs;

        Traffic(NetworkNamespace from, String address, int port, String seenAs) throws IOException {
            this.from = from;
            this.target = new InetSocketAddress(InetAddress.getByName(address), port);
            this.seenAs = seenAs;
        }

        void run() {
            try {
                from.<RuntimeException>run(() -> {
                    while (!over) {
                        attempts.incrementAndGet();
                        try (Socket socket = new Socket()) {
                            socket.setSoLinger(true, 0);
                            socket.setSoTimeout(PATIENCE_MILLIS);
                            socket.connect(target, PATIENCE_MILLIS);
                            String seen = new String(socket.getInputStream().readNBytes(seenAs.length()));
                            if (!seen.equals(seenAs)) {
                                failures.add("seen as " + seen);
                            }
                        } catch (IOException failed) {
                            failures.add(host.filter.status().dataplane() + ": " + failed);
                        }
                        pause();
                    }
                });
            } catch (IOException failed) {
                failures.add(failed.toString());
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(10);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** A server that tells each client what address it has. */
    private void serve(NetworkNamespace in, String address) throws IOException {
        ServerSocket server = in.<ServerSocket, IOException>call(() -> new ServerSocket(PORT, 100, InetAddress.getByName(address)));
        servers.add(server);
        Thread.ofPlatform().daemon().start(() -> {
            while (!server.isClosed()) {
                try (Socket client = server.accept()) {
                    client.getOutputStream().write(client.getInetAddress().getHostAddress().getBytes());
                    client.shutdownOutput();
                    client.setSoTimeout(PATIENCE_MILLIS);
                    client.getInputStream().read();
                } catch (IOException gone) {
                    // The client resets, or the test is over.
                    continue;
                }
            }
        });
    }

    private Traffic traffic(NetworkNamespace from, String address, int port, String seenAs) throws IOException {
        Traffic traffic = new Traffic(from, address, port, seenAs);
        threads.add(Thread.ofPlatform().daemon().start(traffic::run));
        return traffic;
    }

    /** @param drops whether iptables' FORWARD chain drops by policy, as Docker leaves it */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void no_connection_is_lost_while_the_dataplane_is_switched(boolean drops) throws Exception {
        host = new FilterHost(root, FilterMode.NFTABLES);
        if (drops) {
            host.run("iptables-nft", "-P", "FORWARD", "DROP");
        }
        host.start();
        host.know("cali-a");
        serve(host.neighbour, FilterHost.NEIGHBOUR);
        serve(host.neighbour, FilterHost.REMOTE_POD);
        serve(host.podA, FilterHost.POD_A);
        // A host port, as the portmap plugin makes one.
        host.run("nft", "add table ip portmap; add chain ip portmap pre { type nat hook prerouting priority -100; };"
                + " add rule ip portmap pre ip daddr 192.0.2.1 tcp dport 8080 dnat to 10.1.49.2:7000");
        List<Traffic> all = List.of(
                traffic(host.podA, FilterHost.NEIGHBOUR, PORT, FilterHost.NODE),
                traffic(host.podA, FilterHost.REMOTE_POD, PORT, FilterHost.POD_A),
                traffic(host.neighbour, FilterHost.NODE, 8080, FilterHost.NEIGHBOUR));
        Traffic unknown = traffic(host.podB, FilterHost.NEIGHBOUR, PORT, "nobody");
        for (FilterMode mode : List.of(FilterMode.IPTABLES, FilterMode.NFTABLES, FilterMode.IPTABLES, FilterMode.NFTABLES)) {
            Thread.sleep(700);
            host.mode = mode;
            host.write(() -> { });
            assertTrue(host.filter.status().dataplane().startsWith(mode.text()), host.filter.status().dataplane());
        }
        host.run("iptables-legacy", "-t", "mangle", "-N", "KUBE-KUBELET-CANARY");
        if (drops) {
            // Open for the pods first: it is the switch that must not lose them.
            host.run("iptables-nft", "-P", "FORWARD", "ACCEPT");
            host.run("iptables-legacy", "-A", "FORWARD", "-d", "10.1.0.0/16", "-j", "ACCEPT");
            host.run("iptables-legacy", "-A", "FORWARD", "-s", "10.1.0.0/16", "-j", "ACCEPT");
            host.run("iptables-legacy", "-P", "FORWARD", "DROP");
            host.filter.distrust();
            host.write(() -> { });
            Thread.sleep(600);
            host.write(() -> { });
            host.run("iptables-legacy", "-D", "FORWARD", "-s", "10.1.0.0/16", "-j", "ACCEPT");
            host.run("iptables-legacy", "-D", "FORWARD", "-d", "10.1.0.0/16", "-j", "ACCEPT");
        }
        Thread.sleep(600);
        host.mode = FilterMode.IPTABLES;
        host.filter.distrust();
        host.write(() -> { });
        assertEquals("iptables-legacy", host.filter.status().dataplane());
        Thread.sleep(700);
        host.mode = FilterMode.NFTABLES;
        host.write(() -> { });
        Thread.sleep(700);
        over = true;
        for (Thread thread : threads) {
            thread.join();
        }
        for (Traffic traffic : all) {
            assertEquals(List.of(), traffic.failures, () -> "to " + traffic.target);
            assertTrue(traffic.attempts.get() > 100, () -> traffic.target + ": " + traffic.attempts);
        }
        assertEquals(unknown.attempts.get(), unknown.failures.size(), "an unknown interface stays cut off");
    }
}
