package io.canal.kernel.libc;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * A flock(2) that we hold: the kind that Go programs and flock(1) use. Java's own file locks are of another kind (fcntl) and
 * neither sees the other.
 *
 * <p>The lock belongs to this object, not to the process: two of one process exclude each other too. The kernel drops it when the
 * process ends, however it ends.
 */
public final class Flock implements AutoCloseable {

    private static final long FIRST_PAUSE = 500_000;
    private static final long LONGEST_PAUSE = 5_000_000;

    private final Fd fd;

    private Flock(Fd fd) {
        this.fd = fd;
    }

    /**
     * Takes the lock if nobody has it.
     *
     * @param path a file, which is made (0644) where it is absent, or a folder that is there
     */
    public static Optional<Flock> tryAcquire(Path path) throws KernelException {
        Fd fd = open(path);
        int result = Libc.flock(fd.number(), Libc.LOCK_EX | Libc.LOCK_NB);
        if (result == 0) {
            return Optional.of(new Flock(fd));
        }
        fd.close();
        if (result == -Errno.EAGAIN || result == -Errno.EINTR) {
            return Optional.empty();
        }
        throw new KernelException("flock " + path, -result);
    }

    /**
     * Takes the lock, waiting for it for at most {@code patience}; empty where others held it all that time.
     *
     * <p>It asks again after pauses of 0.5 to 5 ms: flock(2) has no deadline, and a native call that waits would hold the
     * carrier of a virtual thread. An interrupted thread stops waiting and stays interrupted.
     */
    public static Optional<Flock> acquire(Path path, Duration patience) throws KernelException {
        long start = System.nanoTime();
        long pause = FIRST_PAUSE;
        try (Waiting waiting = new Waiting(open(path))) {
            while (true) {
                int result = Libc.flock(waiting.fd.number(), Libc.LOCK_EX | Libc.LOCK_NB);
                if (result == 0) {
                    return Optional.of(new Flock(waiting.keep()));
                }
                if (result != -Errno.EAGAIN && result != -Errno.EINTR) {
                    throw new KernelException("flock " + path, -result);
                }
                long left = patience.toNanos() - (System.nanoTime() - start);
                if (left <= 0 || Thread.currentThread().isInterrupted()) {
                    return Optional.empty();
                }
                LockSupport.parkNanos(Math.min(pause, left));
                pause = Math.min(pause * 2, LONGEST_PAUSE);
            }
        }
    }

    @Override
    public void close() {
        fd.close();
    }

    private static Fd open(Path path) throws KernelException {
        return Files.isDirectory(path) ? Fd.open(path) : Fd.open(path, Libc.O_RDWR | Libc.O_CREAT, 0644);
    }

    /** Closes the descriptor of a lock that we did not get. */
    private static final class Waiting implements AutoCloseable {

        private final Fd fd;
        private boolean kept;

        Waiting(Fd fd) {
            this.fd = fd;
        }

        Fd keep() {
            kept = true;
            return fd;
        }

        @Override
        public void close() {
            if (!kept) {
                fd.close();
            }
        }
    }
}
