package io.canal.story;

import io.canal.kernel.netns.NetworkNamespace;
import io.canal.lab.proof.PodSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Phaser;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** A new TCP connection every ten milliseconds from one namespace to a server in another; each must carry a byte there and back. */
final class ConnectionStream implements AutoCloseable {

    private static final Duration GAP = Duration.ofMillis(10);
    /** A packet that was lost is sent again after a second; a connection that took so long lost one. */
    private static final int PATIENCE_MILLIS = 900;

    private final String name;
    private final Path client;
    private final InetSocketAddress target;
    private final ServerSocket server;
    private final Set<String> seenFrom = ConcurrentHashMap.newKeySet();
    private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicInteger made = new AtomicInteger();
    private final Phaser open = new Phaser(1);
    private final Thread opening;
    private final long start = System.nanoTime();
    private volatile boolean stopped;

    /**
     * @param client where connections come from
     * @param serverSide where the server is, at this address and port
     * @param target what the client connects to; by way of a host's port it is another address than the server's
     */
    ConnectionStream(String name, Path client, Path serverSide, String serverAddress, int serverPort, String targetAddress, int targetPort)
            throws IOException {
        this.name = name;
        this.client = client;
        this.server = PodSocket.listen(serverSide, serverAddress, serverPort);
        this.target = new InetSocketAddress(InetAddress.ofLiteral(targetAddress), targetPort == 0 ? server.getLocalPort() : targetPort);
        Thread.ofVirtual().start(this::serve);
        this.opening = Thread.ofPlatform().daemon().name(name).start(this::open);
    }

    /** What came of it; {@code seenFrom} are the addresses that the server saw. */
    record Report(String name, int made, List<String> failures, Set<String> seenFrom) {}

    int made() {
        return made.get();
    }

    Report stop() throws InterruptedException {
        stopped = true;
        opening.join();
        open.arriveAndAwaitAdvance();
        close();
        return new Report(name, made.get(), List.copyOf(failures), Set.copyOf(seenFrom));
    }

    @Override
    public void close() {
        stopped = true;
        try {
            server.close();
        } catch (IOException closing) {
            throw new AssertionError(closing);
        }
    }

    private void open() {
        NetworkNamespace from = new NetworkNamespace(client);
        try {
            for (int number = 0; !stopped; number++) {
                long due = start + number * GAP.toNanos();
                for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
                // Threads are not started in there: they would live there too.
                SocketChannel channel = from.visit(SocketChannel::open);
                open.register();
                Thread.ofVirtual().start(() -> connect(channel.socket()));
            }
        } catch (IOException broken) {
            failures.add("the client cannot go on: " + broken);
        }
    }

    private void connect(Socket socket) {
        long began = System.nanoTime();
        try (socket) {
            socket.connect(target, PATIENCE_MILLIS);
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.getOutputStream().write('x');
            if (socket.getInputStream().read() != 'x') {
                throw new IOException("no byte came back");
            }
            // The client closes hard, so that no port is kept waiting.
            socket.setSoLinger(true, 0);
        } catch (IOException failed) {
            failures.add(Duration.ofNanos(began - start).toMillis() + " ms: " + failed.getMessage());
        } finally {
            made.incrementAndGet();
            open.arriveAndDeregister();
        }
    }

    private void serve() {
        while (!server.isClosed()) {
            try {
                Socket one = server.accept();
                Thread.ofVirtual().start(() -> answer(one));
            } catch (IOException over) {
                return;
            }
        }
    }

    private void answer(Socket one) {
        try (one) {
            seenFrom.add(one.getInetAddress().getHostAddress());
            one.getOutputStream().write(one.getInputStream().read());
            one.getInputStream().read();
        } catch (IOException reset) {
            // The client tells whether it got its byte.
        }
    }
}
