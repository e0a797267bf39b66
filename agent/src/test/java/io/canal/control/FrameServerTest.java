package io.canal.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
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
                    assertEquals(-1, Assertions.assertTimeoutPreemptively(Duration.ofSeconds(10), () -> client.read(ByteBuffer.allocate(1))));
                }
            }
        }
    }
}
