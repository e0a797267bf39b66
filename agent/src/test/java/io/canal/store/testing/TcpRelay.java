package io.canal.store.testing;

import io.canal.kernel.netns.NetworkNamespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A path between one client and a server on loopback, which can be cut without touching either. */
public final class TcpRelay implements AutoCloseable {

    private final ServerSocket listening;
    private final Connector target;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile boolean cut;

    private interface Connector {
        Socket connect() throws IOException;
    }

    /** @param target the server's port */
    public TcpRelay(int target) {
        this(() -> new Socket(InetAddress.getLoopbackAddress(), target));
    }

    /** To a server that can be reached from a network namespace. */
    public TcpRelay(NetworkNamespace namespace, String address, int port) {
        this(() -> namespace.<Socket, IOException>call(() -> SocketChannel.open(new InetSocketAddress(InetAddress.ofLiteral(address), port)).socket()));
    }

    private TcpRelay(Connector target) {
        this.target = target;
        try {
            listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    public int port() {
        return listening.getLocalPort();
    }

    /** Ends the connections, and takes no more until {@link #mend}. */
    public void cut() {
        cut = true;
        open.forEach(TcpRelay::end);
    }

    public void mend() {
        cut = false;
    }

    @Override
    public void close() {
        cut();
        try {
            listening.close();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                relay(listening.accept());
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void relay(Socket client) {
        try {
            Socket server = target.connect();
            open.add(client);
            open.add(server);
            Thread.ofVirtual().start(() -> copy(client, server));
            Thread.ofVirtual().start(() -> copy(server, client));
            if (cut) {
                end(client);
                end(server);
            }
        } catch (IOException serverAway) {
            end(client);
        }
    }

    private void copy(Socket from, Socket to) {
        try (from; to) {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException cutOrClosed) {
            // Both are closed.
        } finally {
            open.remove(from);
            open.remove(to);
        }
    }

    private static void end(Socket socket) {
        try {
            socket.close();
        } catch (IOException alreadyClosed) {
            // That is what is wanted.
        }
    }
}
