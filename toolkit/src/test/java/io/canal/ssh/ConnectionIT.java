package io.canal.ssh;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.controller.testing.SshServer;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a connection does over a real sshd. */
final class ConnectionIT {

    @TempDir
    static Path temp;

    private static SshServer server;

    @BeforeAll
    static void start() throws Exception {
        server = SshServer.start(temp.resolve("server"), "127.0.0.1");
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    private static Endpoint endpoint(Path key, Path knownHosts, int port) {
        return new Endpoint("h1", server.address(), port, "root", key, knownHosts, Optional.empty());
    }

    private static Endpoint good() {
        return endpoint(server.key(), server.knownHosts(), server.port());
    }

    @Test
    void a_program_has_its_own_streams_and_exit_status() throws Exception {
        try (Connection connection = Connection.open(good())) {
            Output output = connection.run(List.of("sh", "-c", "echo out; echo err >&2; exit 7"));
            assertEquals("out\n", output.stdout());
            assertEquals("err\n", output.stderr());
            assertEquals(7, output.code());
        }
    }

    @Test
    void arguments_arrive_as_they_are() throws Exception {
        try (Connection connection = Connection.open(good())) {
            String nasty = "a 'b' \"c\" $HOME `id` \\ \n * ; é";
            assertEquals(nasty, connection.run(List.of("printf", "%s", nasty)).stdout());
        }
    }

    @Test
    void a_large_upload_arrives_whole() throws Exception {
        byte[] bytes = new byte[20_000_000];
        new Random(7).nextBytes(bytes);
        Path target = temp.resolve("upload");
        try (Connection connection = Connection.open(good())) {
            Output output = connection.run(
                    List.of("sh", "-c", "cat >\"$1\"", "sh", target.toString()), new ByteArrayInputStream(bytes));
            assertEquals(0, output.code(), output.stderr());
        }
        assertArrayEquals(bytes, Files.readAllBytes(target));
    }

    @Test
    void an_unknown_host_is_refused() throws Exception {
        Path empty = Files.createFile(temp.resolve("empty_known_hosts"));
        SshException e = assertThrows(
                SshException.class, () -> Connection.open(endpoint(server.key(), empty, server.port())));
        assertTrue(e.getMessage().contains("is not in " + empty), e.getMessage());
    }

    @Test
    void another_host_key_than_the_pinned_one_is_refused() throws Exception {
        String pinned = Files.readString(server.knownHosts());
        String other = Files.readString(server.key().resolveSibling("user_key.pub"));
        Path wrong = temp.resolve("wrong_known_hosts");
        Files.writeString(wrong, pinned.substring(0, pinned.indexOf(' ')) + " " + other);
        SshException e = assertThrows(
                SshException.class, () -> Connection.open(endpoint(server.key(), wrong, server.port())));
        assertTrue(e.getMessage().contains("is another one than in"), e.getMessage());
    }

    @Test
    void a_key_that_the_host_does_not_know_is_named() {
        Path key = server.key().resolveSibling("host_key");
        SshException e = assertThrows(
                SshException.class, () -> Connection.open(endpoint(key, server.knownHosts(), server.port())));
        assertTrue(e.getMessage().contains("refuses the key " + key), e.getMessage());
    }

    @Test
    void a_host_that_is_not_there_is_named() {
        SshException e = assertThrows(
                SshException.class, () -> Connection.open(endpoint(server.key(), server.knownHosts(), 1)));
        assertTrue(e.getMessage().contains("h1 (root@127.0.0.1:1) cannot be reached"), e.getMessage());
    }
}
