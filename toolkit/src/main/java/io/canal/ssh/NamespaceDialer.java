package io.canal.ssh;

import io.canal.kernel.netns.NetworkNamespace;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;

/** Opens sockets inside a network namespace: a socket stays in the namespace that its thread was in. */
final class NamespaceDialer extends Dialer {

    private final NetworkNamespace namespace;

    NamespaceDialer(Path namespace) {
        this.namespace = new NetworkNamespace(namespace);
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return namespace.call(() -> super.createSocket(host, port));
    }
}
