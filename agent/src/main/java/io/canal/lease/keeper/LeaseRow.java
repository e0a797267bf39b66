package io.canal.lease.keeper;

import io.canal.model.HolderRecord;
import io.canal.model.LeaseValue;
import io.canal.model.SubnetKey;
import java.util.Optional;

/**
 * A subnet in the list of leases.
 *
 * @param lease empty where there is only a holder, or where the lease cannot be read
 * @param holder empty where no canal node holds it
 * @param reservation whether the lease has no time to live
 * @param alive whether the holder's agent is alive
 */
public record LeaseRow(SubnetKey subnet, Optional<LeaseValue> lease, Optional<HolderRecord> holder, boolean reservation, boolean alive) {}
