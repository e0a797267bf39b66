package io.canal.ssh;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;

/** Opens sockets inside a network namespace: a socket stays in the namespace that its thread was in. */
final class NamespaceDialer extends Dialer {

    private final Path namespace;

    NamespaceDialer(Path namespace) {
        this.namespace = namespace;
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        throw new IOException("namespace " + namespace + " cannot be entered");
    }
}
