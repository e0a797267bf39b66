package io.canal.kernel.netlink;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.KernelException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Listens to multicast groups of a netlink protocol, on a platform thread of its own.
 *
 * <p>The groups are joined when {@link #open} returns: what happens later is told. Notifications that are waiting together are
 * told in one call.
 */
public final class NetlinkMonitor implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(NetlinkMonitor.class);
    private static final int LARGEST_BURST = 4096;

    private static final long REOPEN_PAUSE_MILLIS = 1000;

    private final int protocol;
    private final List<Integer> groups;
    private final int bytes;
    private final Listener listener;
    private final Thread thread;
    // Both are guarded by the monitor itself.
    private NetlinkSocket socket;
    private boolean closed;

    /** Hears of notifications, on the monitor's thread. */
    public interface Listener {

        void heard(List<Received> notifications);

        /** Notifications were lost, in the kernel (ENOBUFS) or by a failure here: what was not told must be looked up. */
        void missed();
    }

    private NetlinkMonitor(String name, int protocol, List<Integer> groups, Listener listener, int bytes) throws KernelException {
        this.bytes = bytes;
        this.protocol = protocol;
        this.groups = List.copyOf(groups);
        this.socket = joined(protocol, groups, bytes);
        this.listener = listener;
        thread = Thread.ofPlatform().name(name).daemon().unstarted(this::listen);
    }

    /** Joins the groups in the calling thread's network namespace and starts to listen. */
    public static NetlinkMonitor open(String name, int protocol, List<Integer> groups, Listener listener) throws KernelException {
        return open(name, protocol, groups, listener, NetlinkSocket.BUFFER_BYTES);
    }

    /** As above, with room for so many bytes of notifications that were not yet told. */
    static NetlinkMonitor open(String name, int protocol, List<Integer> groups, Listener listener, int bytes) throws KernelException {
        NetlinkMonitor monitor = new NetlinkMonitor(name, protocol, groups, listener, bytes);
        monitor.thread.start();
        return monitor;
    }

    private static NetlinkSocket joined(int protocol, List<Integer> groups, int bytes) throws KernelException {
        NetlinkSocket socket = NetlinkSocket.open(protocol);
        try {
            socket.receiveBuffer(bytes);
            for (int group : groups) {
                socket.join(group);
            }
            socket.nativeSocket().makeWakeable();
            return socket;
        } catch (KernelException failure) {
            socket.close();
            throw failure;
        }
    }

    private void listen() {
        NetlinkSocket now = current();
        while (now != null) {
            try {
                listenTo(now);
                return;
            } catch (KernelException failure) {
                log.error("{} lost its socket: {}", thread.getName(), failure.getMessage());
                now = reopened();
            }
        }
    }

    private void listenTo(NetlinkSocket now) throws KernelException {
        while (!now.nativeSocket().isWoken()) {
            if (now.nativeSocket().await(-1)) {
                tellBurst(now);
            }
        }
    }

    private synchronized @Nullable NetlinkSocket current() {
        return closed ? null : socket;
    }

    /** Another socket, as soon as there can be one; null where the monitor was closed. This thread is in the namespace of the first. */
    private @Nullable NetlinkSocket reopened() {
        while (true) {
            synchronized (this) {
                if (closed) {
                    return null;
                }
                try {
                    NetlinkSocket other = joined(protocol, groups, bytes);
                    socket.close();
                    socket = other;
                    break;
                } catch (KernelException failure) {
                    log.warn("{}: {}", thread.getName(), failure.getMessage());
                }
                try {
                    wait(REOPEN_PAUSE_MILLIS);
                } catch (InterruptedException interrupted) {
                    return null;
                }
            }
        }
        tellMissed();
        return current();
    }

    private void tellBurst(NetlinkSocket from) throws KernelException {
        List<Received> burst = new ArrayList<>();
        boolean missed = false;
        try {
            while (burst.size() < LARGEST_BURST) {
                try {
                    List<Received> some = from.receiveNow();
                    if (some.isEmpty()) {
                        break;
                    }
                    burst.addAll(some);
                } catch (KernelException failure) {
                    if (failure.errno() != Errno.ENOBUFS) {
                        throw failure;
                    }
                    missed = true;
                }
            }
            if (!burst.isEmpty()) {
                listener.heard(burst);
            }
        } catch (RuntimeException | Error defect) {
            log.error("{}: hearing of notifications failed; this is a defect of canal", thread.getName(), defect);
            missed = true;
        }
        if (missed) {
            tellMissed();
        }
    }

    private void tellMissed() {
        try {
            listener.missed();
        } catch (RuntimeException | Error defect) {
            log.error("{}: telling of lost notifications failed; this is a defect of canal", thread.getName(), defect);
        }
    }

    /** Leaves the groups, so that the kernel need not tell what happens until {@link #resume}; what it told before may still be heard. */
    public synchronized void pause() throws KernelException {
        for (int group : groups) {
            socket.leave(group);
        }
    }

    /** Joins the groups again. What happened since {@link #pause} was not told, and must be looked up. */
    public synchronized void resume() throws KernelException {
        for (int group : groups) {
            socket.join(group);
        }
    }

    /** Stops listening; the listener is not called after this returns, unless it closes the monitor itself. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            socket.nativeSocket().wake();
            notifyAll();
        }
        boolean interrupted = false;
        while (thread.isAlive() && Thread.currentThread() != thread) {
            try {
                thread.join();
            } catch (InterruptedException again) {
                interrupted = true;
            }
        }
        synchronized (this) {
            socket.close();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
