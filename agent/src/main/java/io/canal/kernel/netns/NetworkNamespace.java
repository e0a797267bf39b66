package io.canal.kernel.netns;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.Fd;
import io.canal.kernel.libc.KernelException;
import io.canal.kernel.libc.Libc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A network namespace, by the path that leads to it: {@code /run/netns/NAME}, {@code /proc/PID/ns/net}, or where a container
 * runtime mounted it.
 */
public record NetworkNamespace(Path path) {

    /** Where ip(8) keeps namespaces that have names. */
    public static final Path NAMED = Path.of("/run/netns");

    /** What is done inside a namespace. */
    @FunctionalInterface
    public interface Work<T, X extends Exception> {

        T run() throws X;
    }

    /** What is done inside a namespace, without a result. */
    @FunctionalInterface
    public interface Task<X extends Exception> {

        void run() throws X;
    }

    /** The namespace that ip(8) knows by this name. */
    public static NetworkNamespace named(String name) {
        return new NetworkNamespace(NAMED.resolve(name));
    }

    /** The namespace that the calling thread is in; {@code /proc/self} would be that of the process's first thread. */
    public static NetworkNamespace current() {
        return new NetworkNamespace(Path.of("/proc/thread-self/ns/net"));
    }

    /** Makes an empty namespace with a name, as {@code ip netns add} does; its loopback is down. */
    public static NetworkNamespace create(String name) throws IOException {
        prepareFolder();
        NetworkNamespace namespace = named(name);
        Fd.open(namespace.path, Libc.O_RDONLY | Libc.O_CREAT | Libc.O_EXCL, 0).close();
        try {
            onOwnThread("netns " + name, () -> {
                check("unshare the network namespace", Libc.unshare(Libc.CLONE_NEWNET));
                check("mount " + namespace.path, Libc.mount("/proc/thread-self/ns/net", namespace.path, "none", Libc.MS_BIND));
                return true;
            });
        } catch (IOException failure) {
            Files.deleteIfExists(namespace.path);
            throw failure;
        }
        return namespace;
    }

    /** Removes the name, if it is there; the namespace itself lives as long as a process or socket is in it. */
    public void delete() throws IOException {
        int result = Libc.umount(path, Libc.MNT_DETACH);
        if (result < 0 && result != -Errno.EINVAL && result != -Errno.ENOENT) {
            throw new KernelException("umount " + path, -result);
        }
        Files.deleteIfExists(path);
    }

    public boolean exists() {
        return Files.exists(path);
    }

    /** A descriptor of the namespace, for messages that name it so; it keeps the namespace alive. */
    public Fd open() throws KernelException {
        return Fd.open(path);
    }

    /**
     * Does {@code work} inside the namespace, on a platform thread of its own, and waits for it.
     *
     * <p>Sockets that it opens stay in the namespace. It must not start threads, pools or timers, nor processes whose end Java
     * watches: they would live in the namespace too. {@code /proc/sys/net} and {@code /proc/thread-self/net} are the namespace's.
     *
     * @throws IOException if the namespace cannot be entered
     * @throws X as the work threw
     */
    public <T, X extends Exception> T call(Work<T, X> work) throws IOException, X {
        try (Fd namespace = open()) {
            return onOwnThread("in " + path, () -> {
                check("enter network namespace " + path, Libc.setns(namespace.number(), Libc.CLONE_NEWNET));
                return work.run();
            });
        }
    }

    /** As {@link #call}, without a result. */
    public <X extends Exception> void run(Task<X> task) throws IOException, X {
        this.<Boolean, X>call(() -> {
            task.run();
            return true;
        });
    }

    /**
     * As {@link #call}, but the calling platform thread goes into the namespace itself and comes back: no thread is made for it. On a
     * virtual thread, which has none of its own, it is {@link #call}.
     *
     * <p>A thread that cannot come back would go on to change the wrong namespace, so the process ends then.
     */
    public <T, X extends Exception> T visit(Work<T, X> work) throws IOException, X {
        if (Thread.currentThread().isVirtual()) {
            return call(work);
        }
        try (Fd home = current().open(); Fd namespace = open()) {
            check("enter network namespace " + path, Libc.setns(namespace.number(), Libc.CLONE_NEWNET));
            try {
                return work.run();
            } finally {
                int result = Libc.setns(home.number(), Libc.CLONE_NEWNET);
                if (result < 0) {
                    System.err.println("a thread cannot leave the network namespace " + path + ", error " + -result + "; canal's agent ends");
                    Runtime.getRuntime().halt(1);
                }
            }
        }
    }

    /** The thread is not interrupted with its caller: what is half done in a namespace would be hard to undo. */
    private static <T> T onOwnThread(String name, Work<T, Exception> work) throws IOException {
        Outcome<T> outcome = new Outcome<>(work);
        Thread thread = Thread.ofPlatform().name(name).daemon().start(outcome);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException again) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return outcome.get();
    }

    private static final class Outcome<T> implements Runnable {

        private final Work<T, Exception> work;
        @SuppressWarnings("NullAway") // set before get is called, unless the work failed
        private T value;
        private @Nullable Throwable failure;

        Outcome(Work<T, Exception> work) {
            this.work = work;
        }

        @Override
        public void run() {
            try {
                value = work.run();
            } catch (Throwable thrown) {
                failure = thrown;
            }
        }

        T get() {
            if (failure != null) {
                throw Outcome.<RuntimeException>sneaky(failure);
            }
            return value;
        }

        /** The work's own exception type is in the signature of the methods that call this. */
        @SuppressWarnings("unchecked")
        private static <E extends Throwable> E sneaky(Throwable thrown) throws E {
            throw (E) thrown;
        }
    }

    /** New mounts below the folder must be seen by all mount namespaces that have it, or a name could not be removed everywhere. */
    private static void prepareFolder() throws IOException {
        if (!Files.isDirectory(NAMED)) {
            Files.createDirectories(NAMED);
        }
        int result = Libc.mount("", NAMED, "none", Libc.MS_SHARED | Libc.MS_REC);
        if (result == -Errno.EINVAL) {
            check("mount " + NAMED, Libc.mount(NAMED.toString(), NAMED, "none", Libc.MS_BIND | Libc.MS_REC));
            result = Libc.mount("", NAMED, "none", Libc.MS_SHARED | Libc.MS_REC);
        }
        check("share " + NAMED, result);
    }

    private static void check(String what, int result) throws KernelException {
        if (result < 0) {
            throw new KernelException(what, -result);
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
