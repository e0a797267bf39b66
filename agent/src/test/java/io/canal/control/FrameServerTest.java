package io.canal.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FrameServerTest {

    @Test
    void who_comes_in_while_it_ends_is_sent_away(@TempDir Path folder) throws Exception {
        ExecutorService ended = Executors.newVirtualThreadPerTaskExecutor();
        ended.shutdown();
        Path socket = folder.resolve("x.sock");
        try (FrameServer _ = FrameServer.listen(socket, UnaryOperator.identity(), ended)) {
            for (int i = 0; i < 2; i++) {
                try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                    client.connect(UnixDomainSocketAddress.of(socket));
                    assertEquals(-1, Assertions.assertTimeoutPreemptively(Duration.ofSeconds(60), () -> client.read(ByteBuffer.allocate(1))));
                }
            }
        }
    }

    @Test
    void it_is_reached_again_after_somebody_removed_its_folder(@TempDir Path root) throws Exception {
        Path folder = root.resolve("canal");
        Path socket = folder.resolve("x.sock");
        try (FrameServer server = FrameServer.listen(socket, request -> request + "!")) {
            assertTrue(server.isReachable());
            Files.delete(socket);
            Files.delete(folder);
            assertFalse(server.isReachable());
            assertTrue(server.restore());
            assertFalse(server.restore());
            assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
            assertEquals("hello!", ask(socket, "hello"));
        }
        assertFalse(Files.exists(socket));
    }

    @Test
    void what_is_being_answered_while_it_listens_anew_gets_its_reply(@TempDir Path folder) throws Exception {
        Path socket = folder.resolve("x.sock");
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch restored = new CountDownLatch(1);
        UnaryOperator<String> slow = request -> {
            asked.countDown();
            try {
                restored.await();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            return request;
        };
        try (FrameServer server = FrameServer.listen(socket, slow); SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            client.connect(UnixDomainSocketAddress.of(socket));
            Frames.write(client, "slow");
            asked.await();
            Files.delete(socket);
            server.restore();
            restored.countDown();
            assertEquals(Optional.of("slow"), Frames.read(client));
        }
    }

    @Test
    void nothing_is_made_again_after_its_end(@TempDir Path folder) throws Exception {
        Path socket = folder.resolve("x.sock");
        FrameServer server = FrameServer.listen(socket, UnaryOperator.identity());
        server.close();
        assertFalse(server.restore());
        assertFalse(Files.exists(socket));
    }

    private static String ask(Path socket, String request) throws IOException {
        try (SocketChannel client = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            client.connect(UnixDomainSocketAddress.of(socket));
            Frames.write(client, request);
            return Frames.read(client).orElseThrow();
        }
    }
}
