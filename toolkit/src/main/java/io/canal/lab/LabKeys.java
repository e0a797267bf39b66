package io.canal.lab;

import com.jcraft.jsch.JSch;
import com.jcraft.jsch.JSchException;
import com.jcraft.jsch.KeyPair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The SSH keys of one lab: the one that logs in, and the one by which its hosts are known.
 *
 * @param folder where they are
 */
public record LabKeys(Path folder) {

    /** The most hosts that a lab has. */
    static final int MOST_HOSTS = 64;

    private static final int P256 = 256;

    /** The private key that logs in as root. */
    public Path identity() {
        return folder.resolve("id");
    }

    /** The hosts' keys, in OpenSSH's form. */
    public Path knownHosts() {
        return folder.resolve("known_hosts");
    }

    /** Makes the keys where there are none. */
    void ensure() {
        if (Files.exists(knownHosts())) {
            return;
        }
        Folders.makePrivate(folder);
        try {
            generate("id");
            generate("host");
            String hostKey = Files.readString(folder.resolve("host.pub")).strip();
            String lines = IntStream.rangeClosed(1, MOST_HOSTS).mapToObj(n -> "10.10.0." + n + ",h" + n + " " + hostKey + "\n")
                    .collect(Collectors.joining());
            Files.writeString(knownHosts(), lines);
        } catch (IOException | JSchException refused) {
            throw new LabException("The SSH keys of the lab cannot be made in " + folder + ": " + refused.getMessage(), refused);
        }
    }

    /** Lets the lab's key in, and gives the host its own. */
    void installOn(Path root) throws IOException {
        Path ssh = Folders.makePrivate(root.resolve("root/.ssh"));
        Files.copy(folder.resolve("id.pub"), ssh.resolve("authorized_keys"), StandardCopyOption.REPLACE_EXISTING);
        Path hostKey = root.resolve("etc/ssh/ssh_host_ecdsa_key");
        Files.copy(folder.resolve("host"), hostKey, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
        String hosts = IntStream.rangeClosed(1, MOST_HOSTS).mapToObj(n -> "10.10.0." + n + " h" + n + "\n").collect(Collectors.joining());
        Files.writeString(root.resolve("etc/hosts"), "127.0.0.1 localhost\n" + hosts);
    }

    private void generate(String name) throws IOException, JSchException {
        KeyPair pair = KeyPair.genKeyPair(new JSch(), KeyPair.ECDSA, P256);
        Path key = folder.resolve(name);
        pair.writePrivateKey(key.toString());
        pair.writePublicKey(folder.resolve(name + ".pub").toString(), "canal lab");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        pair.dispose();
    }
}
