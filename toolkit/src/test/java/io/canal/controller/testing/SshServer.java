package io.canal.controller.testing;

import io.canal.kernel.testing.FreePort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * An sshd on a loopback address, with keys of its own. It runs in a mount namespace where /var/lib/juju, /run/lock and
 * root's home are folders of the test, so that hooks find the paths that they know and nothing of the machine is touched or met. Needs root and
 * the package openssh-server.
 */
public final class SshServer implements AutoCloseable {

    private static final String START = "set -eu; mkdir -p /var/lib/juju /run/sshd; "
            + "mount --bind \"$1/juju\" /var/lib/juju; mount --bind \"$1/lock\" /run/lock; "
            + "mount --bind \"$1/home\" /root; "
            + "mount --bind \"$1/boot_id\" /proc/sys/kernel/random/boot_id; "
            + "exec /usr/sbin/sshd -D -e -f \"$1/sshd_config\"";

    private final Path folder;
    private final String address;
    private final int port;
    private final Process process;

    private SshServer(Path folder, String address, int port, Process process) {
        this.folder = folder;
        this.address = address;
        this.port = port;
        this.process = process;
    }

    /** Starts a server on an address of 127.0.0.0/8, whose files lie in the folder. */
    public static SshServer start(Path folder, String address) throws IOException, InterruptedException {
        Files.createDirectories(folder.resolve("juju"));
        Files.createDirectories(folder.resolve("lock"));
        Files.createDirectories(folder.resolve("home"));
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        Files.writeString(folder.resolve("boot_id"), UUID.randomUUID() + "\n");
        keygen(folder.resolve("host_key"));
        keygen(folder.resolve("user_key"));
        Files.copy(folder.resolve("user_key.pub"), folder.resolve("authorized_keys"), StandardCopyOption.REPLACE_EXISTING);
        int port = FreePort.at(InetAddress.getByName(address));
        String hostKey = Files.readString(folder.resolve("host_key.pub")).strip();
        Files.writeString(folder.resolve("known_hosts"), "[" + address + "]:" + port + " " + hostKey + "\n");
        Files.writeString(folder.resolve("sshd_config"), """
                ListenAddress %s:%d
                HostKey %s/host_key
                AuthorizedKeysFile %s/authorized_keys
                StrictModes no
                UsePAM no
                PidFile none
                PermitRootLogin prohibit-password
                LogLevel ERROR
                """.formatted(address, port, folder, folder));
        Process process = new ProcessBuilder(
                        "unshare", "--mount", "--propagation", "private", "sh", "-c", START, "sh", folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("sshd.log").toFile())
                .start();
        SshServer server = new SshServer(folder, address, port, process);
        server.awaitReady();
        return server;
    }

    private static void keygen(Path file) throws IOException, InterruptedException {
        Process keygen = new ProcessBuilder("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file.toString())
                .inheritIO()
                .start();
        if (keygen.waitFor() != 0) {
            throw new IOException("ssh-keygen made no key " + file);
        }
    }

    private void awaitReady() throws IOException, InterruptedException {
        for (int i = 0; i < 3_000; i++) {
            if (!process.isAlive()) {
                throw new IOException("sshd did not start: " + Files.readString(folder.resolve("sshd.log")));
            }
            try (Socket socket = new Socket(address, port)) {
                if (socket.isConnected()) {
                    return;
                }
            } catch (IOException e) {
                Thread.sleep(20);
            }
        }
        throw new IOException("sshd does not listen on " + address + ":" + port);
    }

    public String address() {
        return address;
    }

    public int port() {
        return port;
    }

    public Path key() {
        return folder.resolve("user_key");
    }

    public Path knownHosts() {
        return folder.resolve("known_hosts");
    }

    /** What hooks see as /var/lib/juju. */
    public Path juju() {
        return folder.resolve("juju");
    }

    /** The server's process id, which its sessions descend from. */
    public long pid() {
        return process.pid();
    }

    /** Ends every connection at once, as a cut network or a killed sshd would, and keeps listening. */
    public void cutConnections() {
        process.descendants().filter(child -> child.info().command().orElse("").contains("sshd")).forEach(ProcessHandle::destroyForcibly);
    }

    /** Ends every connection, and lets the next ones find another boot id. */
    public void reboot() throws IOException {
        cutConnections();
        Files.writeString(folder.resolve("boot_id"), UUID.randomUUID() + "\n");
    }

    @Override
    public void close() throws InterruptedException {
        List<ProcessHandle> all = process.descendants().toList();
        process.destroy();
        all.forEach(ProcessHandle::destroy);
        if (!process.waitFor(5, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }
}
