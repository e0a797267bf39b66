package io.canal.lease.keeper;

import io.canal.model.LeaseValue;
import io.canal.model.NetworkConfig;
import io.canal.model.SubnetKey;
import java.util.Map;
import java.util.Optional;

/** What a {@link LeaseKeeper} tells. Called from one thread, in order; must not block. */
public interface KeeperListener {

    /** What {@code telling} tells, by the calls below, came in at once. Runs it, once, on the calling thread. */
    default void together(Runnable telling) {
        telling.run();
    }

    /** The network config is this. A bad or vanished one is told as a problem, and the last good one stays in force. */
    void network(NetworkConfig config);

    /** All peers, ourselves not among them. Told once when they are first known; after that, only changes. */
    void peersListed(Map<SubnetKey, LeaseValue> peers);

    /** Peers that changed; empty where one is gone. */
    void peersChanged(Map<SubnetKey, Optional<LeaseValue>> changes);

    /** Our subnet, or how things stand with it, changed. */
    void own(OwnSubnet own);

    /** The keeper's view of the store, or the problems, changed. */
    void standing(KeeperStanding standing);
}
