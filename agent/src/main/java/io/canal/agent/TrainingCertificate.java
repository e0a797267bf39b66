package io.canal.agent;

import io.canal.store.TlsFiles;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;

/** A certificate that lives as long as a training, made by the runtime's own keytool. */
final class TrainingCertificate {

    private static final String PASSWORD = "training";
    private static final String ALIAS = "etcd";

    private TrainingCertificate() {}

    /** Makes a key and a self-signed certificate for 127.0.0.1 in {@code folder}; it is its own CA. */
    static TlsFiles make(Path folder) throws IOException {
        Path store = folder.resolve("training.p12");
        Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-alias", ALIAS,
                "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=training", "-ext", "san=ip:127.0.0.1", "-ext", "bc=ca:true", "-validity", "2",
                "-storetype", "PKCS12", "-keystore", store.toString(), "-storepass", PASSWORD)
                .redirectErrorStream(true).redirectOutput(Redirect.to(folder.resolve("keytool.log").toFile())).start();
        try {
            if (keytool.waitFor() != 0) {
                throw new IOException("keytool failed: " + Files.readString(folder.resolve("keytool.log")));
            }
            return export(store, folder);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        } catch (GeneralSecurityException failure) {
            throw new IOException("the training's certificate cannot be read", failure);
        }
    }

    private static TlsFiles export(Path store, Path folder) throws IOException, GeneralSecurityException {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        TlsFiles files = new TlsFiles(folder.resolve("ca.pem"), folder.resolve("cert.pem"), folder.resolve("key.pem"));
        String certificate = pem("CERTIFICATE", keys.getCertificate(ALIAS).getEncoded());
        Files.writeString(files.ca(), certificate);
        Files.writeString(files.cert(), certificate);
        Files.writeString(files.key(), pem("PRIVATE KEY", keys.getKey(ALIAS, PASSWORD.toCharArray()).getEncoded()));
        return files;
    }

    private static String pem(String kind, byte[] bytes) {
        return "-----BEGIN " + kind + "-----\n" + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes) + "\n-----END " + kind + "-----\n";
    }
}
