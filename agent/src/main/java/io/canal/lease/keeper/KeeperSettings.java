package io.canal.lease.keeper;

import java.time.Duration;

/**
 * Times of the keeping of a subnet.
 *
 * @param leaseTtl how long a lease lives without renewal; flannel's is 24 hours
 * @param sessionTtl how long a node counts as alive without a sign of life
 * @param writeEvery how often the network is written to disk, while it changes, and what the disk refused is tried again
 */
public record KeeperSettings(Duration leaseTtl, Duration sessionTtl, Duration writeEvery) {

    /** As flannel, a minute, and five seconds. */
    public static final KeeperSettings DEFAULT = withTtl(Duration.ofHours(24));

    /** A session outlives no lease: short leases, as tests have them, get shorter sessions. */
    public static KeeperSettings withTtl(Duration leaseTtl) {
        Duration minute = Duration.ofMinutes(1);
        return new KeeperSettings(leaseTtl, leaseTtl.compareTo(minute) < 0 ? leaseTtl : minute, Duration.ofSeconds(5));
    }

    KeeperSettings writingEvery(Duration span) {
        return new KeeperSettings(leaseTtl, sessionTtl, span);
    }
}
