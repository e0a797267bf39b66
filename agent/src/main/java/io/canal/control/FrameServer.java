package io.canal.control;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers frames on a Unix socket that only root may open: one virtual thread a connection, requests of a connection one after
 * another.
 */
public final class FrameServer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(FrameServer.class);
    private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(100);

    private static final FileAttribute<Set<PosixFilePermission>> CLOSED = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private final Path path;
    private final UnaryOperator<String> answer;
    private final ExecutorService threads;
    // All are guarded by this.
    private Bound bound;
    private boolean closed;

    /** What listens, and by which device and inode its socket is known. */
    private record Bound(ServerSocketChannel server, @Nullable Object identity) {}

    private FrameServer(Path path, UnaryOperator<String> answer, ExecutorService threads, Bound bound) {
        this.path = path;
        this.answer = answer;
        this.threads = threads;
        this.bound = bound;
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
        FrameServer made = new FrameServer(path, answer, threads, bind(path));
        made.begin(made.bound.server());
        return made;
    }

    private static Bound bind(Path path) throws IOException {
        if (alive(path)) {
            throw new IOException("another process listens at " + path + "; only one agent can run on a node");
        }
        Path folder = path.toAbsolutePath().getParent();
        Files.createDirectories(folder, CLOSED);
        // Bound in a closed folder first: between bind and chmod nobody else may connect.
        Path closed = Files.createTempDirectory(folder, ".sock", CLOSED);
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            Path socket = closed.resolve("s");
            server.bind(UnixDomainSocketAddress.of(socket), 512);
            Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
            Bound bound = new Bound(server, identity(socket));
            Files.move(socket, path, StandardCopyOption.ATOMIC_MOVE);
            return bound;
        } catch (IOException | RuntimeException failure) {
            server.close();
            throw failure;
        } finally {
            Files.deleteIfExists(closed.resolve("s"));
            Files.deleteIfExists(closed);
        }
    }

    private void begin(ServerSocketChannel server) {
        Thread.ofPlatform().daemon().name("accept " + path.getFileName()).start(() -> accept(server));
    }

    /** Where it listens. */
    public Path path() {
        return path;
    }

    /** Whether who opens its path comes to it: somebody may have removed the socket, or the folder. Cheap. */
    public synchronized boolean isReachable() {
        return closed || Objects.equals(identity(path), bound.identity());
    }

    /**
     * Listens anew where it cannot be reached; what is being answered gets its reply.
     *
     * @return whether that was so
     * @throws IOException as of {@link #listen}
     */
    public synchronized boolean restore() throws IOException {
        if (isReachable()) {
            return false;
        }
        Bound before = bound;
        bound = bind(path);
        begin(bound.server());
        before.server().close();
        return true;
    }

    private static @Nullable Object identity(Path path) {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
        } catch (IOException absent) {
            return null;
        }
    }

    /** Stops to listen, and removes the socket. Requests that are being answered get their reply. */
    @Override
    public synchronized void close() throws IOException {
        closed = true;
        bound.server().close();
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

    private void accept(ServerSocketChannel server) {
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
