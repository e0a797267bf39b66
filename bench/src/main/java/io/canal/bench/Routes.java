package io.canal.bench;

import io.canal.kernel.libc.KernelException;
import io.canal.kernel.netlink.RtnlEvent;
import io.canal.kernel.netlink.RtnlEvent.RouteChanged;
import io.canal.kernel.netlink.RtnlMonitor;
import io.canal.model.Cidr;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Listens to the kernel for routes through a gateway, and knows when each was first told of. */
final class Routes implements AutoCloseable {

    private static final long PATIENCE_SECONDS = 60;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition more = lock.newCondition();
    private final Map<Cidr, Long> seen = new HashMap<>();
    private boolean missed;
    private final RtnlMonitor monitor;

    Routes() throws KernelException {
        monitor = RtnlMonitor.open(this::heard, this::missed);
    }

    private void heard(List<RtnlEvent> events) {
        long now = System.nanoTime();
        lock.lock();
        try {
            for (RtnlEvent event : events) {
                if (event instanceof RouteChanged(var route, boolean gone, int _) && !gone && route.gateway().isPresent()) {
                    seen.putIfAbsent(route.destination(), now);
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

    void forget() {
        lock.lock();
        try {
            seen.clear();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until so many routes were told of; when the last of them was, as {@link System#nanoTime}. */
    long awaitCount(int count) throws IOException {
        return await("routes to " + count + " peers", () -> seen.size() >= count ? seen.values().stream().mapToLong(Long::longValue).max().orElse(0) : 0);
    }

    /** Waits until the route to this subnet was told of; when, as {@link System#nanoTime}. */
    long await(Cidr subnet) throws IOException {
        return await("a route to " + subnet, () -> seen.getOrDefault(subnet, 0L));
    }

    private interface When {
        long get();
    }

    private long await(String what, When when) throws IOException {
        long left = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        lock.lock();
        try {
            while (true) {
                long time = when.get();
                if (time != 0) {
                    return time;
                }
                if (missed) {
                    throw new IOException("the kernel dropped notifications of routes; the measurement is void");
                }
                if (left <= 0) {
                    throw new IOException("within " + PATIENCE_SECONDS + " s there were " + seen.size() + " routes, but not " + what);
                }
                left = more.awaitNanos(left);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", interrupted);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        monitor.close();
    }
}
