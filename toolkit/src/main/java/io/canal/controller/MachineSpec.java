package io.canal.controller;

import io.canal.ssh.Endpoint;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A host that the model may use, and the way to it.
 *
 * @param id what the model calls it, such as {@code h1}
 * @param address IP address; what units publish as their own, too
 * @param key private key file, without passphrase
 * @param knownHosts file of pinned host keys
 * @param netns network namespace to open the SSH connection in; empty for our own
 */
public record MachineSpec(
        String id, String address, int port, String user, Path key, Path knownHosts, Optional<Path> netns) {

    /** The way to its SSH server. */
    public Endpoint endpoint() {
        return new Endpoint(id, address, port, user, key, knownHosts, netns);
    }
}
