package io.canal.store.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A CA of its own with a server's and a client's certificate, made by openssl. */
public final class TestCertificates {

    private final Path folder;
    private final String server;

    public TestCertificates(Path folder) {
        this(folder, "127.0.0.1");
    }

    /** @param server the address that the server's certificate is for */
    public TestCertificates(Path folder, String server) {
        this.folder = folder;
        this.server = server;
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
                "-subj", "/CN=test CA", "-days", "2");
        certificate("server", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256");
        certificate("client", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256");
        certificate("rsa", "-newkey", "rsa:2048");
        // The forms that keys had before PKCS#8.
        openssl("ec", "-in", "client.key", "-out", "client-sec1.key");
        openssl("rsa", "-in", "rsa.key", "-traditional", "-out", "rsa-pkcs1.key");
    }

    public Path file(String name) {
        return folder.resolve(name);
    }

    /** Puts {@code from} in the place of {@code to}, as a renewal does. */
    public void replace(String to, String from) {
        try {
            Path copy = file(to + ".new");
            Files.copy(file(from), copy, StandardCopyOption.REPLACE_EXISTING);
            Files.move(copy, file(to), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Makes two that have expired, of the CA and of the server with their names and keys: {@code expired-ca.pem}, {@code expired-server.pem}. */
    public void expire() {
        openssl("x509", "-in", "ca.pem", "-signkey", "ca.key", "-days", "-1", "-out", "expired-ca.pem");
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "expired-server.pem",
                "-days", "-1", "-extfile", "san");
    }

    private void certificate(String name, String... key) {
        List<String> request = new ArrayList<>(List.of("req", "-new", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name));
        request.addAll(List.of(key));
        openssl(request.toArray(String[]::new));
        try {
            Files.writeString(file("san"), "subjectAltName=IP:" + server + ",IP:127.0.0.1,DNS:localhost\n");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", name + ".pem",
                "-days", "2", "-extfile", "san");
    }

    private void openssl(String... arguments) {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true)
                    .redirectOutput(folder.resolve("openssl.log").toFile()).start();
            if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException(String.join(" ", command) + ": " + Files.readString(folder.resolve("openssl.log")));
            }
        } catch (IOException e) {
            throw new IllegalStateException("this test needs openssl: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
