package io.canal.ssh;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a host's SSH server is and how we prove to each other who we are.
 *
 * @param name what messages call the host
 * @param address IP address or name, as the namespace that the socket is opened in sees it
 * @param port 1–65535
 * @param user the account to log in with
 * @param key private key file, without passphrase
 * @param knownHosts file of pinned host keys, in OpenSSH's format; a host that is not in it is refused
 * @param netns network namespace to open the socket in, such as {@code /run/netns/lab}; empty for our own
 */
public record Endpoint(
        String name, String address, int port, String user, Path key, Path knownHosts, Optional<Path> netns) {

    public Endpoint {
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port of host " + name + " is " + port + ", expected 1 to 65535");
        }
    }

    @Override
    public String toString() {
        return name + " (" + user + "@" + address + (port == 22 ? "" : ":" + port) + ")";
    }
}
