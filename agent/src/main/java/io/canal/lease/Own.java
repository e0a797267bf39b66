package io.canal.lease;

import io.canal.model.HolderRecord;
import io.canal.model.LeaseValue;
import io.canal.model.SubnetKey;
import java.time.Instant;
import java.util.Optional;

/**
 * The subnet that this node uses.
 *
 * @param leaseRevision the revision of our write of the lease; 0 while not known
 * @param lease the store's lease that it hangs on; 0 for a reservation
 * @param granted whether this process got that lease, for the time that is configured
 * @param holder our holder record; empty while only remembered
 * @param holderRevision the revision of its last write
 * @param confirmedAt when etcd last confirmed it, as people read it
 * @param confirmedNanos the same by the clock that nobody sets
 * @param renewAtNanos when it is to be renewed
 */
record Own(
        SubnetKey subnet,
        LeaseValue value,
        long leaseRevision,
        long lease,
        boolean granted,
        Optional<HolderRecord> holder,
        long holderRevision,
        Instant confirmedAt,
        long confirmedNanos,
        long renewAtNanos) {

    /** What the disk remembers, which etcd has not confirmed. */
    static Own remembered(Remembered last) {
        return new Own(last.subnet(), last.value(), 0, 0, false, Optional.empty(), 0, last.confirmedAt(), last.confirmedNanos(), Long.MAX_VALUE);
    }

    Own confirmed(Instant now, long nanos, long renewAt) {
        return new Own(subnet, value, leaseRevision, lease, granted, holder, holderRevision, now, nanos, renewAt);
    }
}
