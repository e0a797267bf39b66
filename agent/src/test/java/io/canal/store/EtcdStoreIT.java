package io.canal.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.reconcile.Clock;
import io.canal.store.testing.TestEtcd;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The contract on real etcd members, killed and started as the tests want it. */
@Tag("long")
class EtcdStoreIT {

    abstract static class OnRealEtcd extends StoreContract {

        final TestEtcd etcd;

        OnRealEtcd(TestEtcd etcd) {
            this.etcd = etcd;
        }

        @AfterAll
        void stop() {
            etcd.close();
        }

        @Override
        Store open() {
            return etcd.store();
        }

        @Override
        void cut() {
            etcd.killAll();
        }

        @Override
        void mend() {
            etcd.startAll();
        }

        @Override
        void compact() {
            etcd.compact();
        }

        @Override
        void replace() {
            etcd.replace();
        }
    }

    @Nested
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    class Plain extends OnRealEtcd {

        Plain() {
            super(TestEtcd.plain());
        }

        @Test
        void a_long_listing_is_fetched_in_parts_of_one_revision() throws StoreException {
            try (Store store = open()) {
                for (int from = 0; from < 11_000; from += 100) {
                    Txn txn = Txn.when();
                    for (int i = from; i < from + 100; i++) {
                        txn = txn.put("/long/%05d".formatted(i), "v", 0);
                    }
                    store.commit(txn);
                }
                Store.Listing listing = store.list("/long/");
                assertEquals(11_000, listing.entries().size());
                assertEquals("/long/10999", listing.entries().getLast().key());
            }
        }

        @Test
        void a_feed_whose_watch_tells_all_lists_once_however_much_is_written_unless_its_listener_wants_it_again() throws Exception {
            EtcdSettings plain = etcd.settings();
            EtcdSettings often = new EtcdSettings(plain.endpoints(), plain.tls(), plain.deadline(), plain.rebuildAfter(), Duration.ofMillis(200));
            try (Store store = new EtcdStore(often, Clock.system())) {
                store.commit(Txn.when().put("/quiet/a", "1", 0).put("/quiet/b", "1", 0));
                RecordingListener listener = new RecordingListener();
                store.feed("/quiet/", listener);
                listener.await(() -> listener.listings() == 1);
                Thread.sleep(1_500);
                assertEquals(1, listener.listings());
                store.commit(Txn.when().delete("/quiet/b"));
                for (int i = 0; i < 60; i++) {
                    store.commit(Txn.when().put("/quiet/" + i % 7, "" + i, 0).put("/elsewhere", "" + i, 0));
                    store.commit(Txn.when().delete("/quiet/" + (i + 3) % 7));
                    Thread.sleep(25);
                }
                listener.awaitRows(rows -> "59".equals(rows.get("/quiet/3")));
                Thread.sleep(500);
                assertEquals(1, listener.listings());
                listener.wantsListing = true;
                listener.await(() -> listener.listings() > 1);
                assertEquals(0, listener.losses());
            }
        }

        @Test
        void a_feed_without_news_costs_etcd_no_reading() throws Exception {
            try (Store store = new EtcdStore(etcd.settings().probingAfter(Duration.ofMillis(100)), Clock.system())) {
                RecordingListener listener = new RecordingListener();
                store.feed("/silent/", listener);
                listener.await(() -> listener.listings() == 1);
                long before = ranges();
                Thread.sleep(1_000);
                assertEquals(0, ranges() - before);
                store.list("/silent/");
                assertEquals(1, ranges() - before);
                assertEquals(0, listener.losses());
                store.commit(Txn.when().put("/silent/a", "1", 0));
                listener.awaitRows(rows -> rows.containsKey("/silent/a"));
            }
        }

        /** How many times etcd was asked for keys. */
        private long ranges() throws Exception {
            try (InputStream metrics = URI.create(etcd.endpoints().getFirst() + "/metrics").toURL().openStream()) {
                return new String(metrics.readAllBytes(), StandardCharsets.UTF_8).lines().filter(line -> line.startsWith("etcd_mvcc_range_total "))
                        .mapToLong(line -> (long) Double.parseDouble(line.substring(line.indexOf(' ')))).sum();
            }
        }

        @Test
        void a_client_is_there_again_soon_after_a_long_outage() throws Exception {
            try (Store store = open()) {
                store.get("a");
                etcd.killAll();
                long downUntil = System.nanoTime() + Duration.ofSeconds(12).toNanos();
                while (System.nanoTime() < downUntil) {
                    assertThrows(StoreException.class, () -> store.get("a"));
                    Thread.sleep(250);
                }
                etcd.startAll();
                long back = System.nanoTime();
                while (true) {
                    try {
                        store.get("a");
                        break;
                    } catch (StoreException notYet) {
                        assertTrue(System.nanoTime() - back < Duration.ofSeconds(6).toNanos(), notYet.getMessage());
                        Thread.sleep(100);
                    }
                }
            }
        }
    }

    @Nested
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    class WithTls extends OnRealEtcd {

        WithTls() {
            super(TestEtcd.tls());
        }

        @Test
        void keys_of_every_form_are_understood() throws StoreException {
            for (String[] pair : new String[][] {{"client.pem", "client-sec1.key"}, {"rsa.pem", "rsa.key"}, {"rsa.pem", "rsa-pkcs1.key"}}) {
                try (Store store = with("ca.pem", pair[0], pair[1])) {
                    store.get("a");
                }
            }
        }

        @Test
        void a_certificate_of_another_ca_is_named_as_the_reason() {
            try (Store store = with("client.pem", "client.pem", "client.key")) {
                StoreException failure = assertThrows(StoreException.class, () -> store.get("a"));
                assertTrue(failure.getMessage().contains("certification path") || failure.getMessage().contains("certificate"), failure.getMessage());
            }
        }

        @Test
        void a_missing_file_is_named() {
            try (Store store = with("ca.pem", "nosuch.pem", "client.key")) {
                StoreException failure = assertThrows(StoreException.class, () -> store.get("a"));
                assertEquals("the client certificate for etcd, " + etcd.certificates().file("nosuch.pem") + ", is not there", failure.getMessage());
                assertEquals(StoreException.Kind.REFUSED, failure.kind());
            }
        }

        @Test
        void renewed_files_are_taken_up() throws Exception {
            etcd.certificates().replace("now.pem", "client.pem");
            etcd.certificates().replace("now.key", "rsa.key");
            try (Store store = with("ca.pem", "now.pem", "now.key")) {
                assertThrows(StoreException.class, () -> store.get("a"));
                etcd.certificates().replace("now.pem", "rsa.pem");
                Thread.sleep(1100);
                store.get("a");
                etcd.certificates().replace("now.pem", "client.pem");
                etcd.certificates().replace("now.key", "client-sec1.key");
                Thread.sleep(1100);
                store.get("a");
            }
        }

        @Test
        void a_server_that_was_verified_is_known_again_and_no_other_is(@TempDir Path folder) throws Exception {
            Path file = folder.resolve("etcd-servers");
            try (Store store = new EtcdStore(etcd.settings().remembering(file), Clock.system())) {
                store.get("a");
            }
            assertEquals(PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(file));
            String[] server = Files.readAllLines(file).get(1).split(" ");
            byte[] ca = Files.readAllBytes(etcd.certificates().file("ca.pem"));
            // Without a handshake Java verifies nothing: what passes was remembered.
            known(new VerifiedServers(ca, Optional.of(file)), server[0], server[2], "server.pem");
            unknown(new VerifiedServers(ca, Optional.of(file)), server[0], server[2], "client.pem");
            unknown(new VerifiedServers(ca, Optional.of(file)), "10.10.0.9", server[2], "server.pem");
            unknown(new VerifiedServers(ca, Optional.empty()), server[0], server[2], "server.pem");
            unknown(new VerifiedServers(Files.readAllBytes(etcd.certificates().file("client.pem")), Optional.of(file)), server[0], server[2], "server.pem");
            List<String> lines = Files.readAllLines(file);
            Files.writeString(file, lines.getFirst() + "\n" + lines.get(1).substring(0, lines.get(1).length() - 40));
            unknown(new VerifiedServers(ca, Optional.of(file)), server[0], server[2], "server.pem");
            try (Store store = new EtcdStore(etcd.settings().remembering(file), Clock.system())) {
                store.get("a");
            }
            known(new VerifiedServers(ca, Optional.of(file)), server[0], server[2], "server.pem");
        }

        private void known(VerifiedServers servers, String host, String authType, String certificate) throws Exception {
            servers.checkServerTrusted(chain(certificate), authType, engine(host));
        }

        private void unknown(VerifiedServers servers, String host, String authType, String certificate) {
            assertThrows(CertificateException.class, () -> servers.checkServerTrusted(chain(certificate), authType, engine(host)));
        }

        private X509Certificate[] chain(String certificate) throws Exception {
            try (InputStream in = Files.newInputStream(etcd.certificates().file(certificate))) {
                return new X509Certificate[] {(X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in)};
            }
        }

        private static SSLEngine engine(String host) throws Exception {
            SSLEngine engine = SSLContext.getDefault().createSSLEngine(host, 2379);
            SSLParameters parameters = engine.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            engine.setSSLParameters(parameters);
            return engine;
        }

        private Store with(String ca, String cert, String key) {
            TlsFiles files = new TlsFiles(etcd.certificates().file(ca), etcd.certificates().file(cert), etcd.certificates().file(key));
            return new EtcdStore(new EtcdSettings(etcd.endpoints(), () -> Optional.of(files)), Clock.system());
        }
    }

    @Nested
    class OfThree {

        @Test
        void one_dead_member_is_hardly_noticed() throws Exception {
            try (TestEtcd etcd = TestEtcd.cluster(3); Store store = etcd.store()) {
                RecordingListener listener = new RecordingListener();
                long revision = store.commit(Txn.when().absent("/k").put("/k", "0", 0)).revision();
                try (Feed feed = store.feed("/k", listener)) {
                    listener.await(() -> listener.listings() == 1);
                    etcd.kill(0);
                    int done = 0;
                    for (int i = 0; i < 300 && done < 20; i++) {
                        try {
                            Store.Entry entry = store.get("/k").orElseThrow();
                            Txn.Result result = store.commit(Txn.when().unchanged("/k", entry.modRevision()).put("/k", "" + (done + 1), 0));
                            done += result.done() ? 1 : 0;
                        } catch (StoreException electing) {
                            Thread.sleep(100);
                        }
                    }
                    assertEquals(20, done);
                    listener.awaitRows(rows -> "20".equals(rows.get("/k")));
                    assertTrue(store.get("/k").orElseThrow().modRevision() > revision);
                }
            }
        }

        @Test
        void without_a_quorum_calls_fail_and_feeds_come_back_later() throws Exception {
            try (TestEtcd etcd = TestEtcd.cluster(3); Store store = etcd.store()) {
                RecordingListener listener = new RecordingListener();
                try (Feed feed = store.feed("/k", listener)) {
                    listener.await(() -> listener.listings() == 1);
                    etcd.kill(0);
                    etcd.kill(1);
                    listener.await(() -> listener.losses() >= 1);
                    assertThrows(StoreException.class, () -> store.get("/k"));
                    etcd.startAll();
                    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
                    boolean done = false;
                    while (!done && System.nanoTime() < deadline) {
                        try {
                            store.commit(Txn.when().absent("/k").put("/k", "1", 0));
                            done = true;
                        } catch (StoreException notYet) {
                            Thread.sleep(100);
                        }
                    }
                    listener.awaitRows(rows -> "1".equals(rows.get("/k")));
                }
            }
        }
    }
}
