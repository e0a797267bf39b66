package io.canal.lease;

import io.canal.model.LeaseValue;
import io.canal.model.SubnetKey;
import java.time.Instant;

/**
 * What the node's disk says about its last subnet.
 *
 * @param confirmedAt when etcd last confirmed it
 */
public record Remembered(SubnetKey subnet, LeaseValue value, Instant confirmedAt) {}
