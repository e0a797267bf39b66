package io.canal.store;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Verifies etcd's servers, and remembers on disk what it has verified, so that a restart need not do it again: Java's first use of an
 * elliptic curve takes 110 ms of processor time, a tenth of a restart.
 *
 * <p>What is remembered is a server's chain to the byte, for one host and one way of use, under the CA's certificates to the byte, as this
 * version of Java judges. That the server has the key is proved in each handshake all the same, and the times of validity are
 * looked at each time. A resumed session of TLS does less.
 */
final class VerifiedServers extends X509ExtendedTrustManager {

    private static final Logger log = LoggerFactory.getLogger(VerifiedServers.class);

    /** More than the members of one cluster, at two certificates each. */
    private static final int MOST = 16;

    private final List<X509Certificate> anchors;
    private final Optional<Path> file;
    private final String under;
    private @Nullable X509ExtendedTrustManager verifier;
    private @Nullable List<String> known;

    /**
     * @param ca the certificates of those who are trusted, in PEM
     * @param file where to remember; empty to verify each time
     */
    VerifiedServers(byte[] ca, Optional<Path> file) throws CertificateException {
        this.anchors = CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(ca)).stream().map(X509Certificate.class::cast).toList();
        if (anchors.isEmpty()) {
            throw new CertificateException("there is no certificate in it");
        }
        this.file = file;
        this.under = Runtime.version() + " " + Base64.getEncoder().encodeToString(ca);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        String server = text(chain, authType, engine);
        boolean known = file.isPresent() && known().contains(server);
        if (known && areValid(chain)) {
            return;
        }
        verifier().checkServerTrusted(chain, authType, engine);
        if (!known) {
            remember(server);
        }
    }

    /** Where one is not, the server may still be right: Java passes over what comes after a CA's certificate, as an old one of that CA. */
    private static boolean areValid(X509Certificate[] chain) {
        try {
            for (X509Certificate certificate : chain) {
                certificate.checkValidity();
            }
            return true;
        } catch (CertificateException outOfTime) {
            return false;
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) throws CertificateException {
        verifier().checkServerTrusted(chain, authType, socket);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        verifier().checkServerTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        throw noServer();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) throws CertificateException {
        throw noServer();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw noServer();
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return anchors.toArray(X509Certificate[]::new);
    }

    private static CertificateException noServer() {
        return new CertificateException("canal is a client of etcd, and has none of its own");
    }

    private static String text(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateEncodingException {
        StringBuilder text = new StringBuilder(engine.getPeerHost() + " " + engine.getSSLParameters().getEndpointIdentificationAlgorithm() + " " + authType);
        for (X509Certificate certificate : chain) {
            text.append(' ').append(Base64.getEncoder().encodeToString(certificate.getEncoded()));
        }
        return text.toString();
    }

    private synchronized X509ExtendedTrustManager verifier() throws CertificateException {
        if (verifier == null) {
            verifier = verifierOf(anchors);
        }
        return verifier;
    }

    private static X509ExtendedTrustManager verifierOf(List<X509Certificate> anchors) throws CertificateException {
        try {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            for (int i = 0; i < anchors.size(); i++) {
                store.setCertificateEntry(Integer.toString(i), anchors.get(i));
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            for (TrustManager manager : factory.getTrustManagers()) {
                if (manager instanceof X509ExtendedTrustManager extended) {
                    return extended;
                }
            }
            throw new CertificateException("this Java verifies no certificates");
        } catch (IOException | GeneralSecurityException failure) {
            throw new CertificateException(failure);
        }
    }

    private synchronized List<String> known() {
        if (known == null) {
            known = file.map(this::read).orElse(List.of());
        }
        return known;
    }

    /** What is not whole equals nothing that a server says. */
    private List<String> read(Path path) {
        try {
            List<String> lines = Files.readAllLines(path);
            return !lines.isEmpty() && lines.getFirst().equals(under) ? List.copyOf(lines.subList(1, lines.size())) : List.of();
        } catch (NoSuchFileException none) {
            return List.of();
        } catch (IOException unreadable) {
            log.warn("{} cannot be read: {}; etcd's servers are verified anew", path, unreadable.toString());
            return List.of();
        }
    }

    private synchronized void remember(String server) {
        if (file.isEmpty()) {
            return;
        }
        List<String> before = known();
        List<String> now = new ArrayList<>(before.subList(Math.max(0, before.size() - MOST + 1), before.size()));
        now.add(server);
        known = now;
        try {
            write(file.get(), Stream.concat(Stream.of(under), now.stream()).toList());
        } catch (IOException full) {
            log.warn("{} cannot be written: {}; etcd's servers are verified at the next start too", file.get(), full.toString());
        }
    }

    private static void write(Path path, List<String> lines) throws IOException {
        Path whole = Files.createTempFile(Objects.requireNonNull(path.toAbsolutePath().getParent()), "." + path.getFileName(), ".new",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            Files.write(whole, lines);
            Files.move(whole, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(whole);
        }
    }
}
