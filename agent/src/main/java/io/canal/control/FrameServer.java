package io.canal.control;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers frames on a Unix socket that only root may open: one virtual thread a connection, requests of a connection one after
 * another.
 */
public final class FrameServer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(FrameServer.class);
    private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(100);

    private final Path path;
    private final UnaryOperator<String> answer;
    private final ExecutorService threads;
    private final ServerSocketChannel server;

    private FrameServer(Path path, UnaryOperator<String> answer, ExecutorService threads, ServerSocketChannel server) {
        this.path = path;
        this.answer = answer;
        this.threads = threads;
        this.server = server;
    }

    /** As {@link #listen}, with a platform thread for each request that is being answered: for answers that wait in native calls. */
    public static FrameServer listenForNativeWork(Path path, UnaryOperator<String> answer) throws IOException {
        String name = path.getFileName() + "-";
        return listen(path, answer, new ThreadPoolExecutor(0, Integer.MAX_VALUE, 10, TimeUnit.SECONDS, new SynchronousQueue<>(),
                Thread.ofPlatform().daemon().name(name, 1).factory()));
    }

    /**
     * Listens at {@code path}; a socket that a dead process left there is replaced without a gap.
     *
     * @param answer makes a reply from a request; called from many threads
     * @throws IOException where another process still answers there, or the folder cannot be written
     */
    public static FrameServer listen(Path path, UnaryOperator<String> answer) throws IOException {
        return listen(path, answer, Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name(String.valueOf(path.getFileName())).factory()));
    }

    static FrameServer listen(Path path, UnaryOperator<String> answer, ExecutorService threads) throws IOException {
        if (alive(path)) {
            throw new IOException("another process listens at " + path + "; only one agent can run on a node");
        }
        Path folder = path.toAbsolutePath().getParent();
        Files.createDirectories(folder);
        // Bound in a closed folder first: between bind and chmod nobody else may connect.
        Path closed = Files.createTempDirectory(folder, ".sock", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            Path bound = closed.resolve("s");
            server.bind(UnixDomainSocketAddress.of(bound), 512);
            Files.setPosixFilePermissions(bound, PosixFilePermissions.fromString("rw-------"));
            Files.move(bound, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException failure) {
            server.close();
            throw failure;
        } finally {
            Files.deleteIfExists(closed.resolve("s"));
            Files.deleteIfExists(closed);
        }
        FrameServer made = new FrameServer(path, answer, threads, server);
        Thread.ofPlatform().daemon().name("accept " + path.getFileName()).start(made::accept);
        return made;
    }

    /** Stops to listen, and removes the socket. Requests that are being answered get their reply. */
    @Override
    public void close() throws IOException {
        server.close();
        Files.deleteIfExists(path);
        threads.shutdown();
    }

    private static boolean alive(Path path) {
        if (!Files.exists(path)) {
            return false;
        }
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            return probe.connect(UnixDomainSocketAddress.of(path));
        } catch (IOException refused) {
            return false;
        }
    }

    private void accept() {
        while (true) {
            try {
                SocketChannel client = server.accept();
                hand(client);
            } catch (ClosedChannelException closed) {
                return;
            } catch (IOException failure) {
                log.warn("{}: a connection could not be accepted: {}", path, failure.getMessage());
                // Without a file descriptor to spare, the connection stays in the queue and the next attempt fails at once.
                LockSupport.parkNanos(PAUSE);
            }
        }
    }

    private void hand(SocketChannel client) throws IOException {
        try {
            threads.execute(() -> serve(client));
        } catch (RejectedExecutionException closing) {
            // It came in while this was closed.
            client.close();
        }
    }

    private void serve(SocketChannel client) {
        try (client) {
            while (true) {
                Optional<String> request = Frames.read(client);
                if (request.isEmpty()) {
                    return;
                }
                Frames.write(client, answer.apply(request.get()));
            }
        } catch (IOException failure) {
            log.debug("{}: {}", path, failure.getMessage());
        } catch (RuntimeException defect) {
            log.error("{}: a request could not be answered; this is a defect of canal", path, defect);
        }
    }
}
