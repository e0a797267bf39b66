package io.canal.cni;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.Rtnl;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.kernel.sysctl.SysctlFolder;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host's side of pods' wires, from many threads: each works with a socket of its own, and leaves it for the next one.
 *
 * <p>A socket stays in the namespace of the thread that opened it, which must be the host's.
 */
final class HostLinks implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(HostLinks.class);

    /** So many sockets are kept; more are for a moment only. */
    private static final int KEPT = 8;

    /**
     * Of who lays a wire. The kernel changes links one at a time, whoever asks; and whoever writes {@code ip_forward} meanwhile does not
     * wait for its turn, but tries again and again (devinet_sysctl_forward, restart_syscall), and takes a whole processor from the one
     * that it tries to follow.
     */
    private final Semaphore turn = new Semaphore(1, true);

    // All are guarded by this.
    private final ArrayDeque<Rtnl> idle = new ArrayDeque<>();
    private @Nullable SysctlFolder v6;
    private boolean closed;

    private interface Work<T> {
        T with(Rtnl host) throws IOException, PodWiring.Refused;
    }

    /**
     * Lays a wire.
     *
     * @param within how long it may wait for its turn
     * @return false where that did not come: nothing was done
     */
    boolean lay(NetworkNamespace pod, PodWiring.Plan plan, Step.Listener steps, Duration within) throws IOException, PodWiring.Refused {
        try {
            if (!turn.tryAcquire(within.toNanos(), TimeUnit.NANOSECONDS)) {
                return false;
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
            return false;
        }
        try {
            Optional<SysctlFolder> v6 = controlsV6();
            return work(host -> {
                PodWiring.lay(host, v6, pod, plan, steps);
                return true;
            });
        } finally {
            turn.release();
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

    private synchronized Optional<SysctlFolder> controlsV6() {
        try {
            if (v6 == null && !closed) {
                v6 = SysctlFolder.open("net/ipv6/conf");
            }
        } catch (KernelException absent) {
            log.debug("no IPv6: {}", absent.getMessage());
        }
        return Optional.ofNullable(v6);
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (v6 != null) {
            v6.close();
            v6 = null;
        }
        idle.forEach(Rtnl::close);
        idle.clear();
    }
}
