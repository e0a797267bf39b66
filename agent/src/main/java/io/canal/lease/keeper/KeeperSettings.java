package io.canal.lease.keeper;

import java.time.Duration;

/**
 * Times of the keeping of a subnet.
 *
 * @param leaseTtl how long a lease lives without renewal; flannel's is 24 hours
 * @param sessionTtl how long a node counts as alive without a sign of life
 */
public record KeeperSettings(Duration leaseTtl, Duration sessionTtl) {

    /** As flannel, and a minute. */
    public static final KeeperSettings DEFAULT = withTtl(Duration.ofHours(24));

    /** A session outlives no lease: short leases, as tests have them, get shorter sessions. */
    public static KeeperSettings withTtl(Duration leaseTtl) {
        Duration minute = Duration.ofMinutes(1);
        return new KeeperSettings(leaseTtl, leaseTtl.compareTo(minute) < 0 ? leaseTtl : minute);
    }
}
