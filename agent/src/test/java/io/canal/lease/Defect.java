package io.canal.lease;

import java.util.Optional;

/** A mistake that the simulation must find: one guard that is left out. */
enum Defect {
    NO_CREATE_GUARD(Guard.CREATE),
    BLIND_RENEWAL(Guard.RENEWAL),
    /** Leases and holders as they were at the reading before, with the epoch of now. */
    STALE_LIST(null),
    IGNORED_REVOCATION(Guard.REVOCATION),
    OVERLAP_CHECK_OFF(Guard.OVERLAP),
    HOLDER_IGNORED(Guard.HOLDER),
    NO_EPOCH_COMPARE(Guard.EPOCH),
    PUBLIC_IP_BEFORE_HOLDER(Guard.HOLDER_FIRST),
    HOLDER_WITHOUT_VALUE(Guard.HOLDER_VALUE);

    private final Guard off;

    Defect(Guard off) {
        this.off = off;
    }

    Optional<Guard> off() {
        return Optional.ofNullable(off);
    }
}
