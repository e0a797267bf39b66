package io.canal.dataplane.filter;

import io.canal.reconcile.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The processes that write our rules into iptables-nft. The word of a change names the netlink port that made it, and the kernel gives
 * a program's first one the number of its process: so our own changes are not taken for others'.
 */
final class OwnWriters {

    /**
     * Longer than iptables writes and the word of it is under way. Not for ever: the number may be another process's then, and at once
     * that of one in a PID namespace of its own, as in a container. What is not known any more is only read back.
     */
    private static final Duration KNOWN = Duration.ofSeconds(15);

    private final Clock clock;
    private final Map<Integer, Long> since = new ConcurrentHashMap<>();

    OwnWriters(Clock clock) {
        this.clock = clock;
    }

    void add(long process) {
        since.values().removeIf(start -> !isRecent(start));
        since.put((int) process, clock.nanos());
    }

    boolean has(int port) {
        Long start = since.get(port);
        return start != null && isRecent(start);
    }

    private boolean isRecent(long start) {
        return clock.since(start).compareTo(KNOWN) <= 0;
    }
}
