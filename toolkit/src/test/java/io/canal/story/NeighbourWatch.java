package io.canal.story;

import io.canal.kernel.netlink.RtnlEvent;
import io.canal.kernel.netlink.RtnlEvent.NeighbourChanged;
import io.canal.kernel.netlink.RtnlMonitor;
import io.canal.kernel.netns.NetworkNamespace;
import io.canal.lab.Host;
import io.canal.model.Mac;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Hears from a host's kernel when a neighbour gets an address of the link layer. Nothing is asked meanwhile: programs that were
 * started for that again and again would hold up what is being timed.
 */
final class NeighbourWatch implements AutoCloseable {

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition more = lock.newCondition();
    private final Map<Mac, Long> seen = new HashMap<>();
    private boolean missed;
    private final RtnlMonitor monitor;

    private NeighbourWatch(Host host) throws IOException {
        monitor = NetworkNamespace.named(host.machine()).<RtnlMonitor, IOException>call(() -> RtnlMonitor.open(this::heard, this::missed));
    }

    static NeighbourWatch on(Host host) throws IOException {
        return new NeighbourWatch(host);
    }

    private void heard(List<RtnlEvent> events) {
        long now = System.nanoTime();
        lock.lock();
        try {
            for (RtnlEvent event : events) {
                if (event instanceof NeighbourChanged(var neighbour, boolean gone, int _) && !gone) {
                    neighbour.mac().ifPresent(mac -> seen.putIfAbsent(mac, now));
                }
            }
            more.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void missed() {
        lock.lock();
        try {
            missed = true;
            more.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until some neighbour has this address; when that was, as {@link System#nanoTime}, or empty where it did not come in time. */
    Optional<Long> await(Mac mac, Duration patience) throws InterruptedException {
        long left = patience.toNanos();
        lock.lock();
        try {
            while (true) {
                Long time = seen.get(mac);
                if (time != null) {
                    return Optional.of(time);
                }
                if (missed) {
                    throw new AssertionError("the kernel dropped notifications of neighbours; nothing can be said of " + mac);
                }
                if (left <= 0) {
                    return Optional.empty();
                }
                left = more.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        monitor.close();
    }
}
