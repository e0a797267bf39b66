package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.canal.control.FrameServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketsTest {

    private final List<String> journal = new ArrayList<>();
    private final AtomicInteger changes = new AtomicInteger();
    private final Sockets sockets = new Sockets(journal::add, changes::incrementAndGet);

    @Test
    void a_socket_that_was_removed_makes_the_node_not_ready_until_it_is_there_again(@TempDir Path folder) throws Exception {
        Path socket = folder.resolve("cni.sock");
        try (FrameServer _ = sockets.kept(FrameServer.listen(socket, UnaryOperator.identity()))) {
            sockets.check();
            assertEquals(0, changes.get());
            assertEquals(List.of(), sockets.problems());
            Files.delete(socket);
            assertEquals(List.of("Nobody reaches the agent by " + socket + ", which somebody has removed: it is made again in a moment."), sockets.problems());
            sockets.check();
            assertEquals(List.of(), sockets.problems());
            assertEquals(List.of("put back " + socket + ": somebody had removed it"), journal);
            sockets.check();
            assertEquals(1, changes.get());
        }
    }

    @Test
    void one_that_cannot_be_made_again_is_told_with_the_reason(@TempDir Path root) throws Exception {
        Path folder = root.resolve("canal");
        Path socket = folder.resolve("cni.sock");
        try (FrameServer _ = sockets.kept(FrameServer.listen(socket, UnaryOperator.identity()))) {
            Files.delete(socket);
            Files.delete(folder);
            Files.createFile(folder);
            sockets.check();
            assertEquals(List.of("Nobody reaches the agent by " + socket + ", which somebody has removed: it cannot be made again, " + folder
                    + ": it is there already."), sockets.problems());
            Files.delete(folder);
            sockets.check();
            assertEquals(List.of(), sockets.problems());
        }
    }
}
