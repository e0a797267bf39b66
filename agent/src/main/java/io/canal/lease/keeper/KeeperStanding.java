package io.canal.lease.keeper;

import java.util.List;

/**
 * How the keeper stands with the store.
 *
 * @param watchAlive whether config, leases and holders are being watched now
 * @param inSync whether all of them have been listed since start
 * @param mayRemove whether what the tables do not name may be removed: in sync, and with the etcd that we knew. With another or a
 *     restored one nothing is removed for a lease's time to live, or until it is accepted
 * @param listings how many times both leases and holders have been listed: the etcd of a listing before the last of these is one
 *     that {@code mayRemove} speaks of
 * @param problems what is wrong with this node or its etcd, in sentences
 * @param notes what is wrong with rows of others, in sentences: they spoil nothing here
 */
public record KeeperStanding(boolean watchAlive, boolean inSync, boolean mayRemove, int listings, List<String> problems, List<String> notes) {

    public static final KeeperStanding START = new KeeperStanding(false, false, false, 0, List.of(), List.of());

    public KeeperStanding {
        problems = List.copyOf(problems);
        notes = List.copyOf(notes);
    }
}
