package io.canal.store;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.canal.store.testing.TestCertificates;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is remembered of servers, when certificates expire. */
class VerifiedServersTest {

    private static final char[] PASSWORD = {};

    private static TestCertificates certificates;

    @TempDir
    private Path folder;

    @BeforeAll
    static void makeCertificates(@TempDir Path keys) {
        certificates = new TestCertificates(keys);
        certificates.expire();
    }

    /** A CA that was renewed with its key, which servers still send as it was before. */
    @Test
    void an_expired_certificate_that_does_not_count_does_not_keep_a_known_server_out() {
        for (int connection = 0; connection < 3; connection++) {
            assertDoesNotThrow(() -> handshake("server.pem", "expired-ca.pem"));
        }
        assertEquals(2, assertDoesNotThrow(() -> Files.readAllLines(file())).size(), "one server, under one CA");
    }

    @Test
    void a_server_whose_certificate_has_expired_is_not_known_any_more() throws Exception {
        handshake("server.pem", "ca.pem");
        String remembered = Files.readString(file());
        String later = remembered.replace(text("server.pem"), text("expired-server.pem"));
        assertNotEquals(remembered, later);
        Files.writeString(file(), later);
        SSLException refused = assertThrows(SSLException.class, () -> handshake("expired-server.pem", "ca.pem"));
        Throwable cause = refused;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        assertEquals(CertificateExpiredException.class, cause.getClass(), refused::toString);
    }

    private Path file() {
        return folder.resolve("etcd-servers");
    }

    private static String text(String certificate) throws Exception {
        return Base64.getEncoder().encodeToString(certificate(certificate).getEncoded());
    }

    private static X509Certificate certificate(String name) throws Exception {
        try (InputStream in = Files.newInputStream(certificates.file(name))) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    /** As at a start: what is known is read from the file. */
    private void handshake(String certificate, String above) throws Exception {
        SSLContext client = SSLContext.getInstance("TLS");
        client.init(null, new TrustManager[] {new VerifiedServers(Files.readAllBytes(certificates.file("ca.pem")), Optional.of(file()))}, null);
        SSLContext server = SSLContext.getInstance("TLS");
        server.init(keys(certificate(certificate), certificate(above)), null, null);
        SSLEngine here = client.createSSLEngine("localhost", 2379);
        here.setUseClientMode(true);
        SSLParameters parameters = here.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        here.setSSLParameters(parameters);
        SSLEngine there = server.createSSLEngine();
        there.setUseClientMode(false);
        ByteBuffer toServer = ByteBuffer.allocate(1 << 16);
        ByteBuffer toClient = ByteBuffer.allocate(1 << 16);
        here.beginHandshake();
        there.beginHandshake();
        while (isShaking(here) || isShaking(there)) {
            step(here, toServer, toClient);
            step(there, toClient, toServer);
        }
    }

    private static boolean isShaking(SSLEngine engine) {
        return engine.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING;
    }

    private static void step(SSLEngine engine, ByteBuffer out, ByteBuffer in) throws SSLException {
        switch (engine.getHandshakeStatus()) {
            case NEED_WRAP -> engine.wrap(ByteBuffer.allocate(0), out);
            case NEED_TASK -> engine.getDelegatedTask().run();
            case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                in.flip();
                engine.unwrap(in, ByteBuffer.allocate(1 << 16));
                in.compact();
            }
            case NOT_HANDSHAKING, FINISHED -> {
            }
        }
    }

    private static KeyManager[] keys(X509Certificate... chain) throws Exception {
        PrivateKey key = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(PrivateKeys.pkcs8(Files.readString(certificates.file("server.key")))));
        KeyStore own = KeyStore.getInstance(KeyStore.getDefaultType());
        own.load(null, null);
        own.setKeyEntry("server", key, PASSWORD, chain);
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(own, PASSWORD);
        return factory.getKeyManagers();
    }
}
