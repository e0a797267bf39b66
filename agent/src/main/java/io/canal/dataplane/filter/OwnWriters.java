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

    /** Far longer than the word of a change is under way, and too short for the number to be another process's. */
    private static final Duration KNOWN = Duration.ofSeconds(60);

    private final Clock clock;
    private final Map<Integer, Long> since = new ConcurrentHashMap<>();

    OwnWriters(Clock clock) {
        this.clock = clock;
    }

    void add(long process) {
        since.values().removeIf(start -> clock.since(start).compareTo(KNOWN) > 0);
        since.put((int) process, clock.nanos());
    }

    boolean has(int port) {
        return since.containsKey(port);
    }
}
