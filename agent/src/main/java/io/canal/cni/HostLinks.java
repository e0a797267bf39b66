package io.canal.cni;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netns.NetworkNamespace;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Semaphore;

/**
 * The host's side of pods' wires, from many threads: each works with a socket of its own, and leaves it for the next one.
 *
 * <p>A socket stays in the namespace of the thread that opened it, which must be the host's.
 */
final class HostLinks implements AutoCloseable {

    /** So many sockets are kept; more are for a moment only. */
    private static final int KEPT = 8;

    /**
     * The kernel changes links one at a time, whoever asks, and takes turns at each message. Of many wires that are laid at once each
     * would end with the last; so each of a few is laid to its end.
     */
    private final Semaphore turns = new Semaphore(Runtime.getRuntime().availableProcessors());

    // Both are guarded by this.
    private final ArrayDeque<Rtnl> idle = new ArrayDeque<>();
    private boolean closed;

    private interface Work<T> {
        T with(Rtnl host) throws IOException, PodWiring.Refused;
    }

    void lay(NetworkNamespace pod, PodWiring.Plan plan, Step.Listener steps) throws IOException, PodWiring.Refused {
        turns.acquireUninterruptibly();
        try {
            work(host -> {
                PodWiring.lay(host, pod, plan, steps);
                return true;
            });
        } finally {
            turns.release();
        }
    }

    void remove(String hostInterface) throws IOException {
        look(host -> {
            PodWiring.remove(host, hostInterface);
            return true;
        });
    }

    List<String> missing(NetworkNamespace pod, PodWiring.Plan plan) throws IOException {
        return look(host -> PodWiring.missing(host, pod, plan));
    }

    private <T> T look(Work<T> work) throws IOException {
        try {
            return work(work);
        } catch (PodWiring.Refused impossible) {
            throw new AssertionError("only a wire that is laid can be refused", impossible);
        }
    }

    private <T> T work(Work<T> work) throws IOException, PodWiring.Refused {
        Rtnl host = take();
        boolean sane = false;
        try {
            T result = work.with(host);
            sane = true;
            return result;
        } catch (PodWiring.Refused refusal) {
            sane = true;
            throw refusal;
        } finally {
            // What failed may have left answers unread.
            giveBack(host, sane);
        }
    }

    private synchronized Rtnl take() throws KernelException {
        Rtnl host = idle.poll();
        return host == null ? Rtnl.open() : host;
    }

    private synchronized void giveBack(Rtnl host, boolean sane) {
        if (closed || !sane || idle.size() >= KEPT) {
            host.close();
        } else {
            idle.push(host);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        idle.forEach(Rtnl::close);
        idle.clear();
    }
}
