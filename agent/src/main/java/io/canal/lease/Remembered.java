package io.canal.lease;

import io.canal.model.LeaseValue;
import io.canal.model.SubnetKey;
import java.time.Instant;

/**
 * What the node's disk says about its last subnet.
 *
 * @param confirmedAt when etcd last confirmed it, as people read it
 * @param confirmedNanos the same by this machine's clock that nobody sets, and that goes on while it sleeps
 */
public record Remembered(SubnetKey subnet, LeaseValue value, Instant confirmedAt, long confirmedNanos) {}
