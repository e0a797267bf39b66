package io.canal.lease;

import io.canal.model.LeaseValue;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Everything that a node knows about its keeping of a subnet. Immutable; {@link Transition} makes the next one.
 *
 * @param pending what is asked of the store
 * @param dirty whether everything is to be read anew
 * @param lookAtNanos when to read, if dirty
 * @param retryAtNanos nothing is asked before then
 * @param failures how often in a row the store did not answer
 * @param rival another boot that has our node id's session, since when we saw it
 * @param copied whether the rival was seen to live on: we are a clone, or it is
 * @param generation counts the subnets that the node has had
 * @param problems what is wrong, in sentences
 */
public record KeeperState(
        Optional<NodeFacts> facts,
        Optional<NetworkConfig> config,
        Optional<Remembered> remembered,
        Optional<Own> ownRecord,
        Optional<Session> session,
        Pending pending,
        long lastId,
        boolean dirty,
        long lookAtNanos,
        long retryAtNanos,
        int failures,
        long startedAtNanos,
        boolean wasRead,
        Optional<Rival> rival,
        boolean copied,
        boolean allowRenumber,
        boolean leaving,
        Standing standing,
        long generation,
        List<String> problems) {

    /** Another boot under our node id. */
    record Rival(String boot, String addresses, long sinceNanos) {}

    /** At start. */
    public static KeeperState initial(Optional<Remembered> remembered, long nowNanos) {
        return new KeeperState(Optional.empty(), Optional.empty(), remembered, Optional.empty(), Optional.empty(), Pending.NOTHING, 0, true,
                nowNanos, nowNanos, 0, nowNanos, false, Optional.empty(), false, false, false, Standing.WAITING, 0, List.of());
    }

    /** The subnet that the node uses: its device, files and routes are of it. */
    public Optional<SubnetKey> subnet() {
        return ownRecord.map(Own::subnet);
    }

    /** What the lease of the subnet says. */
    public Optional<LeaseValue> value() {
        return ownRecord.map(Own::value);
    }

    /** The revision of our write of the lease; 0 where it is not known. */
    public long leaseRevision() {
        return ownRecord.map(Own::leaseRevision).orElse(0L);
    }

    /** The revision of the last write of our holder record; 0 where it is not known. */
    public long holderRevision() {
        return ownRecord.map(Own::holderRevision).orElse(0L);
    }

    /** Whether the store has said by now what becomes of our subnet. */
    public boolean decided() {
        return ownRecord.isPresent() || wasRead && !problems.isEmpty();
    }

    /** When etcd last confirmed the subnet. */
    public Optional<Instant> confirmedAt() {
        return ownRecord.map(Own::confirmedAt);
    }

    /** The same by the clock that nobody sets. */
    public Optional<Long> confirmedNanos() {
        return ownRecord.map(Own::confirmedNanos);
    }

    /** What is to be kept on disk, so that the next life finds it. */
    public Optional<Remembered> toRemember() {
        return ownRecord.map(own -> new Remembered(own.subnet(), own.value(), own.confirmedAt(), own.confirmedNanos()));
    }

    /** When {@link Event.Due} is wanted next; {@code Long.MAX_VALUE} where an answer of the store comes first. */
    public long wakeAt() {
        if (facts.isEmpty()) {
            return Long.MAX_VALUE;
        }
        long wake = Long.MAX_VALUE;
        if (!wasRead && ownRecord.isEmpty() && remembered.filter(last -> facts.get().sameAddress(last.value())).isPresent()) {
            wake = startedAtNanos + Transition.REMEMBER_AFTER.toNanos();
        }
        if (!(pending instanceof Pending.Nothing) || standing == Standing.LEFT) {
            return wake;
        }
        long ask = dirty ? lookAtNanos : Long.MAX_VALUE;
        if (session.isPresent()) {
            ask = Math.min(ask, session.get().renewAtNanos());
        }
        if (ownRecord.isPresent() && standing == Standing.HELD) {
            ask = Math.min(ask, ownRecord.get().renewAtNanos());
        }
        return ask == Long.MAX_VALUE ? wake : Math.min(wake, Math.max(ask, retryAtNanos));
    }
}
