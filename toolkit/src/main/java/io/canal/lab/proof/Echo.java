package io.canal.lab.proof;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;

/** A TCP server in a pod that sends back what it gets. */
final class Echo implements AutoCloseable {

    private final ServerSocket server;

    Echo(Path netns, String address) throws IOException {
        this.server = PodSocket.listen(netns, address);
        Thread.ofVirtual().start(this::serve);
    }

    int port() {
        return server.getLocalPort();
    }

    private void serve() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                Thread.ofVirtual().start(() -> answer(client));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private static void answer(Socket client) {
        try (client) {
            client.getInputStream().transferTo(client.getOutputStream());
        } catch (IOException gone) {
            // The other end sees that its answer is missing.
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
