package io.canal.kernel.netlink;

import io.canal.kernel.libc.Errno;
import io.canal.kernel.libc.KernelException;
import java.util.ArrayList;
import java.util.List;
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

    private final NetlinkSocket socket;
    private final Listener listener;
    private final Thread thread;

    /** Hears of notifications, on the monitor's thread. */
    public interface Listener {

        void heard(List<Received> notifications);

        /** The kernel dropped notifications (ENOBUFS): what was not told must be looked up. */
        void missed();
    }

    private NetlinkMonitor(String name, NetlinkSocket socket, Listener listener) {
        this.socket = socket;
        this.listener = listener;
        thread = Thread.ofPlatform().name(name).daemon().unstarted(this::listen);
    }

    /** Joins the groups in the calling thread's network namespace and starts to listen. */
    public static NetlinkMonitor open(String name, int protocol, List<Integer> groups, Listener listener) throws KernelException {
        return open(name, protocol, groups, listener, NetlinkSocket.BUFFER_BYTES);
    }

    /** As above, with room for so many bytes of notifications that were not yet told. */
    static NetlinkMonitor open(String name, int protocol, List<Integer> groups, Listener listener, int bytes) throws KernelException {
        NetlinkSocket socket = NetlinkSocket.open(protocol);
        try {
            socket.receiveBuffer(bytes);
            for (int group : groups) {
                socket.join(group);
            }
            socket.nativeSocket().makeWakeable();
        } catch (KernelException failure) {
            socket.close();
            throw failure;
        }
        NetlinkMonitor monitor = new NetlinkMonitor(name, socket, listener);
        monitor.thread.start();
        return monitor;
    }

    private void listen() {
        try {
            while (!socket.nativeSocket().isWoken()) {
                if (socket.nativeSocket().await(-1)) {
                    tellBurst();
                }
            }
        } catch (KernelException failure) {
            log.error("{} stopped listening: {}", thread.getName(), failure.getMessage());
        }
    }

    private void tellBurst() throws KernelException {
        List<Received> burst = new ArrayList<>();
        boolean missed = false;
        while (burst.size() < LARGEST_BURST) {
            try {
                List<Received> some = socket.receiveNow();
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
        try {
            if (!burst.isEmpty()) {
                listener.heard(burst);
            }
            if (missed) {
                listener.missed();
            }
        } catch (RuntimeException defect) {
            log.error("{}: hearing of notifications failed; this is a defect of canal", thread.getName(), defect);
        }
    }

    /** Stops listening; the listener is not called after this returns, unless it closes the monitor itself. */
    @Override
    public void close() {
        socket.nativeSocket().wake();
        boolean interrupted = false;
        while (thread.isAlive() && Thread.currentThread() != thread) {
            try {
                thread.join();
            } catch (InterruptedException again) {
                interrupted = true;
            }
        }
        socket.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
