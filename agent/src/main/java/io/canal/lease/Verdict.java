package io.canal.lease;

import io.canal.model.HolderRecord;
import io.canal.model.LeaseValue;
import io.canal.model.SubnetKey;
import io.canal.store.Txn;
import java.util.List;

/** What a look at the store says about our subnet. */
sealed interface Verdict {

    /** All is as it should be. */
    record Hold(SubnetKey subnet, LeaseValue value, long leaseRevision, long lease, HolderRecord holder, long holderRevision, List<String> problems)
            implements Verdict {}

    /**
     * Carry this out, and then the subnet is ours.
     *
     * @param grant whether a new lease is needed for it
     * @param leaseRevision the lease's revision if the transaction does not write it; else 0
     * @param lease the lease that the key hangs on if none is granted
     * @param holderRevision the holder's revision if the transaction does not write it; else 0
     */
    record Take(Txn txn, boolean grant, SubnetKey subnet, LeaseValue value, long leaseRevision, long lease, HolderRecord holder,
            long holderRevision, List<String> problems) implements Verdict {}

    /** Give back a subnet that we hold beside the one that we use. */
    record GiveBack(Txn txn) implements Verdict {}

    /** There is nothing to be done but to look again later. */
    record Wait(Standing standing, List<String> problems) implements Verdict {

        Wait(Standing standing, String problem) {
            this(standing, List.of(problem));
        }
    }
}
