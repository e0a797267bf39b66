package io.canal.agent;

import io.canal.store.TlsFiles;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** Certificates that live as long as a training, made by the runtime's own keytool. */
final class TrainingCertificate {

    private static final String PASSWORD = "training";
    private static final String CA = "ca";
    private static final String ALIAS = "etcd";

    private TrainingCertificate() {}

    /** Makes a CA in {@code folder}, and a key and certificate for 127.0.0.1 that server and client share. */
    static TlsFiles make(Path folder) throws IOException {
        Path store = folder.resolve("training.p12");
        try {
            keytool(folder, store, CA, "CN=training CA", "bc=ca:true");
            keytool(folder, store, ALIAS, "CN=training", "san=ip:127.0.0.1", "-ext", "eku=serverAuth,clientAuth", "-signer", CA);
            return export(store, folder);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        } catch (GeneralSecurityException failure) {
            throw new IOException("the training's certificate cannot be read", failure);
        }
    }

    private static void keytool(Path folder, Path store, String alias, String name, String... extensions) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair",
                "-alias", alias, "-keyalg", "EC", "-groupname", "secp256r1", "-dname", name, "-validity", "2", "-storetype", "PKCS12",
                "-keystore", store.toString(), "-storepass", PASSWORD, "-ext"));
        command.addAll(List.of(extensions));
        Path log = folder.resolve("keytool.log");
        if (new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(Redirect.to(log.toFile())).start().waitFor() != 0) {
            throw new IOException("keytool failed: " + Files.readString(log));
        }
    }

    /** The files that {@link #make} writes. */
    static TlsFiles files(Path folder) {
        return new TlsFiles(folder.resolve("ca.pem"), folder.resolve("cert.pem"), folder.resolve("key.pem"));
    }

    private static TlsFiles export(Path store, Path folder) throws IOException, GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        TlsFiles files = files(folder);
        Files.writeString(files.ca(), pem("CERTIFICATE", keys.getCertificate(CA).getEncoded()));
        Files.writeString(files.cert(), pem("CERTIFICATE", keys.getCertificate(ALIAS).getEncoded()));
        Files.writeString(files.key(), pem("PRIVATE KEY", keys.getKey(ALIAS, PASSWORD.toCharArray()).getEncoded()));
        return files;
    }

    private static String pem(String kind, byte[] bytes) {
        return "-----BEGIN " + kind + "-----\n" + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes) + "\n-----END " + kind + "-----\n";
    }
}
