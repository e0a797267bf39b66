package io.canal.lease.keeper;

import io.canal.lease.Standing;
import io.canal.model.LeaseValue;
import io.canal.model.SubnetKey;
import io.canal.reconcile.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The subnet of this node.
 *
 * @param subnet empty while there is none
 * @param value what its lease says
 * @param generation another number for another subnet: who gave an address out compares it again afterwards
 * @param confirmedAt when etcd last confirmed it, as people read it
 * @param confirmedNanos the same by the clock that nobody sets and that goes on while the machine sleeps; says nothing without the former
 */
public record OwnSubnet(
        Optional<SubnetKey> subnet, Optional<LeaseValue> value, long generation, Standing standing, Optional<Instant> confirmedAt,
        long confirmedNanos) {

    /** Before anything is known. */
    public static final OwnSubnet NONE = new OwnSubnet(Optional.empty(), Optional.empty(), 0, Standing.WAITING, Optional.empty(), 0);

    /**
     * Why no pod may get an address of it now, as a sentence; empty where pods may.
     *
     * @param ttl of the lease: a subnet that is only remembered is good for so long after etcd last confirmed it
     * @param clock of which the nanoseconds count: a time of day that jumps makes no lease older
     */
    public Optional<String> refusesPods(Duration ttl, Clock clock) {
        return switch (standing) {
            case HELD -> Optional.empty();
            case REMEMBERED -> confirmedAt.isPresent() && clock.throughSleep().since(confirmedNanos).compareTo(ttl) < 0
                    ? Optional.empty()
                    : Optional.of("etcd does not answer, and the lease of " + pretty() + " was last confirmed at "
                            + confirmedAt.map(Instant::toString).orElse("an unknown time") + ", longer ago than its time to live");
            case WAITING -> Optional.of(subnet.isPresent() ? "the lease of " + pretty() + " is not confirmed yet" : "it is not known yet which subnet this node has");
            case STOLEN -> Optional.of("the subnet" + named() + " of this node was taken by another");
            case UNREADABLE -> Optional.of("whose the subnet" + named() + " of this node is cannot be read in etcd; check-subnets says what to do");
            case BLOCKED -> Optional.of("this node is a copy of another and must not use its subnet");
            case LEFT -> Optional.of("this node has left the network");
        };
    }

    /** The same with a generation that is greater by so much. */
    public OwnSubnet later(long generations) {
        return new OwnSubnet(subnet, value, generation + generations, standing, confirmedAt, confirmedNanos);
    }

    /** The same, not confirmed by anybody: it stays in the kernel and in files, and no pod gets an address of it. */
    public OwnSubnet unconfirmed() {
        return new OwnSubnet(subnet, value, generation + 1, Standing.WAITING, Optional.empty(), 0);
    }

    private String named() {
        return subnet.map(key -> " " + key.pretty()).orElse("");
    }

    private String pretty() {
        return subnet.map(SubnetKey::pretty).orElse("this node");
    }
}
