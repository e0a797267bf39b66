package io.canal.lease;

/** What keeps subnets from being shared or lost. All are on, always; the simulation switches each off to see that it is missed. */
enum Guard {
    /** A lease is created only where there is none, and so is a holder. */
    CREATE,
    /** A lease is renewed only while it is what we wrote. */
    RENEWAL,
    /** A lease that is gone or another's is noticed. */
    REVOCATION,
    /** Subnets of any length are compared by their addresses. */
    OVERLAP,
    /** A subnet that somebody holds is not taken, whether or not its lease lives. */
    HOLDER,
    /** A change of ownership fails where another one came between. */
    EPOCH,
    /** The subnet we hold comes before any lease that has our address. */
    HOLDER_FIRST,
    /** A holder record says how the node is reached. */
    HOLDER_VALUE
}
